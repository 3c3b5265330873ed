package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/local/azuresim"
	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/tap"
)

var update = flag.Bool("update", false, "write the scripts anew from what the product does now")

// latency of every request while the product is recorded, in the bubble's time: requests that begin together are a stage.
const latency = 10 * time.Millisecond

// recorded are the scripts as the product would have them now.
func recorded(t *testing.T) map[string]script.Script {
	t.Helper()
	out := map[string]script.Script{}
	for _, n := range []int{1, 2, 8} {
		one, other := recordDeliver(t, n, "5eed1e55"), recordDeliver(t, n, "0ddba115")
		out[fmt.Sprintf("deliver%d", n)] = script.Script{Of: fmt.Sprintf("Deliver: a first lead with %d destinations", n), Steps: steps(t, one, other)}
	}
	one, other := recordDrain(t, "5eed1e55"), recordDrain(t, "0ddba115")
	s := script.Script{Of: "Drain: a new lead, as our envelope", Steps: steps(t, one[1:], other[1:])}
	fetch := steps(t, one[:1], other[:1])[0]
	s.Fetch = &fetch
	out["drain"] = s
	return out
}

// recordDeliver is what Deliver does with a first lead, once the house has settled.
func recordDeliver(t *testing.T, destinations int, id string) (out []tap.Request) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, err := tap.New(t.Context(), tap.Options{Destinations: destinations, Latency: latency})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"00000000", id} { // the first fills caches and notes the day
			if err := h.Receive(tap.Lead(id)); err != nil {
				t.Fatal(err)
			}
			message, err := h.Message()
			if err != nil {
				t.Fatal(err)
			}
			h.Forget()
			if err := h.Deliver(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			out = h.Requests()
		}
	})
	return out
}

// recordDrain is what Drain does for one new lead, the Get Messages first.
func recordDrain(t *testing.T, id string) (out []tap.Request) {
	t.Helper()
	var messageID, pop string
	synctest.Test(t, func(t *testing.T) {
		h, err := tap.New(t.Context(), tap.Options{Destinations: 1, Format: "cloudevents", Latency: latency})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"00000000", id} { // the first makes the CRM known as alive
			if err := h.Receive(tap.Lead(id)); err != nil {
				t.Fatal(err)
			}
			if err := h.Trigger(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.Forget()
			if _, err := h.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			out = h.Requests()
		}
	})
	slices.SortStableFunc(out, func(a, b tap.Request) int { return int(a.At - b.At) })
	for _, m := range messages(out[0].Answer) {
		messageID, pop = m.message, m.pop
	}
	if messageID == "" {
		t.Fatalf("the drain began with %s %s", out[0].Method, out[0].URL)
	}
	kept := out[:1]
	for _, r := range out[1:] {
		if r.Method == "GET" && strings.Contains(r.URL, "/messages?") {
			continue // of a batch that found nothing: not the message's
		}
		r.URL = strings.NewReplacer(messageID, script.Message, pop, script.Pop).Replace(r.URL)
		kept = append(kept, r)
	}
	return kept
}

// held is [tap.Hold] of two recordings.
func held(t *testing.T, one, other string) string {
	t.Helper()
	text, err := tap.Hold(one, other)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// steps makes steps of requests, in order of stage.
func steps(t *testing.T, all, others []tap.Request) []script.Step {
	t.Helper()
	for _, requests := range [][]tap.Request{all, others} {
		evenly(requests)
		order(requests)
	}
	if len(all) != len(others) {
		t.Fatalf("two leads make %d and %d requests", len(all), len(others))
	}
	var out []script.Step
	for i, r := range all {
		s := script.Step{Stage: int((r.At - all[0].At) / latency), Method: r.Method, Header: map[string]string{}, Want: r.Status, Body: held(t, string(r.Body), string(others[i].Body))}
		s.To, s.Path = place(t, held(t, r.URL, others[i].URL))
		for name := range maps.Keys(r.Header) {
			value, other := r.Header.Get(name), others[i].Header.Get(name)
			switch name {
			case "Authorization":
				s.Sign, _, _ = strings.Cut(value, " ")
			case "X-Ms-Date", "Date", "Content-Length":
			default:
				s.Header[name] = held(t, value, other)
			}
		}
		out = append(out, s)
	}
	return out
}

// boundary is what separates the parts of a batch: random, and shorter when it begins with zeros.
var boundary = regexp.MustCompile(`^multipart/mixed; *boundary=batch_([0-9a-f-]+)$`)

// evenly gives every batch the same boundary, of full length: it need not be fresh.
func evenly(all []tap.Request) {
	for i, r := range all {
		m := boundary.FindStringSubmatch(r.Header.Get("Content-Type"))
		if m == nil {
			continue
		}
		const even = "0123456789abcdef"
		all[i].Body = bytes.ReplaceAll(r.Body, []byte(m[1]), []byte(even))
		all[i].Header.Set("Content-Type", strings.Replace(r.Header.Get("Content-Type"), m[1], even, 1))
	}
}

// order is by stage, then by what is asked: what goes side by side has no order of its own.
func order(all []tap.Request) {
	slices.SortStableFunc(all, func(a, b tap.Request) int {
		if a.At != b.At {
			return int(a.At - b.At)
		}
		if c := strings.Compare(a.Method+a.URL, b.Method+b.URL); c != 0 {
			return c
		}
		return bytes.Compare(a.Body, b.Body)
	})
}

// place cuts a URL into where it goes and what is asked there.
func place(t *testing.T, url string) (to, path string) {
	t.Helper()
	for _, known := range []struct{ to, base string }{
		{"table", "http://127.0.0.1:10002/" + azuresim.AccountName},
		{"queue", "http://127.0.0.1:10001/" + azuresim.AccountName},
		{"blob", "http://127.0.0.1:10000/" + azuresim.AccountName},
		{"lender", "http://127.0.0.1:10001/" + tap.Lender},
		{"crm", "http://crm.invalid/api/crm"},
	} {
		if path, ok := strings.CutPrefix(url, known.base); ok {
			return known.to, path
		}
	}
	t.Fatalf("a request to %s", url)
	return "", ""
}

func write(t *testing.T, name string, s script.Script) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("script/recorded/"+name+".json", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
