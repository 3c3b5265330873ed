// Package customhandler is the wire of the Azure Functions host: invocations in, outcomes out.
//
// The host calls POST /<Function> with {"Data","Metadata"} for timers and queues, and passes HTTP triggers on as they
// came. What it does with an answer decides the shape of ours: a 2xx with an empty body hangs the invocation until
// functionTimeout, another content type than JSON fails it, and a non-2xx is a failure whose body nobody reads.
package customhandler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers that the host adds to every call.
const (
	InvocationIDHeader = "X-Azure-Functions-InvocationId"
	HostVersionHeader  = "X-Azure-Functions-HostVersion"
)

// InvocationID is the id that the host gave a call. In forward mode the host appends its own value to what the client
// sent, so the last one counts.
func InvocationID(h http.Header) string {
	values := h.Values(InvocationIDHeader)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// Function is what runs on an invocation. An error asks the host to count the invocation as failed, which for a queue
// message means: bring it back. What the invocation gives is the function's until it returns.
type Function func(ctx context.Context, i Invocation) error

// Handle serves a function. Each call has budget to run, which must lie below the host's functionTimeout: that kills
// the whole process. A panic fails its own invocation only.
func Handle(name string, budget time.Duration, log *slog.Logger, f Function) http.Handler {
	over, rooms := fmt.Errorf("%s ran out of its %v", name, budget), &sync.Pool{New: newRoom}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := InvocationID(r.Header)
		ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(r.Context()), budget, over)
		defer cancel()
		err := run(ctx, w, r, id, rooms, f)
		if err != nil {
			log.ErrorContext(ctx, "invocation failed", "function", name, "invocation", id, "error", err.Error())
			answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		write(w, http.StatusOK, []byte(`{"Outputs":{},"Logs":[],"ReturnValue":"ok"}`))
	})
}

func run(ctx context.Context, w http.ResponseWriter, r *http.Request, id string, rooms *sync.Pool, f Function) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Recovered(p)
		}
	}()
	m := rooms.Get().(*room)
	if err = m.read(w, r); err == nil {
		err = f(ctx, Invocation{ID: id, room: m})
	}
	if err == nil && m.body.Cap() <= keep { // after a failure or a panic it is let go: a transport may still read what it was given
		rooms.Put(m)
	}
	return err
}

// Recovered is the error of a panic that was recovered: where it happened, and a runtime error's own words. Any other
// value is told by its type only, because it might hold a payload. A deferred function calls it.
func Recovered(p any) error {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Errorf("panic: %v at %s", err, site())
	}
	return fmt.Errorf("panic: %T at %s", p, site())
}

// site is the first line below the panic that is not the runtime's.
func site() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for below := false; ; {
		f, more := frames.Next()
		if below && !strings.HasPrefix(f.Function, "runtime.") {
			return f.File + ":" + strconv.Itoa(f.Line)
		}
		below = below || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		b = []byte(`{}`)
	}
	write(w, status, b)
}

func write(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the host is gone: nobody is left to tell
}
