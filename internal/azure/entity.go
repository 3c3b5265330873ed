package azure

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Entity is a row to be written. Its methods add a property each and return it.
type Entity struct {
	Partition, Key string
	props          []byte      // `,"Name":value` each
	binaries       []edmBinary // the others
}

// edmBinary is an Edm.Binary, which becomes base64 only where the row goes.
type edmBinary struct {
	name string
	data []byte
}

// NewEntity is a row without properties, with room for those of most rows.
func NewEntity(partition, key string) *Entity { return newEntity(partition, key, 288) }

// NewLargeEntity is [NewEntity] with twice the room.
func NewLargeEntity(partition, key string) *Entity { return newEntity(partition, key, 576) }

func newEntity(partition, key string, room int) *Entity {
	return &Entity{Partition: partition, Key: key, props: make([]byte, 0, room)}
}

// Reset begins another row in the memory of this one, which must have been written, or not be wanted any more.
func (e *Entity) Reset(partition, key string) *Entity {
	e.Partition, e.Key, e.props, e.binaries = partition, key, e.props[:0], e.binaries[:0]
	return e
}

// name begins a property; names are our own and need no escaping.
func (e *Entity) name(name, annotation string) {
	e.props = append(append(append(append(e.props, ',', '"'), name...), annotation...), '"', ':')
}

// kind says what a property is that JSON has no type for.
func (e *Entity) kind(name, edm string) *Entity {
	e.name(name, "@odata.type")
	e.props = append(append(append(e.props, '"'), edm...), '"')
	return e
}

// Text adds a string; an empty one is written too, to take the place of another. What is not UTF-8 in it becomes U+FFFD.
func (e *Entity) Text(name, v string) *Entity {
	e.name(name, "")
	e.props = appendString(e.props, v)
	return e
}

// appendString appends a JSON string. U+2028 and U+2029 are escaped as the SDK does: they end a line for Azurite's reader of
// transactions.
func appendString(b []byte, s string) []byte {
	all, _ := jsontext.AppendQuote(b, s) // its error says that U+FFFD stands in it now
	if !strings.Contains(s, "\u2028") && !strings.Contains(s, "\u2029") {
		return all
	}
	escaped := strings.NewReplacer("\u2028", `\u2028`, "\u2029", `\u2029`).Replace(string(all[len(b):]))
	return append(all[:len(b)], escaped...)
}

// Int adds an Edm.Int32.
func (e *Entity) Int(name string, v int) *Entity {
	e.name(name, "")
	e.props = strconv.AppendInt(e.props, int64(v), 10)
	return e
}

// Long adds an Edm.Int64.
func (e *Entity) Long(name string, v int64) *Entity {
	e.name(name, "")
	e.props = append(strconv.AppendInt(append(e.props, '"'), v, 10), '"')
	return e.kind(name, "Edm.Int64")
}

// Double adds an Edm.Double: left without its type, 25000 would become an Edm.Int32. One beyond float64 is left out.
func (e *Entity) Double(name string, v float64) *Entity {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return e
	}
	e.name(name, "")
	e.props = strconv.AppendFloat(e.props, v, 'g', -1, 64)
	return e.kind(name, "Edm.Double")
}

// Flag adds an Edm.Boolean.
func (e *Entity) Flag(name string, v bool) *Entity {
	e.name(name, "")
	e.props = strconv.AppendBool(e.props, v)
	return e
}

// Time adds an Edm.DateTime in UTC, of which the service keeps units of 100 ns; the zero time is left out, because Azure's
// begin in 1601.
func (e *Entity) Time(name string, v time.Time) *Entity {
	if v.IsZero() {
		return e
	}
	e.name(name, "")
	e.props = append(v.UTC().Truncate(100*time.Nanosecond).AppendFormat(append(e.props, '"'), time.RFC3339Nano), '"')
	return e.kind(name, "Edm.DateTime")
}

// Bytes adds an Edm.Binary, which must not change until the row is written.
func (e *Entity) Bytes(name string, v []byte) *Entity {
	e.binaries = append(e.binaries, edmBinary{name, v})
	return e
}

// JSON is the row as Azure takes it.
func (e *Entity) JSON() []byte { return e.AppendJSON(nil) }

// AppendJSON appends JSON.
func (e *Entity) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"PartitionKey":`...), e.Partition)
	b = appendString(append(b, `,"RowKey":`...), e.Key)
	b = append(b, e.props...)
	for _, p := range e.binaries {
		b = append(append(append(b, `,"`...), p.name...), `":"`...)
		b = append(base64.StdEncoding.AppendEncode(b, p.data), `","`...)
		b = append(append(b, p.name...), `@odata.type":"Edm.Binary"`...)
	}
	return append(b, '}')
}
