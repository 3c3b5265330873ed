package lead

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func envelope() Envelope {
	return Envelope{ID: "01JQZ8V5X6T7B8C9D0E1F2G3H4", Partner: "crf", Type: "crf.lead", Subject: "4626a582-afb9-48bf-8d86-87e6fe91a842",
		Time: time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC), Data: []byte(`{ "amount": 25000.00, "b": "\u00e9" }`)}
}

func same(a, b Envelope) bool {
	return a.ID == b.ID && a.Partner == b.Partner && a.Type == b.Type && a.Subject == b.Subject && a.Time.Equal(b.Time) &&
		bytes.Equal(a.Data, b.Data) && a.Binary == b.Binary && a.Test == b.Test
}

func TestEnvelopeComesBackAsItWent(t *testing.T) {
	for name, change := range map[string]func(*Envelope){
		"lead": func(*Envelope) {}, "no subject": func(e *Envelope) { e.Subject = "" }, "test": func(e *Envelope) { e.Test = true },
		"binary": func(e *Envelope) { e.Binary, e.Data = true, []byte("\xff\x00{") }, "empty binary": func(e *Envelope) { e.Binary, e.Data = true, nil },
		"another zone": func(e *Envelope) { e.Time = e.Time.In(time.FixedZone("", -5*3600)) }, "nanoseconds": func(e *Envelope) { e.Time = e.Time.Add(1) },
		"quotes":     func(e *Envelope) { e.Subject = "a\"b\\c\n<é😀>" },
		"null":       func(e *Envelope) { e.Data = []byte("null") },
		"big digits": func(e *Envelope) { e.Data = []byte(`[123456789012345678901234567890.000,1E+2]`) },
	} {
		e := envelope()
		change(&e)
		text := e.AppendJSON(nil)
		if !stdjson.Valid(text) {
			t.Errorf("%s: not JSON: %s", name, text)
		}
		if back, err := ParseEnvelope(text); err != nil || !same(e, back) {
			t.Errorf("%s: came back as %+v, %v", name, back, err)
		}
	}
}

func TestEnvelopeIsACloudEvent(t *testing.T) {
	want := `{"specversion":"1.0","id":"01JQZ8V5X6T7B8C9D0E1F2G3H4","source":"/partners/crf","type":"crf.lead",` +
		`"subject":"4626a582-afb9-48bf-8d86-87e6fe91a842","time":"2026-01-02T03:04:05.6789Z","datacontenttype":"application/json","data":{ "amount": 25000.00, "b": "\u00e9" }}`
	if got := envelope().AppendJSON([]byte("x")); string(got) != "x"+want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSpaceAroundThePayloadIsAllThatGoes(t *testing.T) {
	e := envelope()
	e.Data = append([]byte("\r\n "), append(e.Data, '\n')...)
	back, err := ParseEnvelope(e.AppendJSON(nil))
	if err != nil || !bytes.Equal(back.Data, envelope().Data) {
		t.Errorf("got %s, %v", back.Data, err)
	}
}

func TestParsedDataIsAPartOfTheTextAndEndsThere(t *testing.T) {
	text := envelope().AppendJSON(nil)
	back, err := ParseEnvelope(text)
	if err != nil {
		t.Fatal(err)
	}
	if &back.Data[0] != &text[bytes.Index(text, back.Data)] {
		t.Error("the data is a copy")
	}
	before := string(text)
	if _ = append(back.Data, "overwritten"...); string(text) != before {
		t.Error("what is appended to the data changes the text")
	}
}

func TestWhatIsNoEnvelopeIsSaidSo(t *testing.T) {
	good := string(envelope().AppendJSON(nil))
	for name, text := range map[string]string{
		"bare lead": `{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","status":"Matched"}`, "empty": "", "array": "[]", "null": "null", "text": "hello",
		"cut": good[:len(good)-1], "two": good + good, "another source": strings.Replace(good, "/partners/crf", "/others/crf", 1),
		"another version": strings.Replace(good, `"1.0"`, `"0.3"`, 1), "no id": strings.Replace(good, `"id"`, `"ID"`, 1),
		"no data": strings.Replace(good, `"data":`, `"dato":`, 1), "bad time": strings.Replace(good, "2026-01-02T", "yesterday", 1),
		"bad base64": strings.Replace(good, `"data":{ "amount": 25000.00, "b": "\u00e9" }`, `"data_base64":"*"`, 1),
	} {
		if e, err := ParseEnvelope([]byte(text)); !errors.Is(err, ErrNotEnvelope) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
}

func TestInvalidUTF8InAnIDStillMakesJSON(t *testing.T) {
	e := envelope()
	e.Subject = "a\xffb"
	if back, err := ParseEnvelope(e.AppendJSON(nil)); err != nil || back.Subject != "a\uFFFDb" {
		t.Errorf("subject %q, %v", back.Subject, err)
	}
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add(envelope().AppendJSON(nil))
	binary := envelope()
	binary.Binary, binary.Test = true, true
	f.Add(binary.AppendJSON(nil))
	f.Add([]byte(`{"specversion":"1.0","source":"/partners/x","id":"1","data":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEnvelope(text)
		if err != nil {
			if !errors.Is(err, ErrNotEnvelope) {
				t.Fatal(err)
			}
			return
		}
		if y := e.Time.UTC().Year(); y < 0 || y > 9999 {
			return // RFC 3339 cannot write it; our own times are never there
		}
		if back, err := ParseEnvelope(e.AppendJSON(nil)); err != nil || !same(e, back) {
			t.Fatalf("%s came back as %+v, %v", text, back, err)
		}
	})
}
