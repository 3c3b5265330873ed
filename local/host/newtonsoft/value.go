// Package newtonsoft reads and writes JSON as Newtonsoft.Json does by default: what the real host does to every payload that it takes
// apart and puts together again (functions-host.md §2.2, §2.3, §3). Objects keep their order, numbers with a point become doubles, and
// strings that look like ISO dates become dates.
package newtonsoft

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

// A Value is nil, bool, string, *big.Int, float64, Date, Array or *Object.
type Value any

// Array is a JSON array.
type Array []Value

// Object is a JSON object in the order in which its names were first set.
type Object struct {
	// Fold makes names equal whatever their case, as in the host's binding data; the first spelling stays (§2.3).
	Fold   bool
	names  []string
	values map[string]Value
}

// Set puts a value under a name, in its old place if the name is there.
func (o *Object) Set(name string, value Value) {
	if o.values == nil {
		o.values = map[string]Value{}
	}
	key := o.key(name)
	if _, ok := o.values[key]; !ok {
		o.names = append(o.names, name)
	}
	o.values[key] = value
}

// Get returns the value under a name.
func (o *Object) Get(name string) (Value, bool) {
	value, ok := o.values[o.key(name)]
	return value, ok
}

// GetFold returns the value under a name written in any case, the exact one first.
func (o *Object) GetFold(name string) (Value, bool) {
	if value, ok := o.Get(name); ok {
		return value, true
	}
	for _, n := range o.names {
		if strings.EqualFold(n, name) {
			return o.Get(n)
		}
	}
	return nil, false
}

// Names returns the names in order.
func (o *Object) Names() []string { return o.names }

func (o *Object) key(name string) string {
	if o.Fold {
		return strings.ToLower(name)
	}
	return name
}

// Parse reads one JSON text; nothing but space may follow it.
func Parse(text string) (Value, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	value, err := read(dec, 0)
	if err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("parse JSON: something follows the first value")
	}
	return value, nil
}

const maxDepth = 64 // Newtonsoft's own default

func read(dec *json.Decoder, depth int) (Value, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("deeper than %d levels", maxDepth)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return readArray(dec, depth)
		}
		return readObject(dec, depth)
	case json.Number:
		return number(t.String())
	case string:
		return dated(t), nil
	}
	return token, nil // nil or bool
}

func readArray(dec *json.Decoder, depth int) (Value, error) {
	list := Array{}
	for dec.More() {
		item, err := read(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := dec.Token()
	return list, err
}

func readObject(dec *json.Decoder, depth int) (Value, error) {
	object := &Object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		item, err := read(dec, depth+1)
		if err != nil {
			return nil, err
		}
		object.Set(name.(string), item) // the decoder lets nothing else stand there
	}
	_, err := dec.Token()
	return object, err
}

func number(text string) (Value, error) {
	if !strings.ContainsAny(text, ".eE") {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("number out of range: %w", err)
	}
	return f, nil
}

// Int returns a whole number as a Value.
func Int(n int64) Value { return big.NewInt(n) }
