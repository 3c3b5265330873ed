package rule_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/rule"
)

func TestTemplateFillsItsHolesAndNoOtherByte(t *testing.T) {
	const payload = `{"id":"x","amount": 25000.00,"name":"a\u0062\"","address":{ "zip" : "55234" },"tags":[1,{"a":2}],"nil":null,"event":"mortgage_ready","a.b":7,"lead":{"id":"own"}}`
	for in, want := range map[string]string{
		` { "amount" : "${amount}" } `: ` { "amount" : 25000.00 } `,
		`"${address}"`:                 `{ "zip" : "55234" }`,
		`["${name}","${address.zip}","${tags}","${nil}","${nothing}","${tags.a}","${amount.x}","${address.zip}"]`: `["a\u0062\"","55234",[1,{"a":2}],null,null,null,null,"55234"]`,
		`["${event.id}","${event.type}","${event.time}","${lead.id}","${event}"]`:                                 `["01J\"","crf.lead","2026-02-03T04:05:06.7Z","4626","mortgage_ready"]`,
		`{"${amount}":"${amount}","\u0024{id}":"\u0024{id}"}`:                                                     `{"${amount}":25000.00,"\u0024{id}":"x"}`,
		`["x${amount}","${amount} ","$amount","{amount}", 1.0, "${a\\.b}" ]`:                                      `["x${amount}","${amount} ","$amount","{amount}", 1.0, 7 ]`,
		`{"a":{"b":["${id}"]},"fixed":"leadrelay"}`:                                                               `{"a":{"b":["x"]},"fixed":"leadrelay"}`,
		`{}`: `{}`, ` null`: ` null`,
	} {
		tp, err := rule.NewTemplate([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		e := rule.NewEvent(lead.Event{Type: "crf.lead", Lead: lead.Lead{ID: "4626"}}, []byte(payload))
		e.ID, e.Time = `01J"`, time.Date(2026, 2, 3, 4, 5, 6, 700_000_000, time.UTC)
		if got, err := tp.Render(e); err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", in, got, err, want)
		}
	}
}

func TestTemplateThatIsWrongIsRefused(t *testing.T) {
	for _, in := range []string{"", "{", `{"a":"${a}"`, `{"a":${a}}`, `{"a":1,"a":2}`, `"${}"`, `"${a.}"`, `"${a[0]}"`, `"${event.secret}"`, `"${lead.amount}"`, `"${event.}"`, `"${ a }"`,
		`"` + strings.Repeat("x", 17<<10) + `"`, strings.Repeat("[", 40) + strings.Repeat("]", 40)} {
		if tp, err := rule.NewTemplate([]byte(in)); err == nil || tp != nil || !strings.Contains(err.Error(), "template") {
			t.Errorf("%.40s: %v", in, err)
		}
	}
}

func TestTemplateNeedsThePayloadOnlyWhereItAsksForIt(t *testing.T) {
	e := rule.NewEvent(lead.Event{Type: "crf.lead"}, []byte("SECRET"))
	for in, fails := range map[string]bool{`{"type":"${event.type}"}`: false, `{"a":"${a}"}`: true} {
		tp, err := rule.NewTemplate([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := tp.Render(e); (err != nil) != fails || err != nil && (out != nil || strings.Contains(err.Error(), "SECRET")) {
			t.Errorf("%s: %s, %v", in, out, err)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"a":"${a.b}","t":["${event.time}"]}`, `{"a":{"b":[1, 2]}}`)
	f.Add(`"${a}"`, `{"a":"\ud83d\ude00"}`)
	f.Fuzz(func(t *testing.T, template, payload string) {
		tp, err := rule.NewTemplate([]byte(template))
		if err != nil {
			return
		}
		out, err := tp.Render(rule.NewEvent(lead.Event{Type: "\xff", Lead: lead.Lead{ID: payload}}, []byte(payload)))
		if err == nil && !json.Valid(out) {
			t.Errorf("%s of %s makes %s", template, payload, out)
		}
		if err == nil && !strings.Contains(template, "{") && string(out) != template {
			t.Errorf("%s became %s", template, out)
		}
	})
}
