package receiver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/local/play"
	"leadrelay/local/play/receiver"
)

const (
	secret = "a-secret-of-32-characters-or-so!"
	token  = "a-token-of-some-length-0123456789"
	svix   = "whsec_Q3VycmVudC1zdml4LXNlY3JldC0wMTIzNDU2Nzg5"
)

// serve runs a receiver and keeps what it tells.
func serve(t *testing.T, orders receiver.Orders, p receiver.Proof) (url string, told *[]receiver.Record, r *receiver.Receiver) {
	t.Helper()
	v, err := receiver.NewVerifier(p, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	told = &[]receiver.Record{}
	r = &receiver.Receiver{Orders: orders, Verify: v, On: func(rec receiver.Record) { *told = append(*told, rec) }}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return server.URL, told, r
}

// post gives the status, 0 without an answer.
func post(t *testing.T, url, body string) int {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func TestMisbehavesInTheOrderThatWasGiven(t *testing.T) {
	url, told, r := serve(t, receiver.Orders{Drop: 2, Fail: []receiver.Failure{{503, 2}, {429, 1}}}, receiver.Proof{})
	var got []int
	for range 7 {
		got = append(got, post(t, url+"/any/path", `{"event":"x","lead_id":7}`))
	}
	if want := []int{0, 0, 503, 503, 429, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v", got, want)
	}
	last := (*told)[6]
	if len(*told) != 7 || last.Copy != 7 || last.After <= 0 || last.Event != "x" || last.Lead != "7" || last.Proof != "not asked" {
		t.Errorf("told %+v", last)
	}
	if s := r.Summary(); s.Requests != 7 || s.Bodies != 1 || s.Answers["dropped"] != 2 || s.Answers["503"] != 2 || s.Answers["200"] != 2 {
		t.Errorf("%+v", s)
	}
}

func TestSlowDelaysEveryAnswerAndSeesWhoHangsUp(t *testing.T) {
	url, told, r := serve(t, receiver.Orders{Slow: 80 * time.Millisecond, Fail: []receiver.Failure{{500, 1}}}, receiver.Proof{})
	for _, want := range []int{500, 200} {
		started := time.Now()
		if got := post(t, url, "{}"); got != want || time.Since(started) < 80*time.Millisecond {
			t.Errorf("%d after %v, want %d", got, time.Since(started), want)
		}
	}
	impatient := &http.Client{Timeout: 10 * time.Millisecond}
	if resp, err := impatient.Post(url, "application/json", strings.NewReader("{}")); err == nil {
		resp.Body.Close()
		t.Error("it was not slow")
	}
	for range 100 {
		if r.Summary().Left == 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if s := r.Summary(); s.Left != 1 || len(*told) != 3 {
		t.Errorf("%+v", s)
	}
}

func TestVerifiesWhatEachPartnerProves(t *testing.T) {
	for _, c := range []struct {
		kind        string
		path        string
		right, look receiver.Proof // what is asked, and what the sender knows instead
	}{
		{"crf", "/", receiver.Proof{Header: "X-Api-Key", Secret: secret}, receiver.Proof{Header: "X-Api-Key", Secret: token}},
		{"credzu", "/hook/" + token, receiver.Proof{Token: token}, receiver.Proof{}},
		{"cr3dentials", "/", receiver.Proof{HMACSecret: secret}, receiver.Proof{HMACSecret: token}},
		{"referral", "/", receiver.Proof{SvixSecret: svix}, receiver.Proof{SvixSecret: "whsec_U29tZWJvZHktZWxzZXMtc2VjcmV0LTAxMjM0NTY3"}},
	} {
		c.right.Kind = c.kind
		url, told, _ := serve(t, receiver.Orders{}, c.right)
		p, err := play.Find(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		next, err := p.Generate(play.Options{Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		send := func(know receiver.Proof, path string) int {
			e := play.Endpoint{URL: config.Secret(url + path), Header: know.Header, Secret: know.Secret, HMACSecret: know.HMACSecret, SvixSecret: know.SvixSecret, Client: play.NewClient()}
			return e.Post(t.Context(), next(1), time.Minute).Status
		}
		if got := send(c.right, c.path); got != 200 {
			t.Errorf("%s: %d with the proof: %+v", c.kind, got, (*told)[0].Reason)
		}
		if got := send(c.look, "/else"); got != 401 {
			t.Errorf("%s: %d with a wrong proof", c.kind, got)
		}
		first, second := (*told)[0], (*told)[1]
		if first.Proof != "ok" || first.Lead != next(1).Lead || !strings.HasPrefix(first.Event, c.kind+".") || first.Faults != "" {
			t.Errorf("%s: told %q %q %q %q", c.kind, first.Proof, first.Event, first.Lead, first.Faults)
		}
		if second.Proof != "wrong" || second.Reason == "" {
			t.Errorf("%s: told %+v", c.kind, second)
		}
	}
}

func TestSaysWhatBreaksTheDocument(t *testing.T) {
	url, told, _ := serve(t, receiver.Orders{}, receiver.Proof{Kind: "credzu"})
	post(t, url, `{"event":"contract_signed","lead_id":"x"}`)
	post(t, url, `{`)
	if got := *told; got[0].Faults != "lead_id type: integer" || got[1].Faults == "" {
		t.Errorf("told %q and %q", got[0].Faults, got[1].Faults)
	}
}

func TestIdentifyFindsIDsAndNothingElse(t *testing.T) {
	for body, want := range map[string]string{
		`{"event":"a","lead_id":44921}`: "a 44921", `{"type":"b.c","data":{"sessionId":123,"verificationId":"v"}}`: "b.c 123",
		`{"event_name":"E","referral_id":"r-1"}`: "E r-1", `{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","firstName":"Bob"}`: " 4626a582-afb9-48bf-8d86-87e6fe91a842",
		`{"id":"bob@example.com"}`: " ", `{"id":"a b"}`: " ", `[]`: " ", `{`: " ", `{"id":"\u001b[31m"}`: " ",
	} {
		if event, id := receiver.Identify([]byte(body)); event+" "+id != want {
			t.Errorf("%s: %q %q", body, event, id)
		}
	}
}

func TestFailureIsStatusAndCount(t *testing.T) {
	for s, want := range map[string]receiver.Failure{"503:3": {503, 3}, "429": {429, 1}, "204:2": {204, 2}} {
		if got, err := receiver.ParseFailure(s); err != nil || got != want {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x", "503:", "503:0", "99:1", "600:1", "100:1", "503:-1", "503:1:1"} {
		if _, err := receiver.ParseFailure(s); err == nil {
			t.Errorf("%q passes", s)
		}
	}
}

func TestSecretsThatCannotBeAreRefusedUnseen(t *testing.T) {
	for name, p := range map[string]receiver.Proof{
		"--secret": {Header: "X-Api-Key", Secret: "short-5ecret"}, "--token": {Token: "short-5ecret"}, "--svix-secret": {SvixSecret: "short-5ecret"},
		"there is no partner": {Kind: "acme"},
	} {
		_, err := receiver.NewVerifier(p, time.Now)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(fmt.Sprint(err), "5ecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
