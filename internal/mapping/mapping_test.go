package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/lead"
)

// head is the part of a map that no test is about.
const head = "version: 1\ncrm: dataverse\nkey: {field: k, plain: crf}\nlookups: {word: {a: 1, b: two, yes: true, '7': 7.5}}\nwrites:\n"

// oneField is a map that writes one field by a rule in YAML's flow form.
func oneField(rule string) string {
	return head + "  - {to: lead, on: [crf.lead], fields: {always: {const: 1}, f: " + rule + "}}\n"
}

func event() lead.Event {
	return lead.Event{Type: "crf.lead", Key: []string{"id"}, Lead: lead.Lead{Partner: "crf", ID: "id", Stage: lead.Won, Amount: "12.50"}}
}

// render gives field f as JSON, "-" when it is left alone, and its error.
func render(t *testing.T, rule, payload string) (string, Field, error) {
	t.Helper()
	m, err := Parse([]byte(oneField(rule)))
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	r, err := m.Render(event(), []byte(payload))
	if err != nil {
		return "", Field{}, err
	}
	for _, f := range r.Lead.Fields {
		if f.Name == "f" {
			b, err := json.Marshal(f.Value)
			if err != nil {
				t.Fatal(err)
			}
			return string(b), f, nil
		}
	}
	return "-", Field{}, nil
}

func TestRulesGiveWhatTheyPromise(t *testing.T) {
	for _, c := range []struct{ rule, payload, want string }{
		{`{path: a}`, `{"a":"x"}`, `"x"`}, {`{path: a}`, `{}`, `-`}, {`{path: a}`, `{"a":null}`, `-`}, {`{path: a}`, `{"a":""}`, `-`}, {`{path: a}`, `{"a":[]}`, `-`},
		{`{path: a.b.c}`, `{"a":{"b":{"c":true}}}`, `true`}, {`{path: a.b.c}`, `{"a":null}`, `-`}, {`{path: a.b}`, `{"a":[{"b":1}]}`, `-`},
		{`{path: a, onNull: clear}`, `{"a":null}`, `null`}, {`{path: a, onNull: clear}`, `{"a":""}`, `null`}, {`{path: a, onNull: clear}`, `{}`, `-`},
		{`{path: a}`, `{"a":25000.00}`, `25000.00`}, {`{path: a}`, `{"a":12345678901234567890.10}`, `12345678901234567890.10`},
		{`{path: a, as: money, decimals: 2}`, `{"a":25000.00}`, `25000.00`}, {`{path: a, as: money, decimals: 2}`, `{"a":2.005}`, `2.01`},
		{`{path: a, as: money, decimals: 2}`, `{"a":-2.005}`, `-2.01`}, {`{path: a, as: decimal, decimals: 5}`, `{"a":-93.2639915}`, `-93.26399`},
		{`{path: a, as: decimal}`, `{"a":1e3}`, `1000`}, {`{path: a, as: decimal}`, `{"a":1.5e-3}`, `0.0015`}, {`{path: a, as: decimal}`, `{"a":"7.10"}`, `7.10`},
		{`{path: a, as: int}`, `{"a":3.0}`, `3`}, {`{path: a, as: int}`, `{"a":-0}`, `-0`}, {`{path: a, as: string}`, `{"a":25000.00}`, `"25000.00"`},
		{`{path: a, as: bool}`, `{"a":"true"}`, `true`}, {`{path: a, as: datetime}`, `{"a":"2020-05-09T01:09:15.47967+02:00"}`, `"2020-05-08T23:09:15Z"`},
		{`{path: a, as: date}`, `{"a":"1995-06-01"}`, `"1995-06-01"`}, {`{path: a, as: date}`, `{"a":"2020-05-08T23:09:15Z"}`, `"2020-05-08"`},
		{`{path: a, as: multiselect}`, `{"a":["x",null,"","y"]}`, `"x,y"`}, {`{path: a, as: multiselect}`, `{"a":[null]}`, `-`}, {`{path: a, as: multiselect, lookup: word}`, `{"a":["b","zz","a"]}`, `"two,1"`},
		{`{path: a, as: json}`, `{"a":{"z":1.50,"b":[null]}}`, `"{\"b\":[null],\"z\":1.50}"`}, {`{path: ., as: json}`, `{"a":1}`, `"{\"a\":1}"`},
		{`{path: a, lookup: word}`, `{"a":"a"}`, `1`}, {`{path: a, lookup: word}`, `{"a":true}`, `-`}, {`{path: a, lookup: word}`, `{"a":7}`, `7.5`}, {`{path: a, lookup: word}`, `{"a":"q"}`, `-`},
		{`{path: a, lookup: word, onMissing: raw}`, `{"a":"q"}`, `"q"`}, {`{path: a, lookup: word, default: 9}`, `{"a":"q"}`, `9`},
		{`{path: a, default: none}`, `{"a":null}`, `"none"`}, {`{const: 4}`, `{}`, `4`}, {`{const: false}`, `{}`, `false`},
		{`{path: a, max: 3, onLong: truncate}`, `{"a":"abcd"}`, `"abc"`}, {`{path: a, max: 3, onLong: truncate}`, `{"a":"ab😀"}`, `"ab"`}, {`{path: a, max: 4}`, `{"a":"ab😀"}`, `"ab😀"`},
		{`{path: a}`, `{"a":"x\u0000y\u001bz\n"}`, `"xyz\n"`}, {`{path: a}`, `{"a":"\u0000"}`, `-`},
		{`{path: a, stages: [won]}`, `{"a":1}`, `1`}, {`{path: a, stages: [open, lost]}`, `{"a":1}`, `-`},
		{`{path: lead.amount}`, `{}`, `12.50`}, {`{path: lead.contact.email}`, `{}`, `-`}, {`{path: event.type}`, `{}`, `"crf.lead"`}, {`{path: event.word}`, `{}`, `"lead"`},
		{`{expr: 'payload.a?.b ?? "none"'}`, `{}`, `"none"`}, {`{expr: 'payload.a + 1'}`, `{"a":2}`, `3`}, {`{expr: 'lead.amount * 2'}`, `{}`, `25`}, {`{expr: 'nil'}`, `{}`, `-`},
		{`{expr: 'payload.a > 10000 ? "big" : "small"'}`, `{"a":25000.00}`, `"big"`}, {`{expr: 'join(payload.tags, ", ")'}`, `{"tags":["x","y"]}`, `"x, y"`},
		{`{expr: 'any(payload.tags, # == "x")'}`, `{"tags":["x"]}`, `true`},
		{`{expr: 'split("a,b", ",")', as: multiselect}`, `{}`, `"a,b"`},
	} {
		got, _, err := render(t, c.rule, c.payload)
		if err != nil || got != c.want {
			t.Errorf("%s of %s: want %s, got %s, %v", c.rule, c.payload, c.want, got, err)
		}
	}
}

func TestBrokenRulesNameTheFieldAndNeverTheValue(t *testing.T) {
	for _, c := range []struct{ rule, payload, says string }{
		{`{path: a, as: int}`, `{"a":3.5}`, "as: is no int"}, {`{path: a, as: int}`, `{"a":"SECRET"}`, "as: is no int"}, {`{path: a, as: int}`, `{"a":true}`, "as: is no int"},
		{`{path: a, as: decimal}`, `{"a":1e999999}`, "as: is no decimal"}, {`{path: a, as: money}`, `{"a":1e41}`, "as: is no money"}, {`{path: a, as: money}`, `{"a":"1_000"}`, "as: is no money"},
		{`{path: a, as: bool}`, `{"a":"SECRET"}`, "as: is no bool"}, {`{path: a, as: datetime}`, `{"a":"SECRET"}`, "as: is no datetime"}, {`{path: a, as: date}`, `{"a":1}`, "as: is no date"},
		{`{path: a}`, `{"a":{"b":"SECRET"}}`, "as: is no text"}, {`{path: a, as: multiselect}`, `{"a":[["SECRET"]]}`, "as: is no multiselect"},
		{`{path: a, max: 3}`, `{"a":"SECRET"}`, "max=3"}, {`{path: a, lookup: word, onMissing: reject}`, `{"a":"SECRET"}`, "lookup: word lacks"}, {`{path: a, lookup: word}`, `{"a":{"SECRET":1}}`, "lookup: is no text"},
		{`{expr: 'payload.a.b'}`, `{"a":"SECRET"}`, "expr fails"}, {`{expr: 'payload.a + 1'}`, `{"a":"SECRET"}`, "expr fails"}, {`{expr: 'upper(payload.a)'}`, `{"a":1}`, "expr fails"},
	} {
		_, _, err := render(t, c.rule, c.payload)
		if lead.KindOf(err) != lead.Refused || !strings.Contains(fmt.Sprint(err), "lead.f "+c.says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s of %s: want a refusal that says lead.f %s, got %v", c.rule, c.payload, c.says, err)
		}
	}
}

func TestSensitiveValueIsNotShown(t *testing.T) {
	for rule, want := range map[string]string{`{path: a}`: `"x"`, `{path: a, sensitive: true}`: "[sensitive]"} {
		if _, f, err := render(t, rule, `{"a":"x"}`); err != nil || f.Shown() != want {
			t.Errorf("%s: want %s, got %s, %v", rule, want, f.Shown(), err)
		}
	}
}

func TestDefaultsAndWriteOnceAreInNewRecordsOnly(t *testing.T) {
	for rule, once := range map[string]bool{`{path: a, default: x}`: true, `{path: b, default: x}`: false, `{path: b, writeOnce: true}`: true, `{path: b}`: false} {
		_, f, err := render(t, rule, `{"b":1}`)
		r := Record{Fields: []Field{f}}
		if err != nil || f.Once != once || len(r.Create()) != 1 || len(r.Update()) == 1 == once || r.HasOnce() != once {
			t.Errorf("%s: want once %t, got %+v", rule, once, f)
		}
	}
	_, f, _ := render(t, `{path: a, max: 1, onLong: truncate, sensitive: true}`, `{"a":"xx"}`)
	if r := (Record{Fields: []Field{f}}); !f.Cut || !f.Sensitive || len(r.Cut()) != 1 {
		t.Errorf("want it marked as cut and sensitive: %+v", f)
	}
}

func TestNoticesWriteNothingAndUnmappedLeadsAreRefused(t *testing.T) {
	m, err := Parse([]byte(oneField(`{path: a}`)))
	if err != nil {
		t.Fatal(err)
	}
	e := event()
	e.About = lead.Notice
	if r, err := m.Render(e, []byte(`not even JSON`)); err != nil || len(r.Lead.Fields) != 0 {
		t.Errorf("a notice: %+v, %v", r, err)
	}
	e.About, e.Type = lead.LeadEvent, "acme.lead"
	if _, err := m.Render(e, []byte(`{}`)); lead.KindOf(err) != lead.Refused {
		t.Errorf("a lead that no block is for: %v", err)
	}
	e = event()
	e.Lead.ID = ""
	if _, err := m.Render(e, []byte(`{}`)); lead.KindOf(err) != lead.Refused {
		t.Errorf("a lead without an id: %v", err)
	}
	if _, err := m.Render(event(), []byte(`{"a":1,"a":2}`)); lead.KindOf(err) != lead.Refused {
		t.Errorf("a payload with a name twice: %v", err)
	}
}
