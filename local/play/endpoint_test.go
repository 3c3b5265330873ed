package play_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/local/play"
)

func TestSecretsAndTokensAreNeverPrinted(t *testing.T) {
	e := play.Endpoint{URL: "http://127.0.0.1:1/hook/" + token, Header: "X-Api-Key", Secret: secret, HMACSecret: secret, SvixSecret: svix, Client: play.NewClient()}
	a := e.Post(t.Context(), play.Notification{MessageID: "msg_1", Body: []byte("{}")}, time.Second)
	asJSON, err := json.Marshal(e.Host())
	if err != nil {
		t.Fatal(err)
	}
	bad := e
	bad.SvixSecret = "whsec_" + secret
	worse := e
	worse.URL = "ftp://x/" + token
	for _, text := range []string{a.String(), fmt.Sprintf("%v %+v %#v %v", e, e, e, a.Err), string(asJSON), fmt.Sprint(bad.Check()), fmt.Sprint(worse.Check())} {
		for _, hidden := range []string{secret, token, svix} {
			if strings.Contains(text, hidden) {
				t.Errorf("%q shows a secret", text)
			}
		}
	}
	if a.Err == nil || a.Status != 0 {
		t.Errorf("nobody answers there, but: %v", a)
	}
	if bad.Check() == nil || worse.Check() == nil || e.Check() != nil {
		t.Errorf("checks: %v, %v, %v", bad.Check(), worse.Check(), e.Check())
	}
}

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	followed := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusPermanentRedirect))
	defer server.Close()
	e := play.Endpoint{URL: config.Secret(server.URL), Client: play.NewClient()}
	if a := e.Post(t.Context(), play.Notification{Body: []byte("{}")}, time.Minute); a.Status != http.StatusPermanentRedirect || followed {
		t.Errorf("%v, followed %v", a, followed)
	}
}

func TestNoAnswerInTimeIsSaidSo(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-done }))
	defer server.Close()
	defer close(done)
	e := play.Endpoint{URL: config.Secret(server.URL), Client: play.NewClient()}
	if a := e.Post(t.Context(), play.Notification{Body: []byte("{}")}, 30*time.Millisecond); a.Err == nil || a.String() != "no answer within 30ms" {
		t.Errorf("%v", a)
	}
}
