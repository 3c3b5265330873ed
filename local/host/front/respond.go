package front

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"leadrelay/local/host/function"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/route"
)

// answer is an HTTP answer made of an invocation's outputs.
type answer struct {
	status  int
	headers http.Header
	body    []byte
}

// called runs a function by the JSON form and answers with its http output (functions-host.md §2.5, §3).
func (f *Front) called(running context.Context, w *recorder, r *http.Request, inv invoke.Invocation, params []route.Param) {
	var body []byte
	if r.ContentLength > 0 {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			w.refuse(err)
			return
		}
	}
	payload := httpPayload(inv.Function.Trigger.Name, r, body, params)
	var a answer
	err := f.Runner.Run(running, inv, func(ctx context.Context, attempt invoke.Attempt) error {
		resp, err := f.Caller.Call(ctx, attempt, inv, payload)
		if err != nil {
			return err
		}
		a, err = httpAnswer(inv.Function, resp)
		w.status = a.status
		return err
	})
	if err != nil {
		w.status = http.StatusInternalServerError
		return
	}
	for name, values := range a.headers {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		_, _ = w.Write(a.body)
	}
}

// nothing is the answer to Outputs null. N11: 204 (functions-host.md §3).
func nothing() answer { return answer{status: http.StatusNoContent} }

// httpAnswer picks and reads the http output of a response (functions-host.md §3).
func httpAnswer(fn *function.Function, r *invoke.Response) (answer, error) {
	b, ok := fn.Output("http")
	if !ok {
		return nothing(), nil
	}
	value, ok := r.Output(fn, b.Name)
	if b.Name == "$return" {
		if !ok {
			return nothing(), nil
		}
		if raw, ok := invoke.Bytes(b, value); ok {
			return answer{status: http.StatusOK, body: raw, headers: typed("application/octet-stream")}, nil
		}
		object, ok := value.(*newtonsoft.Object)
		if !ok {
			return plainAnswer(value), nil
		}
		if _, ok := object.GetFold("body"); !ok {
			return plainAnswer(object), nil // no body member: the object itself is the body
		}
		return objectAnswer(object), nil
	}
	switch _, merged := r.Return.(*newtonsoft.Object); {
	case !ok && r.Outputs == nil && !merged:
		return nothing(), nil
	case !ok:
		return plainAnswer(&newtonsoft.Object{}), nil // Outputs without this one: 200 and {}
	}
	if text, isText := value.(string); isText {
		if parsed, err := newtonsoft.Parse(text); err == nil {
			value = parsed
		}
	}
	object, isObject := value.(*newtonsoft.Object)
	if !isObject {
		return answer{}, errors.New("Output body should have 'StatusCode', 'Status', 'Body', and 'Headers'")
	}
	return objectAnswer(object), nil
}

func typed(contentType string) http.Header { return http.Header{"Content-Type": {contentType}} }

// plainAnswer is 200 with a value as the body: text, or JSON indented, both as text/plain.
func plainAnswer(value newtonsoft.Value) answer {
	return answer{status: http.StatusOK, headers: typed("text/plain; charset=utf-8"), body: []byte(newtonsoft.Invariant(value))}
}

// objectAnswer reads statusCode (a number or a string), headers (single values) and body (anything); status is ignored.
func objectAnswer(o *newtonsoft.Object) answer {
	member := func(name string) newtonsoft.Value { v, _ := o.GetFold(name); return v }
	a := plainAnswer(member("body"))
	if n, err := strconv.Atoi(newtonsoft.Invariant(member("statusCode"))); err == nil && n >= 200 && n <= 999 {
		a.status = n
	}
	headers, _ := member("headers").(*newtonsoft.Object)
	if headers == nil {
		return a
	}
	for _, name := range headers.Names() {
		value, _ := headers.Get(name)
		a.headers.Set(name, headerText(value))
	}
	return a
}

// headerText is a header's value on one line; arrays are put into text, not sent as several headers.
func headerText(value newtonsoft.Value) string {
	switch value.(type) {
	case newtonsoft.Array, *newtonsoft.Object:
		return newtonsoft.Compact(value)
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(newtonsoft.Invariant(value))
}
