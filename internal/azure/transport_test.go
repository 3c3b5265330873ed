package azure_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
)

// hopeful is a queue's SAS URL with another host in it.
func hopeful(t *testing.T, host string) azure.SAS {
	t.Helper()
	u, err := url.Parse(azuretest.Sign(storage.Signer.SignQueue).Hour("leads", "a").Reveal())
	if err != nil {
		t.Fatal(err)
	}
	u.Host = host
	s, err := azure.ParseSAS(u.String(), azure.Queue)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRawErrorOfTheSDKHoldsNoSignature(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	q, err := hopeful(t, closed.Listener.Addr().String()).Queue(azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	_, err = q.EnqueueMessage(azuretest.Context(t), "text", nil)
	if err == nil || strings.Contains(err.Error(), "sig") || strings.Contains(err.Error(), "leads") {
		t.Errorf("want an error with the host alone, got %v", err)
	}
	var u *url.Error
	if !errors.As(err, &u) || u.URL != closed.Listener.Addr().String() {
		t.Errorf("%v does not name the host", err)
	}
}

func TestOneCallIsOneTryAndFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{307, 429, 500, 503} {
		var calls atomic.Int32
		far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		q, err := hopeful(t, far.Listener.Addr().String()).Queue(azure.NewClient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.EnqueueMessage(azuretest.Context(t), "text", nil); err == nil || calls.Load() != 1 {
			t.Errorf("%d: %d calls, %v", status, calls.Load(), err)
		}
		far.Close()
	}
}

func TestRedactLetsOtherErrorsPass(t *testing.T) {
	for _, err := range []error{nil, context.Canceled, errors.New("other")} {
		if got := azure.Redact(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}
