package invoke

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"strings"

	"leadrelay/local/host/function"
	"leadrelay/local/host/newtonsoft"
)

// Response is a handler's answer to a JSON call: {"Outputs":{...},"Logs":[...],"ReturnValue":any}, every part optional (functions-host.md §3).
type Response struct {
	Outputs *newtonsoft.Object // nil when absent or null
	Logs    []string
	Return  newtonsoft.Value
}

// empty tells what parses to nothing: the literal null for certain; N6: an empty body (functions-host.md §3).
func empty(body []byte) bool {
	text := bytes.TrimSpace(body)
	return len(text) == 0 || string(text) == "null"
}

// isJSON tells which media types the host reads. N5: these two and no others (functions-host.md §3).
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json")
}

// member finds a part of the response. N4: whatever the case of its name (functions-host.md §3).
func member(o *newtonsoft.Object, name string) newtonsoft.Value {
	value, _ := o.GetFold(name)
	return value
}

func parseResponse(body []byte) (*Response, error) {
	value, err := newtonsoft.Parse(strings.TrimPrefix(string(body), "\ufeff"))
	if err != nil {
		return nil, err
	}
	object, ok := value.(*newtonsoft.Object)
	if !ok {
		return nil, errors.New("the answer is not a JSON object")
	}
	r := &Response{Return: member(object, "ReturnValue")}
	switch outputs := member(object, "Outputs").(type) {
	case nil:
	case *newtonsoft.Object:
		r.Outputs = outputs
	default:
		return nil, errors.New("Outputs is not a JSON object")
	}
	switch logs := member(object, "Logs").(type) {
	case nil:
	case newtonsoft.Array:
		for i, line := range logs {
			switch line.(type) {
			case newtonsoft.Array, *newtonsoft.Object:
				return nil, fmt.Errorf("Logs[%d] is not a string", i)
			}
			r.Logs = append(r.Logs, logText(line))
		}
	default:
		return nil, errors.New("Logs is not an array")
	}
	return r, nil
}

func logText(value newtonsoft.Value) string {
	if date, ok := value.(newtonsoft.Date); ok {
		return date.String()
	}
	return newtonsoft.Invariant(value)
}

// Output returns the value for an output binding (functions-host.md §3). ReturnValue belongs to $return; where there is no such binding
// and it is an object, its members count as Outputs. Null is no value.
func (r *Response) Output(f *function.Function, name string) (newtonsoft.Value, bool) {
	if name == "$return" {
		return r.Return, r.Return != nil
	}
	var value newtonsoft.Value
	if r.Outputs != nil {
		value, _ = r.Outputs.Get(name)
	}
	if merged, ok := r.Return.(*newtonsoft.Object); ok && !hasReturn(f) {
		if v, ok := merged.Get(name); ok {
			value = v
		}
	}
	return value, value != nil
}

func hasReturn(f *function.Function) bool {
	for _, b := range f.Outputs {
		if b.Name == "$return" {
			return true
		}
	}
	return false
}
