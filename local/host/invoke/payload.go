package invoke

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"leadrelay/local/host/newtonsoft"
)

// Payload is what a trigger hands over: the value for its binding and the binding data.
type Payload struct {
	Binding string // the trigger binding's name
	// Value is a string, []byte, time.Time or newtonsoft.Value; a *newtonsoft.Object travels as an object.
	Value any
	// BindingData is in order; its values are those that Value may have, or an Instant. Nil ones are not sent.
	BindingData *newtonsoft.Object
}

// Pair is a name and a value as in Payload.
type Pair struct {
	Name  string
	Value any
}

// Instant is a date in binding data: a DateTimeOffset that loses its fraction of a second (§2.2).
type Instant time.Time

// encode turns one value into what is sent (functions-host.md §2.2): bytes to base64, dates to one plain string, objects as they are,
// and everything else to JSON text that travels as a string.
func encode(value any) newtonsoft.Value {
	switch v := value.(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case Instant:
		return newtonsoft.DateTimeOffset(time.Time(v).Truncate(time.Second))
	case newtonsoft.Date:
		v.Time = v.Time.Truncate(time.Second)
		return v
	case *newtonsoft.Object:
		return v
	}
	return newtonsoft.Compact(value)
}

// body builds {"Data":{...},"Metadata":{...}} (functions-host.md §2.1).
func (p Payload) body(functionName string, retry *RetryContext, now time.Time) string {
	data := &newtonsoft.Object{}
	data.Set(p.Binding, encode(p.Value))
	metadata := &newtonsoft.Object{Fold: true}
	add := func(name string, value any) {
		if value != nil {
			metadata.Set(name, encode(value))
		}
	}
	for _, name := range p.BindingData.Names() {
		value, _ := p.BindingData.Get(name)
		add(name, value)
	}
	add("sys", sys(functionName, now))
	if text, ok := p.Value.(string); ok {
		for _, pair := range Properties(text) {
			add(pair.Name, pair.Value) // overwrites the system's own, whatever the case (§2.3)
		}
	}
	if retry != nil {
		add("RetryContext", retry.value())
	}
	whole := &newtonsoft.Object{}
	whole.Set("Data", data)
	whole.Set("Metadata", withoutTriggers(metadata))
	return newtonsoft.Compact(whole)
}

// Properties returns what a JSON object in a message adds to the binding data: every top-level property that is neither null nor an
// array, objects as objects and the rest as invariant text (§2.3).
func Properties(text string) []Pair {
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "{") || !strings.HasSuffix(trimmed, "}") {
		return nil
	}
	parsed, err := newtonsoft.Parse(trimmed)
	object, ok := parsed.(*newtonsoft.Object)
	if err != nil || !ok {
		return nil
	}
	var pairs []Pair
	for _, name := range object.Names() {
		switch value, _ := object.Get(name); value.(type) {
		case nil, newtonsoft.Array:
		case *newtonsoft.Object:
			pairs = append(pairs, Pair{name, value})
		default:
			pairs = append(pairs, Pair{name, newtonsoft.Invariant(value)})
		}
	}
	return pairs
}

// withoutTriggers leaves out every name that ends in "trigger", in any case (§2.2).
func withoutTriggers(o *newtonsoft.Object) *newtonsoft.Object {
	kept := &newtonsoft.Object{}
	for _, name := range o.Names() {
		if !strings.HasSuffix(strings.ToLower(name), "trigger") {
			value, _ := o.Get(name)
			kept.Set(name, value)
		}
	}
	return kept
}

// sys is the host's own binding data (§2.3).
func sys(functionName string, now time.Time) *newtonsoft.Object {
	o := &newtonsoft.Object{}
	o.Set("MethodName", functionName)
	o.Set("UtcNow", newtonsoft.Date{Time: now.UTC(), Zone: "Z"})
	o.Set("RandGuid", uuid.NewString())
	return o
}
