// Package front is the HTTP side of the host: routes, limits, keys, and the three ways to a function: proxied, forwarded, or in the JSON
// form (functions-host.md §2.5, §3, §4, §5.1, §6.1).
package front

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/route"
	"leadrelay/local/host/settings"
)

// Mode is how requests reach functions that are nothing but HTTP in and out; every other function gets the JSON form (§4).
type Mode string

// The modes; JSON is what host.json comes to when it enables neither of the others.
const (
	Proxy   Mode = "proxy"
	Forward Mode = "forward"
	JSON    Mode = "json"
)

// Options are what a Front is made of.
type Options struct {
	Functions []*function.Function // in the order in which routes are tried (§4.3)
	HTTP      hostjson.HTTP
	Legacy    bool // forward to the function's name, as httpWorker did (§1.1)
	Mode      Mode
	App       *settings.Settings
	Keys      *Keys // nil: keys are not asked for, as under Core Tools
	Runner    *invoke.Runner
	Caller    *invoke.Caller
	Client    *http.Client // for forwarding
	// Manual starts a function that is not HTTP, with the input that POST /admin/functions/<Name> brought (§6.1).
	Manual func(f *function.Function, input string)
	// FailChunked makes forwarded requests with a chunked body fail with 500 instead of losing the body (§4.1).
	FailChunked bool
	Log         *event.Log
}

// Front answers HTTP requests.
type Front struct {
	Options
	routes   []entry
	throttle *throttle
	limit    int64
	proxy    http.RoundTripper
}

type entry struct {
	function *function.Function
	template *route.Template
}

const defaultBodyLimit = 104_857_600 // bytes (§4.3)

// New parses the routes. A function with a bad one is put in error and left out (§5.1).
func New(o Options) (*Front, error) {
	f := &Front{Options: o, limit: defaultBodyLimit, throttle: newThrottle(o.HTTP), proxy: newProxyTransport()}
	if text := o.App.Get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: %q is not a number of bytes", text)
		}
		f.limit = n
	}
	f.Functions = nil
	for _, fn := range o.Functions {
		if fn.Trigger.Is("httpTrigger") {
			t, err := route.Parse(o.HTTP.RoutePrefix + "/" + strings.Trim(fn.Trigger.Route, "/"))
			if err != nil {
				fn.Complain("%w", err)
				continue
			}
			f.routes = append(f.routes, entry{fn, t})
		}
		f.Functions = append(f.Functions, fn)
	}
	return f, nil
}

// Handler returns the front as a handler; invocations end with running at the latest, and in the forwarded and JSON forms not
// sooner: a client that goes away does not cancel them (§3).
func (f *Front) Handler(running context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > f.limit {
			http.Error(w, "", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, f.limit)
		f.serve(running, w, r)
	})
}

func (f *Front) serve(running context.Context, w http.ResponseWriter, r *http.Request) {
	path := strings.ToLower(r.URL.Path)
	if under(path, "/admin") {
		f.admin(w, r)
		return
	}
	e, params := f.match(r)
	switch {
	case under(path, "/runtime"), e == nil && path != "/", e != nil && e.function.Disabled:
		w.WriteHeader(http.StatusNotFound)
	case e == nil:
		f.homepage(w)
	default:
		release, ok := f.throttle.enter(r.Context())
		if !ok {
			w.Header().Set("X-FUNCTION-SCALEOUT", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		defer release()
		if !f.Keys.allow(r, e.function) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		f.dispatch(running, w, r, e.function, params)
	}
}

func under(path, reserved string) bool {
	return path == reserved || strings.HasPrefix(path, reserved+"/")
}

// match tries the routes in the functions' order; a method that is not listed does not match, so it ends in 404, not 405 (§4.3).
func (f *Front) match(r *http.Request) (*entry, []route.Param) {
	for i := range f.routes {
		e := &f.routes[i]
		if !listed(e.function.Trigger.Methods, r.Method) {
			continue
		}
		if params, ok := e.template.Match(r.URL.EscapedPath()); ok {
			return e, params
		}
	}
	return nil, nil
}

func listed(methods []string, method string) bool {
	for _, m := range methods {
		if strings.EqualFold(m, method) {
			return true
		}
	}
	return len(methods) == 0
}

// homepage answers an unmatched / (§4.3).
func (f *Front) homepage(w http.ResponseWriter) {
	if f.App.True("AzureWebJobsDisableHomepage") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<!DOCTYPE html><html><head><title>leadrelay local/host</title></head><body><h1>Your Functions host is up and running</h1></body></html>\n")
}

// dispatch runs the function in the way that it qualifies for.
func (f *Front) dispatch(running context.Context, w http.ResponseWriter, r *http.Request, fn *function.Function, params []route.Param) {
	rec := &recorder{ResponseWriter: w, status: http.StatusInternalServerError}
	inv := invoke.Invocation{Function: fn, ID: uuid.NewString(), Status: rec.code,
		Reason: "This function was programmatically called via the host APIs."}
	switch {
	case fn.HTTPInOut() && f.Mode == Proxy:
		f.proxied(running, rec, r, inv)
	case fn.HTTPInOut() && f.Mode == Forward:
		f.forwarded(running, rec, r, inv)
	default:
		f.called(running, rec, r, inv, params)
	}
	if !rec.wrote { // a failed invocation: 500 with an empty body (§3, §4)
		rec.WriteHeader(http.StatusInternalServerError)
	}
}

// recorder remembers the status that went out.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) code() int { return r.status }

func (r *recorder) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if !r.wrote {
		r.status, r.wrote = http.StatusOK, true
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach flushing, hijacking and full duplex.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// refuse answers 413 if that is what went wrong and nothing has been answered yet.
func (r *recorder) refuse(err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) && !r.wrote {
		r.WriteHeader(http.StatusRequestEntityTooLarge)
	}
}
