package azure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
	"leadrelay/local/azuresim"
)

// tripper is a transport of one function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reach is an account over a transport.
func reach(t *testing.T, f tripper) *azure.Account {
	a, err := azure.ConnectAccount("AccountName=acc;AccountKey=a2V5", &http.Client{Transport: f})
	must(t, err)
	return a
}

func created(r *http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody, Header: http.Header{}, Request: r}
}

// field is a header field in whatever case it is.
func field(r *http.Request, name string) string {
	for n, values := range r.Header {
		if strings.EqualFold(n, name) {
			return values[0]
		}
	}
	return ""
}

// TestBodyIsWhatWasPutThoughTransportsAreSlow holds a body until others were put: none may be written over another.
func TestBodyIsWhatWasPutThoughTransportsAreSlow(t *testing.T) {
	var late sync.WaitGroup
	release := make(chan struct{})
	a := reach(t, func(r *http.Request) (*http.Response, error) {
		want := field(r, "x-ms-meta-text")
		late.Go(func() { // the answer comes before the body is read
			<-release
			got, err := io.ReadAll(r.Body)
			if err := errors.Join(err, r.Body.Close()); err != nil || string(got) != want || r.ContentLength != int64(len(want)) || field(r, "x-ms-meta-text") != want {
				t.Errorf("a body is %q, want %q", got, want)
			}
		})
		return created(r), nil
	})
	c := a.Blobs("leads")
	for i := range 50 {
		text := fmt.Sprint("body ", i)
		_, err := c.Put(t.Context(), text, "text/plain", []byte(text), map[string]string{"text": text})
		must(t, err)
	}
	close(release)
	late.Wait()
}

func TestBodyIsThereOnceMoreForADeadConnection(t *testing.T) {
	for range 3 { // also with what a former call left
		a := reach(t, func(r *http.Request) (*http.Response, error) {
			first, err := io.ReadAll(r.Body)
			must(t, errors.Join(err, r.Body.Close()))
			again, err := r.GetBody()
			must(t, err)
			second, err := io.ReadAll(again)
			must(t, errors.Join(err, again.Close()))
			if !bytes.Equal(first, second) || len(first) == 0 {
				t.Errorf("%q, then %q", first, second)
			}
			return created(r), nil
		})
		_, err := a.Messages("leads").Put(t.Context(), "x", 0)
		must(t, err)
	}
}

// TestIdleConnectionThatWasClosedIsNoError is a server that keeps no connection, to a client that believes it does.
func TestIdleConnectionThatWasClosedIsNoError(t *testing.T) {
	sim := azuresim.New(azuresim.Options{})
	must(t, sim.Start())
	t.Cleanup(sim.Close)
	client := azure.NewClient()
	a, err := azure.ConnectAccount(sim.ConnectionString(), client)
	must(t, err)
	q := a.Messages("leads")
	must(t, q.Create(t.Context()))
	for range 5 {
		_, err := q.Put(t.Context(), "x", 0)
		must(t, err)
		client.CloseIdleConnections()
	}
}

func TestParallelWritersKeepTheirConnections(t *testing.T) {
	const writers = 64
	var opened atomic.Int32
	all := sync.WaitGroup{}
	all.Add(writers)
	answer := messagesOf(1, "")
	far := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a body that is cut fails at the client
		all.Done()
		all.Wait() // so that all are there at once
		w.WriteHeader(http.StatusCreated)
		w.(http.Flusher).Flush() // chunked, as Azure's are
		_, _ = io.WriteString(w, answer)
	}))
	far.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	far.Start()
	t.Cleanup(far.Close)
	a, err := azure.ConnectAccount("AccountName=acc;AccountKey=a2V5;QueueEndpoint="+far.URL+"/acc", azure.NewClient())
	must(t, err)
	q := a.Messages("leads")
	for round := range 2 {
		if round > 0 {
			all.Add(writers)
		}
		var running sync.WaitGroup
		for range writers {
			running.Go(func() {
				if id, err := q.PutBase64(azuretest.Context(t), []byte("x"), 0); err != nil || id == "" {
					t.Errorf("%q %v", id, err)
				}
			})
		}
		running.Wait()
	}
	if n := opened.Load(); n > writers {
		t.Errorf("%d writers, twice, have opened %d connections", writers, n)
	}
}

func TestTryHasADeadlineAndAnEarlierOneStays(t *testing.T) {
	var seen time.Time
	a := reach(t, func(r *http.Request) (*http.Response, error) {
		seen, _ = r.Context().Deadline()
		must(t, r.Body.Close())
		return created(r), nil
	})
	for _, given := range []time.Duration{0, time.Hour, time.Minute, 5 * time.Second} {
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		want := time.Now().Add(20 * time.Second)
		if given > 0 {
			ctx, cancel = context.WithTimeout(ctx, given)
			if at, _ := ctx.Deadline(); at.Before(want) {
				want = at
			}
		}
		_, err := a.Messages("leads").Put(ctx, "x", 0)
		cancel()
		if off := seen.Sub(want); err != nil || off < 0 || off > 10*time.Second {
			t.Errorf("given %s, the try's deadline is off by %s, %v", given, off, err)
		}
	}
}

func TestAnswerThatNeverEndsIsAnError(t *testing.T) {
	a := reach(t, func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(endless{}), ContentLength: -1, Request: r}, nil
	})
	if _, err := a.Messages("leads").Get(t.Context(), 1, time.Second); lead.KindOf(err) != lead.Unavailable {
		t.Errorf("%v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestNothingThatIsSecretIsInAnErrorOrPrinted(t *testing.T) {
	const body = "BODY-SECRET"
	address := azuretest.Sign(storage.Signer.SignQueue).Hour("secret-path", "a").Reveal()
	_, sig, _ := strings.Cut(address, "sig=")
	for name, far := range map[string]tripper{
		"dial": func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New(address)}
		},
		"unknown": func(r *http.Request) (*http.Response, error) { return nil, errors.New(r.URL.String()) },
		"answer": func(r *http.Request) (*http.Response, error) {
			return says(r, 403, "<Error><Code>AuthenticationFailed</Code><Message>"+address+body+"</Message></Error>"), nil
		},
		"no code":  func(r *http.Request) (*http.Response, error) { return says(r, 400, address+body), nil },
		"garbled":  func(r *http.Request) (*http.Response, error) { return says(r, 201, address+body), nil },
		"redirect": func(r *http.Request) (*http.Response, error) { return says(r, 302, ""), nil },
	} {
		s, err := azure.ParseSAS(address, azure.Queue)
		must(t, err)
		q, err := s.Messages(&http.Client{Transport: far})
		must(t, err)
		_, err = q.Put(t.Context(), body, 0)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			noneOf(t, name, fmt.Sprintf("%v %+v %#v %q", e, e, e, e), sig, "sig=", "secret-path", body)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
			noneOf(t, verb, fmt.Sprintf(verb, q)+fmt.Sprintf(verb, struct{ q *azure.Messages }{q})+fmt.Sprintf(verb, *q), sig, sig[:20]) //nolint:govet // printed on purpose
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		noneOf(t, verb, fmt.Sprintf(verb, storage.Account)+fmt.Sprintf(verb, storage.Account.Rows("x")), azuresim.AccountKey, azuresim.AccountKey[:20])
	}
}

func says(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Header: http.Header{"Location": {body}}, Request: r}
}

func noneOf(t *testing.T, name, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s: a secret is in %s", name, text)
		}
	}
}

func TestChangeWithoutAnETagIsNotSent(t *testing.T) {
	a := reach(t, func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was sent", r.Method)
		return nil, io.EOF
	})
	for name, change := range map[string]func(context.Context, *azure.Entity, azcore.ETag) (azcore.ETag, error){"merge": a.Rows("t").Merge, "replace": a.Rows("t").Replace} {
		if _, err := change(t.Context(), azure.NewEntity("p", "k"), ""); lead.KindOf(err) != lead.Internal || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if etags, err := a.Rows("t").Transact(t.Context(), nil); err != nil || len(etags) != 0 {
		t.Errorf("no writes: %v %v", etags, err)
	}
}
