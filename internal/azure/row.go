package azure

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/go-json-experiment/json/jsontext"
)

// Row is a row that was read.
type Row struct {
	Partition, Key string
	ETag           azcore.ETag
	props          []property
}

// property is a name and a value. Its strings share the memory of the whole row.
type property struct {
	name string
	text string        // of a string, or the literal
	json jsontext.Kind // of the value; 0 when only the annotation was there
	edm  string        // the annotation, "Edm.DateTime"; empty for the types of JSON
	data []byte        // of an Edm.Binary
}

var errRow = errors.New("a table row that we did not write")

// ParseRow reads a row as Azure writes it, with minimal metadata.
func ParseRow(b []byte) (Row, error) {
	all := string(b)                                                                 // the one copy: what follows are parts of it
	d := jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true)) // of properties there are none, see read
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return Row{}, errRow
	}
	r := Row{props: make([]property, 0, 16)}
	next := func() (string, bool) {
		v, err := d.ReadValue()
		end := d.InputOffset()
		return all[end-int64(len(v)) : end], err == nil
	}
	for d.PeekKind() == '"' {
		name, named := next()
		value, valued := next()
		if !named || !valued || !r.read(plain(name), value) {
			return Row{}, errRow
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return Row{}, errRow
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return Row{}, errRow
	}
	for i := range r.props {
		if r.props[i].understand() != nil {
			return Row{}, errRow
		}
	}
	return r, nil
}

// plain is a JSON string without its quotes and escapes.
func plain(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	b, _ := jsontext.AppendUnquote(nil, quoted) // valid, as was read
	return string(b)
}

// read takes in a member of the object. The annotation of a property may stand before it or behind.
func (r *Row) read(name, value string) bool {
	kind := jsontext.Value(value[:1]).Kind()
	if kind == '"' {
		value = plain(value)
	}
	switch name {
	case "PartitionKey":
		r.Partition = value
	case "RowKey":
		r.Key = value
	case "odata.etag":
		r.ETag = azcore.ETag(value)
	case "odata.metadata", "odata.id", "odata.editLink", "odata.type", "Timestamp", "Timestamp@odata.type":
	default:
		if of, ok := strings.CutSuffix(name, "@odata.type"); ok {
			r.property(of).edm = value
			break
		}
		p := r.property(name)
		twice := p.json != 0
		p.json, p.text = kind, value
		return !twice
	}
	return kind == '"'
}

// property is the one of a name, or a new one.
func (r *Row) property(name string) *property {
	for i := len(r.props) - 1; i >= 0; i-- {
		if r.props[i].name == name {
			return &r.props[i]
		}
	}
	r.props = append(r.props, property{name: name})
	return &r.props[len(r.props)-1]
}

// understand checks and reads what the annotation says that the text is.
func (p *property) understand() (err error) {
	switch p.edm {
	case "Edm.DateTime":
		_, err = time.Parse(time.RFC3339Nano, p.text)
	case "Edm.Int64":
		_, err = strconv.ParseInt(p.text, 10, 64)
	case "Edm.Binary":
		p.data, err = base64.StdEncoding.DecodeString(p.text)
	}
	return err
}

// value is a property of a type, or the zero property.
func (r *Row) value(name, edm string, json jsontext.Kind) property {
	for i := range r.props {
		if p := &r.props[i]; p.name == name && p.edm == edm && p.json == json {
			return *p
		}
	}
	return property{}
}

// Text is a string property, empty when it is absent or of another type; so are the others.
func (r Row) Text(name string) string { return r.value(name, "", '"').text }

// Int is an Edm.Int32.
func (r Row) Int(name string) int {
	n, _ := strconv.ParseInt(r.value(name, "", '0').text, 10, 32) // 0 when it is none
	return int(n)
}

// Long is an Edm.Int64.
func (r Row) Long(name string) int64 {
	n, _ := strconv.ParseInt(r.value(name, "Edm.Int64", '"').text, 10, 64) // 0 when it is none
	return n
}

// Flag is an Edm.Boolean.
func (r Row) Flag(name string) bool { return r.value(name, "", 't').json != 0 }

// Time is an Edm.DateTime.
func (r Row) Time(name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, r.value(name, "Edm.DateTime", '"').text) // the zero time when it is none
	return t
}

// Bytes is an Edm.Binary.
func (r Row) Bytes(name string) []byte { return r.value(name, "Edm.Binary", '"').data }
