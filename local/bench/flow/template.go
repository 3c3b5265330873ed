package flow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/tap"
	"leadrelay/local/host/function"
	"leadrelay/local/host/invoke"
	"leadrelay/local/host/queue"
)

// values are the elements of {"value":[…]}, as they stand.
func values(body []byte) ([]string, error) {
	var list struct{ Value []json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	var out []string
	for _, v := range list.Value {
		out = append(out, string(v))
	}
	return out, nil
}

// template is a text in which eight digits are new each time.
type template struct {
	text  []byte
	at    []int // where they stand
	first int64 // the number of the first
}

func newTemplate(held string) template {
	t := template{text: []byte(held)}
	for from := 0; ; {
		i := strings.Index(held[from:], script.Fresh)
		if i < 0 {
			return t
		}
		t.at = append(t.at, from+i)
		from += i + len(script.Fresh)
	}
}

// fill appends the text of number n.
func (t template) fill(b []byte, n int64) []byte {
	begin := len(b)
	b = append(b, t.text...)
	digits := strconv.AppendInt(make([]byte, 0, 16), 100_000_000+(t.first+n)%100_000_000, 10)[1:]
	for _, at := range t.at {
		copy(b[begin+at:], digits)
	}
	return b
}

// leads makes what the product makes of two leads that differ in their ids only, and a template of it.
func leads(ctx context.Context, format string, make func(context.Context, *tap.House) ([]byte, error)) (template, error) {
	moment := time.Now().UTC().Truncate(time.Second).Add(123_456_789) // no zeros at the end, which would not be written
	var texts [2]string
	for i, id := range []string{"11111111", "22222222"} {
		h, err := tap.New(ctx, tap.Options{Destinations: 1, Format: format, Now: func() time.Time { return moment }})
		if err != nil {
			return template{}, err
		}
		defer h.Sim.Close()
		if err := h.Receive(tap.Lead(id)); err != nil {
			return template{}, err
		}
		b, err := make(ctx, h)
		if err != nil {
			return template{}, err
		}
		texts[i] = string(b)
	}
	held, err := tap.Hold(texts[0], texts[1])
	t := newTemplate(held)
	if err == nil && len(t.at) < 3 {
		err = errors.New("two leads make the same text")
	}
	return t, err
}

// invocations gives POST /Deliver as the host makes it of the intake's message, each of another lead.
func invocations(ctx context.Context, address string) (func(int64) []byte, error) {
	t, err := leads(ctx, "", func(ctx context.Context, h *tap.House) ([]byte, error) {
		message, err := h.Message()
		if err != nil {
			return nil, err
		}
		return invocation(ctx, message)
	})
	if err != nil {
		return nil, err
	}
	return requests(t, address, "/Deliver"), nil
}

// requests makes POST requests of a template.
func requests(t template, address, path string) func(int64) []byte {
	whole := newTemplate(string(load.Post(address, path, nil, t.text)))
	return func(n int64) []byte { return whole.fill(make([]byte, 0, len(whole.text)), n) }
}

// invocation is the body with which local/host, which obeys facts/functions-host.md §2.3, calls Deliver.
func invocation(ctx context.Context, message []byte) ([]byte, error) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	wire := &capture{}
	caller := invoke.Caller{Client: &http.Client{Transport: wire}}
	trigger := function.Binding{Type: "queueTrigger", Name: "message", QueueName: "leadrelay-intake"}
	payload := queue.Payload(trigger, message, &azqueue.DequeuedMessage{DequeueCount: to.Ptr(int64(1)), MessageID: to.Ptr("3e1f3f5a-0c5e-4b0e-9a52-000000000000"),
		PopReceipt: to.Ptr("AgAAAAMAAAAAAAAAo1tcL+5a3AE="), InsertionTime: &now, ExpirationTime: &now, TimeNextVisible: &now})
	if _, err := caller.Call(ctx, invoke.Attempt{URL: "http://handler"}, invoke.Invocation{Function: &function.Function{Name: "Deliver", Trigger: trigger}, ID: "1"}, payload); err != nil {
		return nil, err
	}
	return utcNow.ReplaceAll(wire.body, []byte(`"UtcNow":"2026-11-21T09:00:00.1234567Z"`)), nil
}

// utcNow is when the host called; its length is not always the same.
var utcNow = regexp.MustCompile(`"UtcNow":"[^"]*"`)

// capture keeps the body of a call and answers it.
type capture struct{ body []byte }

func (c *capture) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	c.body, err = io.ReadAll(r.Body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, err
}

// envelopes gives message n of a lender's queue, base64 of our envelope, each of another lead.
func envelopes(ctx context.Context) (func(b []byte, n int64) []byte, error) {
	t, err := leads(ctx, "cloudevents", func(ctx context.Context, h *tap.House) ([]byte, error) {
		if err := h.Trigger(ctx); err != nil {
			return nil, err
		}
		all := h.Sim.Storage(tap.Lender).Queue(tap.Lender + "-0").Messages()
		if len(all) != 1 {
			return nil, fmt.Errorf("the lender got %d messages", len(all))
		}
		return base64.StdEncoding.DecodeString(all[0].Text)
	})
	if err != nil {
		return nil, err
	}
	return func(b []byte, n int64) []byte {
		return base64.StdEncoding.AppendEncode(b, t.fill(make([]byte, 0, len(t.text)), n))
	}, nil
}
