package table

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leadrelay/local/azuresim/wire"
)

// kind is an EDM type.
type kind uint8

const (
	text kind = iota
	int32s
	int64s
	double
	boolean
	datetime
	guid
	binary
)

// name is "Edm.String".
func (k kind) name() string {
	return [...]string{"Edm.String", "Edm.Int32", "Edm.Int64", "Edm.Double", "Edm.Boolean", "Edm.DateTime", "Edm.Guid", "Edm.Binary"}[k]
}

// value is a property's value.
type value struct {
	kind kind
	n    int64  // of numbers, the bits of a double, ticks of a datetime; a boolean is 0 or 1
	s    string // text; a datetime and a guid as they are written; the base64 of a binary
}

func (v value) float() float64 {
	if v.kind == double {
		return math.Float64frombits(uint64(v.n))
	}
	return float64(v.n)
}

// size is what a value counts for, in bytes.
func (v value) size() int {
	switch v.kind {
	case text:
		return 2*utf16Len(v.s) + 4
	case int32s:
		return 4
	case boolean:
		return 1
	case guid:
		return 16
	case binary:
		return len(v.s)/4*3 - strings.Count(v.s[max(0, len(v.s)-2):], "=") + 4
	}
	return 8
}

// utf16Len counts UTF-16 units.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x10000 {
			n++
		}
	}
	return n
}

// maxProperty is how large a value may be in bytes (facts/azure-storage.md §8).
const maxProperty = 64 << 10

// convert makes a value of a member and its annotation, "" for none.
func convert(f field, annotation string) (value, *wire.Error) {
	switch {
	case f.kind == 't':
		return boolOf(annotation, 1)
	case f.kind == 'f':
		return boolOf(annotation, 0)
	case f.kind == 'n':
		return number(f.text, annotation)
	}
	var v value
	var err *wire.Error
	switch annotation {
	case "", "Edm.String":
		v = value{kind: text, s: f.text}
	case "Edm.Int32", "Edm.Int64", "Edm.Double":
		v, err = number(f.text, annotation)
	case "Edm.Boolean":
		b, parseErr := strconv.ParseBool(f.text)
		if parseErr != nil {
			return v, badJSON()
		}
		return boolOf("", map[bool]int64{true: 1}[b])
	case "Edm.DateTime":
		v, err = moment(f.text)
	case "Edm.Guid":
		v, err = uuid(f.text)
	case "Edm.Binary":
		_, decodeErr := base64.StdEncoding.DecodeString(f.text)
		if v = (value{kind: binary, s: f.text}); decodeErr != nil {
			err = badJSON()
		}
	default:
		err = badJSON()
	}
	if err == nil && (v.kind == text || v.kind == binary) && v.size()-4 > maxProperty {
		err = wire.Errorf(400, "PropertyValueTooLarge", "The property value exceeds the maximum allowed size (64KB).")
	}
	return v, err
}

func boolOf(annotation string, n int64) (value, *wire.Error) {
	if annotation != "" && annotation != "Edm.Boolean" {
		return value{}, badJSON()
	}
	return value{kind: boolean, n: n}, nil
}

func number(s, annotation string) (value, *wire.Error) {
	switch annotation {
	case "", "Edm.Int32":
		if n, err := strconv.ParseInt(s, 10, 32); err == nil {
			return value{kind: int32s, n: n}, nil
		} else if annotation != "" {
			return value{}, badJSON()
		}
	case "Edm.Int64":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return value{}, badJSON()
		}
		return value{kind: int64s, n: n}, nil
	case "Edm.Double":
	default:
		return value{}, badJSON()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return value{}, badJSON()
	}
	return value{kind: double, n: int64(math.Float64bits(f))}, nil
}

// stamp is how times are written: with as many digits of the seven behind the point as there are.
const stamp = "2006-01-02T15:04:05.9999999Z"

// moment reads a datetime; the service knows none before 1601.
func moment(s string) (value, *wire.Error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.9999999", s); err != nil {
			return value{}, badJSON()
		}
	}
	if t = t.UTC().Truncate(100 * time.Nanosecond); t.Year() < 1601 {
		return value{}, wire.Errorf(400, "OutOfRangeInput", "One of the request inputs is out of range.")
	}
	return value{kind: datetime, n: wire.Ticks(t), s: t.Format(stamp)}, nil
}

func uuid(s string) (value, *wire.Error) {
	digits := strings.ReplaceAll(s, "-", "")
	_, err := hex.DecodeString(digits)
	if err != nil || len(digits) != 32 || len(s) != 36 {
		return value{}, badJSON()
	}
	return value{kind: guid, s: strings.ToLower(s)}, nil
}

// append writes the value as JSON.
func (v value) append(b []byte) []byte {
	switch v.kind {
	case int32s:
		return strconv.AppendInt(b, v.n, 10)
	case int64s:
		return append(strconv.AppendInt(append(b, '"'), v.n, 10), '"')
	case boolean:
		return strconv.AppendBool(b, v.n == 1)
	case double:
		return appendDouble(b, v.float())
	case binary, guid, datetime:
		return append(append(append(b, '"'), v.s...), '"')
	}
	return wire.AppendJSON(b, v.s)
}

// appendDouble writes a number that no reader takes for an integer.
func appendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'G', -1, 64)
	if !strings.ContainsAny(string(b[start:]), ".E") {
		b = append(b, '.', '0')
	}
	return b
}

// annotated says whether minimalmetadata names the type: where JSON alone does not tell it.
func (v value) annotated() bool {
	switch v.kind {
	case text, int32s, boolean:
		return false
	case double:
		f := v.float()
		return math.IsNaN(f) || math.IsInf(f, 0)
	}
	return true
}

// keyOK says whether a PartitionKey or RowKey is one that Azure takes.
func keyOK(key string) bool {
	for _, r := range key {
		if r < ' ' || r >= 0x7f && r <= 0x9f || r == '/' || r == '\\' || r == '#' || r == '?' {
			return false
		}
	}
	return utf8.ValidString(key)
}
