package receive_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/receive"
)

// TestFirstFaultIsAnswered begins with a request that has every fault and mends them one by one, in the order of
// DESIGN 3.
func TestFirstFaultIsAnswered(t *testing.T) {
	faults := []struct {
		name   string
		status int
		stored int
	}{
		{"method", 405, 0}, {"partner", 404, 0}, {"header", 401, 0}, {"type", 415, 0}, {"size", 413, 0},
		{"signature", 401, 0}, {"JSON", 400, 1}, {"schema", 422, 1}, {"none", 200, 1},
	}
	w := newWorld(t)
	for i, f := range faults {
		left := map[string]bool{}
		for _, later := range faults[i:] {
			left[later.name] = true
		}
		path, body := "signed", sample
		if left["schema"] {
			body = `{"amount":-1}`
		}
		if left["JSON"] {
			body = body[:len(body)-1]
		}
		if left["size"] {
			body += strings.Repeat(" ", 1000)
		}
		if left["partner"] {
			path = "nobody"
		}
		r := post(path, body, header("X-Signature", sign([]byte(body))))
		for name, change := range map[string]func(*http.Request){
			"method": func(r *http.Request) { r.Method = http.MethodPut }, "header": header("X-Memory-Key", "wrong"),
			"type": header("Content-Type", "text/plain"), "signature": header("X-Signature", sign([]byte("another"))),
		} {
			if left[name] {
				change(r)
			}
		}
		t.Run(fmt.Sprintf("%s first", f.name), func(t *testing.T) {
			w.T = t
			w.want(w.do(r), f.status, f.stored)
		})
	}
}

func TestAnswers(t *testing.T) {
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	long := `{"id":"` + strings.Repeat("x", 1000) + `"}`
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		stored int
	}{
		"good":                          {post("memory", sample), 200, 1},
		"a slash at the end":            {post("memory/", sample), 200, 1},
		"white space around the JSON":   {post("memory", " \n"+sample+"\n "), 200, 1},
		"an unknown field":              {post("memory", `{"id":"l","more":1}`), 200, 1},
		"NUL, astral, 400 elements":     {post("memory", `{"id":"\u0000𝄞","more":[`+strings.TrimSuffix(strings.Repeat("1,", 400), ",")+`]}`), 200, 1},
		"exactly the limit":             {post("memory", sample+strings.Repeat(" ", 1000-len(sample))), 200, 1},
		"one byte beyond the limit":     {post("memory", sample+strings.Repeat(" ", 1001-len(sample))), 413, 0},
		"too long":                      {post("memory", long), 413, 0},
		"too long, of unknown length":   {post("memory", long, unknownLength), 413, 0},
		"of unknown length":             {post("memory", sample, unknownLength), 200, 1},
		"GET":                           {post("memory", "", method("GET")), 405, 0},
		"HEAD":                          {post("memory", "", method("HEAD")), 405, 0},
		"PUT":                           {post("memory", sample, method("PUT")), 405, 0},
		"OPTIONS for nobody":            {post("nobody", "", method("OPTIONS")), 405, 0},
		"no partner":                    {post("", sample), 404, 0},
		"another case":                  {post("MEMORY", sample), 404, 0},
		"no secret":                     {post("memory", sample, func(r *http.Request) { r.Header.Del("X-Memory-Key") }), 401, 0},
		"a wrong secret":                {post("memory", sample, header("X-Memory-Key", secret+"x")), 401, 0},
		"two secrets":                   {post("memory", sample, func(r *http.Request) { r.Header.Add("X-Memory-Key", secret) }), 401, 0},
		"a token that nobody asked for": {post("memory/"+token, sample), 401, 0},
		"a signature of another body":   {post("signed", sample, header("X-Signature", sign([]byte("other")))), 401, 0},
		"not JSON, wrong signature":     {post("signed", "{", header("X-Signature", "")), 401, 0},
		"empty":                         {post("memory", ""), 400, 1},
		"cut off":                       {post("memory", sample[:20]), 400, 1},
		"twice":                         {post("memory", sample+sample), 400, 1},
		"a byte order mark":             {post("memory", "\xef\xbb\xbf"+sample), 400, 1},
		"not UTF-8":                     {post("memory", "{\"id\":\"\xff\"}"), 400, 1},
		"duplicate keys":                {post("memory", `{"id":"a","id":"b"}`), 400, 1},
		"33 deep":                       {post("memory", strings.Repeat("[", 33)+strings.Repeat("]", 33)), 400, 1},
		"half a surrogate":              {post("memory", `{"id":"\ud800"}`), 400, 1},
		"null":                          {post("memory", "null"), 422, 1},
		"an array":                      {post("memory", "[]"), 422, 1},
		"a wrong type":                  {post("memory", `{"id":7}`), 422, 1},
		"without id":                    {post("memory", `{"amount":1}`), 422, 1},
		"a note, strictly":              {post("strict", `{"id":"l","more":1}`), 422, 1},
		"no note, strictly":             {post("strict", sample), 200, 1},
		"invalid, and kept":             {post("keeping", `{"amount":1}`), 200, 1},
		"not JSON, and kept":            {post("keeping", `{`), 200, 1},
		"too long, not kept":            {post("keeping", long), 413, 0},
		"unproven, not kept":            {post("keeping", "{", header("X-Memory-Key", "")), 401, 0},
		"crf's own sample":              {post("crf/"+token, string(crf.Sample()), header("X-Api-Key", secret)), 200, 1},
		"crf without token":             {post("crf", string(crf.Sample()), header("X-Api-Key", secret)), 401, 0},
		"crf with a longer token":       {post("crf/"+token+"/x", string(crf.Sample()), header("X-Api-Key", secret)), 401, 0},
		"crf with a wrong e-mail type":  {post("crf/"+token, strings.Replace(string(crf.Sample()), `"bob@somecompany.com"`, `["bob@somecompany.com"]`, 1), header("X-Api-Key", secret)), 422, 1},
		"crf cut within a name":         {post("crf/"+token, string(crf.Sample()[:1200]), header("X-Api-Key", secret)), 400, 1},
		"credzu's own sample":           {post("credzu/"+token, string(credzu.Sample())), 200, 1},
		"credzu with a wrong token":     {post("credzu/another-token-0123456789", string(credzu.Sample())), 401, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.do(c.r)
			w.want(a, c.status, c.stored)
			if allow := a.Header.Get("Allow"); (allow == "POST") != (c.status == 405) {
				t.Errorf("%d with Allow: %q", c.status, allow)
			}
		})
	}
}

func unknownLength(r *http.Request) {
	r.ContentLength = -1
	r.TransferEncoding = []string{"chunked"}
}

func TestContentTypes(t *testing.T) {
	for _, c := range []struct {
		contentType, encoding string
		status                int
	}{
		{"application/json", "", 200}, {"APPLICATION/JSON", "", 200}, {"application/json; charset=utf-8", "", 200}, {`application/json;charset="UTF-8"`, "", 200},
		{"application/json; charset=utf8", "", 200}, {"application/json;", "", 200}, {"text/json", "", 200}, {"application/cloudevents+json", "", 200},
		{"application/problem+json; charset=UTF-8", "", 200}, {"", "", 200}, {"application/json", "identity", 200}, {"application/json", " Identity", 200},
		{"application/json; charset=iso-8859-1", "", 415}, {"application/json; charset=utf-16", "", 415}, {"text/plain", "", 415}, {"text/html+json", "", 415},
		{"application/x-www-form-urlencoded", "", 415}, {"multipart/form-data; boundary=x", "", 415}, {"application/xml", "", 415}, {"json", "", 415},
		{"application/json", "gzip", 415}, {"application/json", "identity, gzip", 415}, {"", "br", 415}, {"application/json; charset", "", 415},
	} {
		t.Run(c.contentType+" "+c.encoding, func(t *testing.T) {
			w := newWorld(t)
			r := post("memory", sample, func(r *http.Request) { r.Header.Del("Content-Type") })
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			w.want(w.do(r), c.status, map[int]int{200: 1}[c.status])
		})
	}
}

func TestASecondEncodingIsSeen(t *testing.T) {
	w := newWorld(t)
	w.want(w.do(post("memory", sample, func(r *http.Request) {
		r.Header["Content-Encoding"] = []string{"identity", "gzip"}
	})), 415, 0)
}

// TestAcceptedAsItCame reads back what the intake got.
func TestAcceptedAsItCame(t *testing.T) {
	w := newWorld(t)
	first, second := w.do(post("memory", sample)), w.do(post("memory", sample))
	m, again := first.Messages[0], second.Messages[0]
	if string(m.Envelope.Data) != sample || m.Envelope.Partner != "memory" || m.Envelope.Type != "memory.lead" || m.Envelope.Subject != "l-1" || m.Envelope.Binary || m.Reject != nil {
		t.Errorf("stored %+v", m)
	}
	if m.Key == "" || m.Key != again.Key || m.LeadKey != again.LeadKey || m.Content == "" || first.Receipt == second.Receipt {
		t.Error("the same event twice must have one key and two receipts")
	}
	if m.Envelope.Time.Location().String() != "UTC" || m.Envelope.Time.Nanosecond()%1e6 != 0 {
		t.Errorf("the receive time is %v, want UTC in milliseconds", m.Envelope.Time)
	}
	if other := w.do(post("memory", `{"id":"l-1","amount":1}`)).Messages[0]; other.Key == m.Key || other.LeadKey != m.LeadKey {
		t.Error("other content of the same lead is another event of it")
	}
	keeping := w.do(post("keeping", sample)).Messages[0]
	if keeping.Key == m.Key || keeping.LeadKey == m.LeadKey {
		t.Error("two partners must not share keys")
	}
}

// TestRejectedIsKeptFirst wants a rejected event stored, whole, before 400 or 422 goes out, and the same key for the
// same body.
func TestRejectedIsKeptFirst(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
		binary bool
		faults []lead.Fault
	}{
		"not JSON":   {"{\"email\":\"bob@example.com\xff", 400, true, nil},
		"bad schema": {`{"email":"bob@example.com"}`, 422, false, []lead.Fault{{Field: "id", Rule: "required"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.do(post("memory", c.body))
			w.want(a, c.status, 1)
			m := a.Messages[0]
			if a.Receipt != m.Envelope.ID || m.Reject == nil || m.Reject.Status != c.status || m.Envelope.Type != "memory.rejected" || m.Envelope.Binary != c.binary || m.LeadKey != "" || m.Content != "" {
				t.Errorf("stored %+v", m)
			}
			if fmt.Sprint(a.Errors) != fmt.Sprint(c.faults) || fmt.Sprint(m.Reject.Faults) != fmt.Sprint(c.faults) {
				t.Errorf("told %v and kept %v, want %v", a.Errors, m.Reject.Faults, c.faults)
			}
			text, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"data_base64"`) != c.binary || !json.Valid(text) {
				t.Errorf("on the wire: %s", text)
			}
			back, err := ledger.ParseMessage(text)
			if err != nil || string(back.Envelope.Data) != c.body {
				t.Errorf("read back %q, %v", back.Envelope.Data, err)
			}
			if again := w.do(post("memory", c.body)); again.Messages[0].Key != m.Key || again.Receipt == a.Receipt {
				t.Error("the same rejected body twice must have one key and two receipts")
			}
			if other := w.do(post("strict", c.body)); other.Messages[0].Key == m.Key {
				t.Error("two partners share the key of a rejected body")
			}
		})
	}
}

// TestNothingIsSaidAcceptedThatIsNot lets the intake fail under a good, an invalid and a kept event.
func TestNothingIsSaidAcceptedThatIsNot(t *testing.T) {
	for _, r := range []*http.Request{post("memory", sample), post("memory", "{"), post("memory", "{}"), post("keeping", "{}")} {
		w := newWorld(t)
		w.intake.fail = failing
		a := w.do(r)
		w.want(a, 503, 0)
		if a.Header.Get("Retry-After") != "5" || a.Receipt != "" || a.Logged["level"] != "ERROR" || a.Logged["receipt"] != nil {
			t.Errorf("Retry-After %q, receipt %q, logged %v", a.Header.Get("Retry-After"), a.Receipt, a.Logged)
		}
	}
}

func TestNotesAreCapped(t *testing.T) {
	w := newWorld(t)
	w.Routes["noisy"] = receive.Route{MaxBody: 1000, Partner: stub{decode: func() (lead.Event, error) {
		return lead.Event{Type: "noisy", Key: []string{"k"}, Lead: lead.Lead{ID: "l"}, Notes: make([]lead.Note, 5000)}, nil
	}}}
	a := w.do(post("noisy", "{}"))
	w.want(a, 200, 1)
	if n := len(a.Messages[0].Notes); n == 0 || n > 64 {
		t.Errorf("%d notes travel", n)
	}
	if a.Logged["notes"] != float64(5000) {
		t.Errorf("the log counts %v notes", a.Logged["notes"])
	}
}

// stub is a partner that does what it is told.
type stub struct {
	admit, verify func() error
	decode        func() (lead.Event, error)
}

func (s stub) Admit(partner.Request) error {
	if s.admit != nil {
		return s.admit()
	}
	return nil
}

func (s stub) Verify(partner.Request, []byte) error {
	if s.verify != nil {
		return s.verify()
	}
	return nil
}

func (s stub) Decode(partner.Request, []byte) (lead.Event, error) {
	if s.decode != nil {
		return s.decode()
	}
	return lead.Event{Type: "stub", Key: []string{"k"}}, nil
}

func index(list []int, i int) int { return list[i] }

// TestDriverAtFaultIs500 wants a panic or an error of ours answered, nothing of the panic's value told, and an
// authentic event kept.
func TestDriverAtFaultIs500(t *testing.T) {
	loud := func() error { panic("bob@example.com sent " + secret) }
	for name, c := range map[string]struct {
		partner stub
		status  int
		stored  int
	}{
		"panic in Admit":              {stub{admit: loud}, 500, 0},
		"panic in Verify":             {stub{verify: loud}, 500, 0},
		"panic in Decode":             {stub{decode: func() (lead.Event, error) { return lead.Event{}, loud() }}, 500, 1},
		"runtime error in Decode":     {stub{decode: func() (lead.Event, error) { return lead.Event{Lead: lead.Lead{ID: fmt.Sprint(index(nil, 3))}}, nil }}, 500, 1},
		"an error of no kind, Admit":  {stub{admit: func() error { return errors.New("a fault of ours") }}, 500, 0},
		"an error of no kind, Verify": {stub{verify: func() error { return errors.New("a fault of ours") }}, 500, 0},
		"an error of no kind, Decode": {stub{decode: func() (lead.Event, error) { return lead.Event{}, errors.New("a fault of ours") }}, 422, 1},
		"Unauthorized of Decode":      {stub{decode: func() (lead.Event, error) { return lead.Event{}, lead.Errorf(lead.Unauthorized, "odd") }}, 422, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Routes["stub"] = receive.Route{Partner: c.partner, MaxBody: 1000}
			a := w.do(post("stub", sample))
			w.want(a, c.status, c.stored)
			if len(a.Messages) == 1 && (a.Messages[0].Reject == nil || !bytes.Equal(a.Messages[0].Envelope.Data, []byte(sample))) {
				t.Errorf("kept %+v", a.Messages[0])
			}
			if c.status == 500 && strings.HasPrefix(name, "panic") && !strings.Contains(fmt.Sprint(a.Logged["error"]), "answers_test.go:") {
				t.Errorf("the log does not say where: %v", a.Logged["error"])
			}
			w.want(w.do(post("memory", sample)), 200, 1) // the next request is none the worse
		})
	}
}
