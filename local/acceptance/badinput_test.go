package acceptance

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"leadrelay/internal/azure"
)

const limit = 256 << 10 // of a crf body (DESIGN 3)

// badInput is one request and the answer that DESIGN 3 names for it.
type badInput struct {
	name    string
	body    []byte
	change  func(*http.Request)
	want    int
	field   string // in the errors of a 422
	stored  bool   // authentic, so it is in the ledger, accepted or rejected
	chunked bool
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func method(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }

func path(p string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = p } }

// padded is a lead whose JSON has just n bytes.
func padded(n int) []byte {
	b := leadWith(uuid.NewString(), map[string]string{"otherReasonText": `""`})
	return bytes.Replace(b, []byte(`"otherReasonText":""`), []byte(`"otherReasonText":"`+strings.Repeat("x", n-len(b))+`"`), 1)
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // into memory
	_ = w.Close()
	return out.Bytes()
}

func inputs() []badInput {
	id, ok := uuid.NewString, func() []byte { return leadWith(uuid.NewString(), nil) }
	with := func(name, value string) []byte { return leadWith(id(), map[string]string{name: value}) }
	array := func(n int, element string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	return []badInput{
		{name: "a good lead", body: ok(), want: 200, stored: true},
		{name: "no body", body: nil, want: 400, stored: true},
		{name: "not JSON", body: []byte("hello"), want: 400, stored: true},
		{name: "half a lead", body: ok()[:200], want: 400, stored: true},
		{name: "two values", body: []byte(`{} {}`), want: 400, stored: true},
		{name: "wrong content type", body: ok(), change: header("Content-Type", "text/plain"), want: 415},
		{name: "wrong charset", body: ok(), change: header("Content-Type", "application/json; charset=utf-16"), want: 415},
		{name: "gzip", body: zipped(ok()), change: header("Content-Encoding", "gzip"), want: 415},
		{name: "at the limit", body: padded(limit), want: 200, stored: true},
		{name: "one byte over the limit", body: padded(limit + 1), want: 413},
		{name: "one byte over the limit, chunked", body: padded(limit + 1), chunked: true, want: 413},
		{name: "chunked", body: ok(), chunked: true, want: 200, stored: true},
		{name: "wrong secret", body: ok(), change: header("X-Api-Key", "wrong"), want: 401},
		{name: "no secret", body: ok(), change: func(r *http.Request) { r.Header.Del("X-Api-Key") }, want: 401},
		{name: "two secrets", body: ok(), change: func(r *http.Request) { r.Header.Add("X-Api-Key", "wrong") }, want: 401},
		{name: "a token that nobody asked for", body: ok(), change: path("/webhooks/crf/token"), want: 401},
		{name: "unknown partner", body: ok(), change: path("/webhooks/nobody"), want: 404},
		{name: "GET", change: method("GET"), want: 405},
		{name: "PUT", body: ok(), change: method("PUT"), want: 405},
		{name: "DELETE of an unknown partner", change: func(r *http.Request) { r.Method, r.URL.Path = "DELETE", "/webhooks/nobody" }, want: 405},
		{name: "missing id", body: with("id", ""), want: 422, field: "id", stored: true},
		{name: "null id", body: with("id", "null"), want: 422, field: "id", stored: true},
		{name: "id of another type", body: with("id", "7"), want: 422, field: "id", stored: true},
		{name: "an array", body: []byte("[]"), want: 422, stored: true},
		{name: "a string for a decimal", body: with("requestedAmount", `"25000.00"`), want: 422, field: "requestedAmount", stored: true},
		{name: "a string for a boolean", body: with("hasBusinessPlan", `"yes"`), want: 422, field: "hasBusinessPlan", stored: true},
		{name: "a fraction for an integer", body: with("numEmployees", `1.5`), want: 422, field: "numEmployees", stored: true},
		{name: "an object for an array", body: with("collateralTypes", `{}`), want: 422, field: "collateralTypes", stored: true},
		{name: "fraud score beyond 1", body: with("fraudScore", `1.01`), want: 422, field: "fraudScore", stored: true},
		{name: "latitude beyond 90", body: with("statistics", `{"latitude":90.5,"longitude":0,"craEligibleTract":false}`), want: 422, field: "statistics.latitude", stored: true},
		{name: "longitude beyond -180", body: with("statistics", `{"latitude":0,"longitude":-181,"craEligibleTract":false}`), want: 422, field: "statistics.longitude", stored: true},
		{name: "deep nesting", body: with("extra", strings.Repeat("[", 40)+strings.Repeat("]", 40)), want: 400, stored: true},
		{name: "invalid UTF-8", body: bytes.Replace(ok(), []byte("Bob"), []byte("B\xffb"), 1), want: 400, stored: true},
		{name: "a byte order mark", body: append([]byte("\xef\xbb\xbf"), ok()...), want: 400, stored: true},
		{name: "duplicate keys", body: append(append([]byte{}, ok()[:len(ok())-1]...), `,"status":"Matched"}`...), want: 400, stored: true},
		{name: "NUL and astral characters", body: with("firstName", `"B\u0000b 𝔹𝕠𝕓 \ud83d\ude00"`), want: 200, stored: true},
		{name: "an array of 10,000", body: with("collateralTypes", array(10_000, `"Inventory"`)), want: 200, stored: true},
		{name: "an unknown field", body: with("floor", `3`), want: 200, stored: true},
		{name: "an unknown lookup value", body: with("status", `"Ghosted"`), want: 200, stored: true},
		{name: "only an id", body: []byte(`{"id":"` + id() + `"}`), want: 200, stored: true},
		{name: "60 KB", body: padded(60_000), want: 200, stored: true},
		{name: "200 KB", body: padded(200_000), want: 200, stored: true},
	}
}

func TestEachBadInputHasItsAnswerAndNothingAuthenticIsLost(t *testing.T) {
	s := up(t, nil)
	accepted, rejected := 0, 0
	var whole [][]byte
	var ids []string
	for _, in := range inputs() {
		t.Run(in.name, func(t *testing.T) {
			var body io.Reader = bytes.NewReader(in.body)
			if in.chunked {
				body = io.MultiReader(body) // hides the length
			}
			status, answer, err := s.post(body, in.change)
			if err != nil || status != in.want {
				t.Fatalf("answered %d %s %v, want %d", status, answer, err, in.want)
			}
			checkAnswer(t, in, answer)
		})
		switch {
		case in.stored && in.want == 200:
			accepted++
			whole = append(whole, in.body)
			ids = append(ids, idOf(t, in.body))
		case in.stored:
			rejected++
		}
	}
	s.eventually(func() string {
		states, err := s.eventStates()
		switch {
		case err != nil:
			return err.Error()
		case states["in flight"] > 0:
			return "events are in flight"
		case states["rejected"] != rejected || states["delivered"] != accepted:
			return fmt.Sprintf("the ledger has %v; want %d rejected, %d accepted", states, rejected, accepted)
		}
		return ""
	})
	for _, body := range whole {
		if !s.inContainer(body) {
			t.Errorf("a body of %d bytes is not in the lender's container, byte for byte", len(body))
		}
	}
	s.inLeads(ids) // the large ones through the overflow container
}

func idOf(t *testing.T, body []byte) string {
	t.Helper()
	var l struct{ ID string }
	if err := json.Unmarshal(body, &l); err != nil {
		t.Fatal(err)
	}
	return l.ID
}

// checkAnswer: a 401 says nothing; a 422 names the field; no answer holds a value of the payload.
func checkAnswer(t *testing.T, in badInput, answer string) {
	t.Helper()
	if in.want == 401 && answer != "" {
		t.Errorf("a 401 says %q", answer)
	}
	if in.field != "" {
		var p struct {
			Errors []struct{ Field, Rule string }
		}
		if err := json.Unmarshal([]byte(answer), &p); err != nil || len(p.Errors) != 1 || p.Errors[0].Field != in.field || p.Errors[0].Rule == "" {
			t.Errorf("the answer %s does not name %s and its rule", answer, in.field)
		}
	}
	for _, private := range []string{"somecompany", "Lastnameson", "123-456-7890"} {
		if strings.Contains(answer, private) {
			t.Errorf("the answer holds %s", private)
		}
	}
}

// eventStates counts the ledger's events by state.
func (s *system) eventStates() (map[string]int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	states := map[string]int{}
	pages := s.ours.Table("leadrelayledger").NewListEntitiesPager(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, azure.Classify(err)
		}
		for _, b := range page.Entities {
			var row struct{ RowKey, State string }
			if err := json.Unmarshal(b, &row); err != nil {
				return nil, err
			}
			if row.RowKey == "e" {
				states[row.State]++
			}
		}
	}
	return states, nil
}

// inContainer looks for a blob of the demo lender with just these bytes.
func (s *system) inContainer(body []byte) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := s.ours.Container("demo-leads")
	pages := c.NewListBlobsFlatPager(nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			s.t.Fatal(azure.Classify(err))
		}
		for _, item := range page.Segment.BlobItems {
			if *item.Properties.ContentLength != int64(len(body)) {
				continue
			}
			resp, err := c.NewBlobClient(*item.Name).DownloadStream(ctx, nil)
			if err != nil {
				s.t.Fatal(azure.Classify(err))
			}
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				s.t.Fatal(err)
			}
			if bytes.Equal(b, body) {
				return true
			}
		}
	}
	return false
}
