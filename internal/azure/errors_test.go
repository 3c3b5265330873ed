package azure

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/lead"
)

// refusal is an answer as the SDK tells it, with secrets everywhere that the SDK would print.
func refusal(status int, word string, header ...string) error {
	req, _ := http.NewRequest(http.MethodPost, "https://acc.queue.core.windows.net/q-path/messages?sig=SECRET", nil)
	resp := &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader("<Error><AuthenticationErrorDetail>SECRET</AuthenticationErrorDetail></Error>"))}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return &azcore.ResponseError{StatusCode: status, ErrorCode: word, RawResponse: resp}
}

func TestEveryStatusHasItsKind(t *testing.T) {
	for status := range 1000 {
		want := lead.Refused
		switch {
		case status < 200, status >= 500, status == 408, status == 429:
			want = lead.Unavailable
		case status < 400, status == 401, status == 403, status == 404, status == 410:
			want = lead.Address
		case status == 413:
			want = lead.TooLarge
		}
		err := Classify(refusal(status, "SomeWord"))
		if got := lead.KindOf(err); got != want {
			t.Errorf("%d: kind %s, want %s", status, got, want)
		}
		if got, want := lead.CodeOf(err), fmt.Sprintf("%d SomeWord", status); got != want {
			t.Errorf("code %q, want %q", got, want)
		}
	}
}

func TestWordThatIsAboutTheAddressOutweighsItsStatus(t *testing.T) {
	for word, want := range map[string]lead.Kind{
		"AccountRequiresHttps": lead.Address, "InvalidAuthenticationInfo": lead.Address, "InvalidResourceName": lead.Address,
		"MessageTooLarge": lead.TooLarge, "OutOfRangeInput": lead.Refused, "InvalidXmlDocument": lead.Refused,
	} {
		if got := lead.KindOf(Classify(refusal(400, word))); got != want {
			t.Errorf("400 %s: kind %s, want %s", word, got, want)
		}
	}
	for word, want := range map[string]lead.Kind{"QueueBeingDeleted": lead.Address, "AccountBeingCreated": lead.Unavailable, "InvalidBlobType": lead.Refused} {
		if got := lead.KindOf(Classify(refusal(409, word))); got != want {
			t.Errorf("409 %s: kind %s, want %s", word, got, want)
		}
	}
}

func TestCodeIsAStatusAloneWhenTheWordIsNoWord(t *testing.T) {
	for _, word := range []string{"", "sig=SECRET", "two words", strings.Repeat("x", 65)} {
		if got := lead.CodeOf(Classify(refusal(403, word))); got != "403" {
			t.Errorf("word %q gives code %q", word, got)
		}
	}
}

func TestRetryAfterIsReadInEveryForm(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", "0", 0},
		{"Retry-After", "-3", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "99999999999999999999", 0},
		{"Retry-After", "9999999999999999999", longestWait},
		{"Retry-After", now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{"Retry-After", now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{"retry-after-ms", "250", 250 * time.Millisecond},
		{"x-ms-retry-after-ms", "300", 300 * time.Millisecond},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%s: %s gives %s, want %s", c.name, c.value, got, c.want)
		}
	}
	err := Classify(refusal(503, "ServerBusy", "Retry-After", "9", "x-ms-retry-after-ms", "1500"))
	if got := lead.RetryAfter(err); got != 1500*time.Millisecond {
		t.Errorf("RetryAfter %s, want the finer 1.5s", got)
	}
}

func TestFailureWithoutAnAnswerHasItsKind(t *testing.T) {
	post := func(err error) error {
		return &url.Error{Op: "Post", URL: "https://acc.queue.core.windows.net/q-path?sig=SECRET", Err: err}
	}
	dial := func(err error) error { return post(&net.OpError{Op: "dial", Net: "tcp", Err: err}) }
	for name, c := range map[string]struct {
		err  error
		want lead.Kind
	}{
		"refused":           {dial(syscall.ECONNREFUSED), lead.Unavailable},
		"reset":             {post(syscall.ECONNRESET), lead.Unavailable},
		"closed":            {post(io.EOF), lead.Unavailable},
		"half an answer":    {fmt.Errorf("body download: %w", io.ErrUnexpectedEOF), lead.Unavailable},
		"no such host":      {dial(&net.DNSError{Err: "no such host", Name: "SECRET", IsNotFound: true}), lead.Address},
		"name server down":  {dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), lead.Unavailable},
		"name server slow":  {dial(&net.DNSError{Err: "i/o timeout", IsTimeout: true}), lead.Unavailable},
		"unknown authority": {post(x509.UnknownAuthorityError{}), lead.Address},
		"wrong certificate": {post(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), lead.Address},
		"plain on TLS port": {post(http.ErrSchemeMismatch), lead.Address},
		"deadline":          {context.DeadlineExceeded, lead.Unavailable},
		"canceled":          {post(context.Canceled), lead.Unavailable},
		"not HTTP":          {post(fmt.Errorf("broken: %w", textproto.ProtocolError("malformed: SECRET"))), lead.Unavailable},
		"unknown":           {post(errors.New("SECRET")), lead.Unavailable},
		"unreadable answer": {errors.New("unmarshalling: SECRET"), lead.Unavailable},
	} {
		err := Classify(c.err)
		if got := lead.KindOf(err); got != c.want {
			t.Errorf("%s: kind %s, want %s", name, got, c.want)
		}
		for _, told := range []error{err, Classify(Redact(c.err))} {
			noSecret(t, told)
			if strings.Contains(told.Error(), "q-path") {
				t.Errorf("%s: the path is in %q", name, told)
			}
		}
	}
}

// noSecret walks err's chain and looks at each member under every verb.
func noSecret(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		if s := fmt.Sprintf("%v %+v %#v %q", e, e, e, e); strings.Contains(s, "SECRET") || strings.Contains(s, "sig=") {
			t.Errorf("%T holds a secret: %s", e, s)
		}
	}
}

func TestClassifiedErrorHoldsNoSecretOfTheAnswer(t *testing.T) {
	err := Classify(fmt.Errorf("around https://h/?sig=SECRET: %w", refusal(403, "AuthenticationFailed", "X-Secret", "SECRET")))
	noSecret(t, err)
	if want := "address: 403 AuthenticationFailed: POST acc.queue.core.windows.net"; err.Error() != want {
		t.Errorf("text %q, want %q", err, want)
	}
}

func TestContextErrorsStayRecognisable(t *testing.T) {
	for _, want := range []error{context.Canceled, context.DeadlineExceeded} {
		if err := Classify(&url.Error{Op: "Get", URL: "https://h/?sig=SECRET", Err: want}); !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
}

func TestNilStaysNilAndAToldErrorPasses(t *testing.T) {
	if err := Classify(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
	told := lead.Errorf(lead.Refused, "ours")
	if got := Classify(told); got != told {
		t.Errorf("%v became %v", told, got)
	}
	around := &url.Error{Op: "Post", URL: "https://h/?sig=SECRET", Err: told}
	if got := Classify(around); got != told {
		t.Errorf("want the told error without the URL around it, got %v", got)
	}
	if wrapped := fmt.Errorf("put: %w", told); Classify(wrapped) != wrapped {
		t.Error("a wrapped told error lost its context")
	}
}

func TestPredicatesReadRawAndToldErrors(t *testing.T) {
	for _, c := range []struct {
		status                  int
		word                    string
		notFound, exists, stale bool
	}{
		{404, "QueueNotFound", true, false, false},
		{404, "ContainerNotFound", true, false, false},
		{404, "TableNotFound", true, false, false},
		{404, "EntityNotFound", true, false, false},
		{404, "ResourceNotFound", true, false, false},
		{404, "BlobNotFound", true, false, false},
		{404, "MessageNotFound", false, false, true},
		{404, "", false, false, false},
		{409, "EntityAlreadyExists", false, true, false},
		{409, "BlobAlreadyExists", false, true, false},
		{409, "TableAlreadyExists", false, true, false},
		{409, "QueueAlreadyExists", false, true, false},
		{409, "ContainerAlreadyExists", false, true, false},
		{409, "LeaseAlreadyPresent", false, false, true},
		{400, "PopReceiptMismatch", false, false, true},
		{412, "UpdateConditionNotSatisfied", false, false, true},
		{412, "", false, false, true},
		{403, "AuthenticationFailed", false, false, false},
	} {
		raw := refusal(c.status, c.word)
		for _, err := range []error{raw, Classify(raw), fmt.Errorf("around: %w", Classify(raw))} {
			if NotFound(err) != c.notFound || Exists(err) != c.exists || Stale(err) != c.stale {
				t.Errorf("%d %s: NotFound %t, Exists %t, Stale %t", c.status, c.word, NotFound(err), Exists(err), Stale(err))
			}
		}
	}
	if NotFound(nil) || Exists(nil) || Stale(nil) {
		t.Error("nil is something")
	}
}
