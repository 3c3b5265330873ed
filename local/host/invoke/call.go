package invoke

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"leadrelay/local/host/event"
	"leadrelay/local/host/function"
)

const (
	contentType = "application/json; charset=utf-8" // N1: what JsonMediaTypeFormatter sets (functions-host.md §2.1)
	chunked     = true                              // N2: no Content-Length on Azure; false is what Core Tools do (§2.1)
)

// Sender puts one message into the queue of an output binding.
type Sender interface {
	Send(ctx context.Context, b function.Binding, message []byte) error
}

// Caller makes the JSON calls of functions that are not forwarded or proxied (functions-host.md §2, §3).
type Caller struct {
	Client *http.Client
	Sender Sender
	Log    *event.Log
	// HangOnEmpty emulates what a 2xx answer with an empty or null body does to the real host: the invocation hangs until
	// functionTimeout kills the handler. Otherwise it fails at once, and loudly (§3).
	HangOnEmpty bool
}

// NewClient returns a client for calls to the handler: no proxy, the given total timeout (0: none, §3). Redirects are followed unless
// enableForwardingHttpRequest is on (§3). N17: no cookies and no decompression (functions-host.md §4.1).
func NewClient(timeout time.Duration, follow bool) *http.Client {
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}
	client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if !follow {
			return http.ErrUseLastResponse
		}
		if len(via) >= 50 { // HttpClient's own limit
			return errors.New("stopped after 50 redirects")
		}
		return nil
	}
	return client
}

// Call posts the payload to /<FunctionName>, reads the answer, logs its Logs and sends what it has for queue bindings.
func (c *Caller) Call(ctx context.Context, a Attempt, inv Invocation, p Payload) (*Response, error) {
	body := p.body(inv.Function.Name, a.Retry, time.Now())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"/"+inv.Function.Name, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call the handler: %w", err)
	}
	if chunked {
		req.ContentLength = -1
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set(HeaderHostVersion, HostVersion)
	req.Header.Set(HeaderInvocationID, inv.ID)
	req.Header.Set("User-Agent", UserAgent) // N3: a traceparent may stand beside these; it is not sent (§2.1)
	resp, err := c.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("call the handler: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body) // N7: whole, with no limit; the real one is 2 GiB (§3)
	if err != nil {
		return nil, fmt.Errorf("read the handler's answer: %w", err)
	}
	r, err := c.read(ctx, resp, answer)
	if err != nil {
		return nil, err
	}
	for _, line := range r.Logs {
		c.Log.Info(event.UserLog, line, "function", inv.Function.Name, "id", inv.ID, "line", line)
	}
	return r, c.send(ctx, inv.Function, r)
}

// read judges status and content type, then parses (functions-host.md §3).
func (c *Caller) read(ctx context.Context, resp *http.Response, body []byte) (*Response, error) {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, fmt.Errorf("Response status code does not indicate success: %d (functions-host.md §3: the body and its Logs are not looked at)", resp.StatusCode)
	}
	if empty(body) {
		return nil, c.hang(ctx, resp.StatusCode)
	}
	if !isJSON(resp.Header.Get("Content-Type")) {
		return nil, fmt.Errorf("Invalid HttpResponseMessage: Content-Type %q is not JSON (functions-host.md §3)", resp.Header.Get("Content-Type"))
	}
	r, err := parseResponse(body)
	if err != nil {
		return nil, fmt.Errorf("Invalid HttpResponseMessage: %w", err)
	}
	return r, nil
}

// hang is what comes of an empty or null body.
func (c *Caller) hang(ctx context.Context, status int) error {
	if c.HangOnEmpty {
		<-ctx.Done()
		return ctx.Err()
	}
	return fmt.Errorf("the handler answered %d with an EMPTY or null body: the real host would now hang until functionTimeout and then kill the handler (functions-host.md §3); answer {} instead", status)
}

func (c *Caller) send(ctx context.Context, f *function.Function, r *Response) error {
	for _, b := range f.Outputs {
		if !b.Is("queue") {
			continue
		}
		value, ok := r.Output(f, b.Name)
		if !ok {
			continue
		}
		for _, message := range Messages(b, value) {
			if err := c.Sender.Send(ctx, b, message); err != nil {
				return fmt.Errorf("output binding '%s': %w", b.Name, err)
			}
		}
	}
	return nil
}
