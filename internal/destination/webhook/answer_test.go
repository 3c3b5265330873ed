package webhook_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/webhook"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

func TestEveryStatusHasItsKind(t *testing.T) {
	l := newLender(t)
	status := 0
	l.odd = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "9")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		if status != 204 && status != 304 {
			_, _ = io.WriteString(w, "Lastnameson again")
		}
		return true
	}
	for status = 200; status < 600; status++ {
		receipt, err := deliver(t, l.options("/leads?key=SECRET"))
		if status < 300 || status == 409 {
			if err != nil || receipt != (destination.Receipt{Code: status, Assumed: status == 409}) {
				t.Errorf("%d: %+v, %v", status, receipt, err)
			}
			continue
		}
		want := lead.Refused
		switch {
		case status == 408, status == 425, status == 429, status >= 500:
			want = lead.Unavailable
		case status < 400, status == 401, status == 403, status == 404, status == 405, status == 410:
			want = lead.Address
		case status == 413:
			want = lead.TooLarge
		}
		if lead.KindOf(err) != want || lead.RetryAfter(err) != 9*time.Second || lead.CodeOf(err) != fmt.Sprint(status) {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
		if text := err.Error(); strings.Contains(text, "Lastnameson") || strings.Contains(text, "SECRET") || strings.Contains(text, "/leads") {
			t.Errorf("%d: tells too much: %s", status, text)
		}
	}
}

func TestSuccessIsInTheStatusAndItsBodyMayBeAnything(t *testing.T) {
	l := newLender(t)
	for name, odd := range map[string]func(w http.ResponseWriter, r *http.Request){
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 16<<10)); err != nil {
					return
				}
			}
		},
		"never ends": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		},
	} {
		l.odd = func(w http.ResponseWriter, r *http.Request) bool { odd(w, r); return true }
		begun := time.Now()
		if receipt, err := deliver(t, l.options("/leads")); err != nil || receipt.Code != 200 || time.Since(begun) > 10*time.Second {
			t.Errorf("%s: %+v, %v after %s", name, receipt, err, time.Since(begun))
		}
	}
}

func TestAnswerThatBreaksOffIsUnavailable(t *testing.T) {
	l := newLender(t)
	l.odd = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, "Lastname")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	if _, err := deliver(t, l.options("/leads")); lead.KindOf(err) != lead.Unavailable || lead.CodeOf(err) != "200" {
		t.Error(err)
	}
}

func TestLendersServerIsRefusedUnlessPrivateAddressesAreAllowed(t *testing.T) {
	l := newLender(t)
	o := l.options("/leads?key=SECRET")
	o.AllowPrivate = false
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "[::1]", "[64:ff9b::7f00:1]"} {
		o.Address = config.Secret(strings.Replace(l.options("/leads?key=SECRET").Address.Reveal(), "127.0.0.1", host, 1))
		if _, err := deliver(t, o); lead.KindOf(err) != lead.Address || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if len(l.seen) != 0 {
		t.Error("it was called")
	}
}

func TestWhatCannotWorkIsToldAtOpenWithoutItsSecrets(t *testing.T) {
	guarded := httpclient.NewClient(httpclient.Options{})
	base := func() destination.Options {
		return destination.Options{Address: "https://far.example.org/", Client: guarded, Secrets: []config.Secret{secret}, Headers: map[string]config.Secret{}}
	}
	if _, err := webhook.Open(base()); err != nil {
		t.Fatal(err)
	}
	type change = func(*destination.Options)
	bad := map[string]change{
		"no secret":    func(o *destination.Options) { o.Secrets = nil },
		"empty secret": func(o *destination.Options) { o.Secrets = []config.Secret{""} },
		"short secret": func(o *destination.Options) { o.Secrets = append(o.Secrets, "whsec_U0VDUkVU") },
		"not base64": func(o *destination.Options) {
			o.Secrets = []config.Secret{"whsec_SECRET!SECRET!SECRET!SECRET!SECRET!SECRET"}
		},
		"six secrets": func(o *destination.Options) {
			o.Secrets = []config.Secret{secret, secret, secret, secret, secret, secret}
		},
		"long secret": func(o *destination.Options) {
			o.Secrets = []config.Secret{config.Secret(strings.Repeat("SECRET//", 20))}
		},
		"twice":       func(o *destination.Options) { o.Headers["X-A"], o.Headers["x-a"] = "SECRET", "SECRET" },
		"empty name":  func(o *destination.Options) { o.Headers[""] = "SECRET" },
		"empty value": func(o *destination.Options) { o.Headers["X-A"] = "" },
		"long value":  func(o *destination.Options) { o.Headers["X-A"] = config.Secret(strings.Repeat("SECRET", 1000)) },
		"many": func(o *destination.Options) {
			for n := range 21 {
				o.Headers[fmt.Sprint("X-", n)] = "SECRET"
			}
		},
		"SECRET in URL": func(o *destination.Options) { o.Address = "http://far.example.org/SECRET" },
	}
	for _, name := range []string{"Host", "content-length", "Content-Type", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
		"Proxy-Authorization", "proxy-connection", "webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "webhook-anything", "X Y", "X:Y", "X\r\nY", "Ü"} {
		bad["header "+name] = func(o *destination.Options) { o.Headers[name] = "SECRET" }
	}
	for _, value := range []string{"SECRET\r\nX: y", "SECRET\n", "SECRET\x00", "SECRETé", " SECRET", "SECRET\x7f"} {
		bad["value "+value] = func(o *destination.Options) { o.Headers["X-A"] = config.Secret(value) }
	}
	for name, change := range bad {
		o := base()
		change(&o)
		if _, err := webhook.Open(o); lead.KindOf(err) != lead.Address || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnguardedClientIsRefused(t *testing.T) {
	for name, client := range map[string]*http.Client{"none": nil, "default": {}, "plain": {Transport: &http.Transport{}}, "storage's": azure.NewClient()} {
		o := destination.Options{Address: "https://far.example.org/", Secrets: []config.Secret{secret}, Client: client}
		if _, err := webhook.Open(o); err == nil || lead.KindOf(err) != lead.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	o := destination.Options{Address: "https://far.example.org/SECRET", Secrets: []config.Secret{"SECRET"}, Headers: map[string]config.Secret{"X-Key": "SECRET"}}
	for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
		if text := fmt.Appendf(nil, verb, o); bytes.Contains(text, []byte("SECRET")) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}
