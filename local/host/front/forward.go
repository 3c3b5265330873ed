package front

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"leadrelay/local/host/invoke"
)

// forwarded rebuilds the request, with all that is lost by it, and gives back the handler's whole answer (functions-host.md §4.1).
func (f *Front) forwarded(running context.Context, w *recorder, r *http.Request, inv invoke.Invocation) {
	body, err := f.forwardBody(r)
	if err != nil {
		f.Log.Error("request", "cannot be forwarded", "function", inv.Function.Name, "reason", err)
		w.refuse(err)
		return
	}
	path := forwardPath(r)
	if f.Legacy {
		path = "/" + inv.Function.Name
	}
	var answer *http.Response
	var content []byte
	// N8: nothing here ends the request at 230 s, as the platform's front end would (functions-host.md §3).
	err = f.Runner.Run(running, inv, func(ctx context.Context, a invoke.Attempt) error {
		req, err := http.NewRequestWithContext(ctx, r.Method, a.URL, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("forward: %w", err)
		}
		req.URL.Opaque, req.URL.RawQuery = path, rebuiltQuery(r.URL.RawQuery)
		if len(body) == 0 {
			req.Body, req.ContentLength = http.NoBody, 0
		}
		if err := forwardHeaders(req, r, inv.ID, len(body) > 0); err != nil {
			return err
		}
		if answer, err = f.Client.Do(req); err != nil {
			return fmt.Errorf("forward: %w", err)
		}
		defer answer.Body.Close()
		if content, err = io.ReadAll(answer.Body); err != nil { // no streaming
			return fmt.Errorf("forward: read the answer: %w", err)
		}
		w.status = answer.StatusCode // whatever it is: the invocation has succeeded
		return nil
	})
	if err != nil {
		w.status = http.StatusInternalServerError
		return
	}
	giveBack(w, answer, content)
}

// giveBack copies an answer. N16: without Transfer-Encoding, headers appended to the host's own (functions-host.md §4.1).
func giveBack(w *recorder, answer *http.Response, content []byte) {
	for name, values := range answer.Header {
		if name == "Transfer-Encoding" || name == "Connection" || name == "Content-Length" {
			continue
		}
		for _, value := range values {
			w.Header().Add(name, value)
		}
	}
	if answer.Request.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	} else if length := answer.Header.Get("Content-Length"); length != "" {
		w.Header().Set("Content-Length", length)
	}
	if _, typed := answer.Header["Content-Type"]; !typed {
		w.Header()["Content-Type"] = nil // keep net/http from guessing one
	}
	bodiless := answer.StatusCode == http.StatusNoContent || answer.StatusCode == http.StatusNotModified
	if bodiless {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(answer.StatusCode)
	if !bodiless {
		_, _ = w.Write(content) // a client that has gone away is no concern of the invocation
	}
}

// forwardBody reads the body, which is sent on only if Content-Length says that there is one; a chunked body is dropped.
// N13: the real host may rather answer 500, because the copied Transfer-Encoding header has no content (functions-host.md §4.1); FailChunked does that.
func (f *Front) forwardBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("read the request body: %w", err)
		}
		return body, nil
	}
	if r.ContentLength < 0 && f.FailChunked {
		return nil, errors.New("the body is chunked")
	}
	return nil, nil
}

// lostHeaders are content headers, which .NET refuses on the request object. N14: this list (functions-host.md §4.1).
func lostHeaders() []string {
	return []string{"Content-Encoding", "Content-Disposition", "Content-Language", "Content-Md5", "Content-Range", "Expires", "Last-Modified", "Allow", "Content-Location"}
}

// forwardHeaders copies the headers: several values joined, the content headers lost, the host's own appended (§4.1).
func forwardHeaders(out, in *http.Request, id string, body bool) error {
	for name, values := range in.Header {
		joined := strings.Join(values, ", ")
		if strings.IndexFunc(joined, func(r rune) bool { return r > 0x7e }) >= 0 {
			return fmt.Errorf("forward: header %s is not ASCII", name) // N15: the send fails (functions-host.md §4.1)
		}
		out.Header.Set(name, joined)
	}
	for _, name := range lostHeaders() {
		out.Header.Del(name)
	}
	for _, name := range []string{"Connection", "Content-Length", "Keep-Alive", "Upgrade", "Te", "Trailer", "Expect"} {
		out.Header.Del(name) // between two neighbours only; the length is set by the client
	}
	if !body {
		out.Header.Del("Content-Type")
	}
	out.Host = in.Host
	appended(out.Header, invoke.HeaderInvocationID, id, ", ")
	appended(out.Header, invoke.HeaderHostVersion, invoke.HostVersion, ", ")
	appended(out.Header, "User-Agent", invoke.UserAgent, " ")
	return nil
}

func appended(h http.Header, name, value, separator string) {
	if before := h.Get(name); before != "" {
		value = before + separator + value
	}
	h.Set(name, value)
}
