package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

type inner struct {
	City  *string `json:"city" validate:"expected,omitnil,lookup=city"`
	Raw   Raw     `json:"-"`
	Extra Extra   `json:",embed" validate:"extra"`
}

// outer has a field of every kind, and every rule.
type outer struct {
	ID     *string      `json:"id" validate:"required,uuid"`
	Kind   string       `json:"kind" validate:"required"`
	Soft   *string      `json:"soft" validate:"omitnil,lookup=city,timestamp"`
	Plain  string       `json:"plain"`
	When   *string      `json:"when" validate:"omitnil,datetimeoffset"`
	Loose  *string      `json:"loose" validate:"omitnil,timestamp"`
	Score  lead.Decimal `json:"score" validate:"omitempty,gte=0,lte=1"`
	Above  lead.Decimal `json:"above" validate:"omitempty,gt=1,lt=9"`
	Amount lead.Decimal `json:"amount" validate:"expected"`
	Cities []*string    `json:"cities" validate:"omitempty,dive,omitnil,lookup=city"`
	Any    []*string    `json:"any"`
	Count  *int64       `json:"count" validate:"omitnil,gt=0,lte=1000"`
	Whole  *int64       `json:"whole"`
	OK     *bool        `json:"ok" validate:"expected"`
	Inner  *inner       `json:"inner"`
	Must   *inner       `json:"must" validate:"required"`
	Deep   *struct {
		Inner *inner `json:"inner" validate:"expected"`
	} `json:"deep"`
	Free   jsontext.Value `json:"free"`
	Own    shout          `json:"own"`
	OwnPtr *shout         `json:"own-ptr"`
	Extra  Extra          `json:",embed" validate:"extra"`
}

// shout is a text that reads itself.
type shout string

func (shout) JSONType() string { return "loud string" }

func (s *shout) UnmarshalJSON(b []byte) error {
	if b[0] != '"' && b[0] != 'n' {
		return errors.New("want a string")
	}
	*s = shout(strings.ToUpper(string(b)))
	return nil
}

func tested() *Schema[outer] { return New[outer](map[string][]string{"city": {"Bonn", "Ulm"}}) }

// agree compares both ways and returns what they find: the error, or "field code" for each note.
func agree(t *testing.T, s *Schema[outer], body string) string {
	t.Helper()
	payload, notes, err := s.Thorough([]byte(body))
	quick := s.Quick([]byte(body), func(same *outer, sameNotes []lead.Note) {
		if !reflect.DeepEqual(same, payload) || !reflect.DeepEqual(sameNotes, notes) {
			t.Errorf("%s\nquick    %+v %v\nthorough %+v %v", body, same, sameNotes, payload, notes)
		}
	})
	if quick != (err == nil) {
		t.Errorf("%s: quick is %v, thorough says %v", body, quick, err)
	}
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, n := range notes {
		out = append(out, n.Field+" "+n.Code)
	}
	return strings.Join(out, "; ")
}

const good = `"id":"4626A582-afb9-48bf-8d86-87e6fe91a842","kind":"Ulm","amount":1,"ok":true,"must":{"city":"Bonn"}`

// verdicts are bodies (those without braces are members beside the good ones) and what is to be said of them.
func verdicts() map[string]string {
	return map[string]string{
		``:                        "",
		`{}`:                      "invalid: id required: kind required: must required",
		`{"id":null,"must":null}`: "invalid: id required: kind required: must required",
		`{"id":"","kind":"Ulm","must":{"city":"Ulm"}}`: "invalid: id uuid",
		`"score":0`: "", `"score":1.0`: "", `"score":null`: "", `"score":-0`: "", `"score":1e-999`: "",
		`"score":1.01`: "invalid: score lte=1", `"score":-1e-9`: "invalid: score gte=0", `"score":1e999`: "invalid: score lte=1",
		`"above":0`: "", `"above":0.0e7`: "", `"above":1.5`: "", `"above":1`: "invalid: above gt=1", `"above":9.0`: "invalid: above lt=9",
		`"count":1`: "", `"count":1000`: "", `"count":0`: "invalid: count gt=0", `"count":1001`: "invalid: count lte=1000",
		`"whole":-9223372036854775808`: "", `"whole":9223372036854775807`: "", `"whole":-0`: "", `"whole":null`: "",
		`"whole":9223372036854775808`: "invalid: whole type: integer", `"whole":1.0`: "invalid: whole type: integer", `"whole":1e2`: "invalid: whole type: integer",
		`"when":"2020-05-08T23:09:15.4796701+00:00"`: "", `"when":null`: "", `"when":"2020-05-08T23:09:15+0200"`: "",
		`"when":"2020-05-08T23:09:15"`: "invalid: when datetimeoffset", `"when":""`: "invalid: when datetimeoffset",
		`"loose":"2020-05-08T23:09:15.878"`: "", `"loose":"8 May"`: "invalid: loose timestamp", `"loose":"0001-01-01T00:00:00Z"`: "invalid: loose timestamp",
		`"cities":["Ulm",null,"","Rome"]`: "cities[3] unknown_value", `"cities":[]`: "", `"cities":null`: "", `"any":["Rome",null]`: "", `"any":[]`: "",
		`"inner":{}`: "inner.city absent_field", `"inner":null`: "",
		`"inner":{"city":"Rome","floor":{"x":1}}`: "inner.city unknown_value; inner.floor unknown_field",
		`"deep":{}`: "deep.inner absent_field",
		`"deep":{"a":1,"inner":{"b":2,"city":"Rome"}}`: "deep.inner.b unknown_field; deep.inner.city unknown_value",
		`"ID":1,"new-field":[]`:                        "ID unknown_field; new-field unknown_field",
		`"ann@example.com":1`:                          "? unknown_field", `"5550100":1`: "? unknown_field", `"":1`: "? unknown_field",
		`"plain":"a\"\u00e9\ud83d\ude00\u0000\/b"`: "", `"plain":null`: "", `"plain":"\\"`: "", `"\u0070lain":"x"`: "", `"pl\"ain":1`: "? unknown_field",
		`"free":null`: "", `"free" :  [ 1 , {"a":"}"} ]`: "", `"free":"x"`: "", `"free":-1.50`: "", `"free" : { }`: "",
		`"own":"a","own-ptr":"b"`: "", `"own":null,"own-ptr":null`: "",
		`"own":1`: "invalid: own type: loud string", `"own-ptr":{}`: "invalid: own-ptr type: loud string",
		`{"ok":null,"amount":null,"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","kind":"x","must":{"city":"Ulm"}}`: "amount absent_field; ok absent_field",
		`"soft":"Rome"`: "soft unknown_value", `"soft":"Ulm"`: "invalid: soft timestamp", `"soft":""`: "invalid: soft timestamp",
		`"free":` + nest(lead.MaxDepth-1): "", `"free":` + nest(lead.MaxDepth): "invalid: nested deeper than 32", `"x":` + nest(lead.MaxDepth): "invalid: nested deeper than 32",
		`"own":` + nest(lead.MaxDepth): "invalid: nested deeper than 32", `"deep":{"x":` + nest(lead.MaxDepth-1): "invalid: nested deeper than 32",
		`"id":"x"`: "invalid: duplicate key", `"plain":1,"pl\u0061in":2`: "invalid: duplicate key", `"free":{"a":1,"a":2}`: "invalid: duplicate key", `"x":{"a":1,"a":2}`: "invalid: duplicate key",
		`"any":1`: "invalid: any type: array", `"any":[1]`: "invalid: any[0] type: string", `"any":{}`: "invalid: any type: array", `"any":["a",[]]`: "invalid: any[1] type: string",
		`"inner":1`: "invalid: inner type: object", `"inner":[]`: "invalid: inner type: object", `"inner":{"city":1}`: "invalid: inner.city type: string",
		`"plain":1`: "invalid: plain type: string", `"when":{}`: "invalid: when type: string", `"amount":"1"`: "invalid: duplicate key",
		`"score":"1"`: "invalid: score type: number", `"score":[]`: "invalid: score type: number", `"count":"1"`: "invalid: count type: integer",
		"\"plain\":\"\xff\"": "invalid: not JSON", `"plain":"\ud800"`: "invalid: not JSON", "\"plain\":\"\x01\"": "invalid: not JSON", `"plain":01`: "invalid: not JSON", `"plain":`: "invalid: not JSON",
		`"amount":1}`: "invalid: duplicate key", `"score":-`: "invalid: not JSON", `"score":1.`: "invalid: not JSON", `"score":.5`: "invalid: not JSON", `"score":+1`: "invalid: not JSON", `"score":1e`: "invalid: not JSON",
		`"score":1e+`: "invalid: not JSON", `"score":-01`: "invalid: not JSON", `"score":1x`: "invalid: not JSON", `"score":0E-0`: "", `"score":1e+0`: "", `"score":10e-1`: "", `"score":0x1`: "invalid: not JSON", `"score":NaN`: "invalid: not JSON",
		`"ok":tru`: "invalid: duplicate key", `"deep":nul`: "invalid: not JSON", `"deep":{"inner":null,}`: "invalid: not JSON", `"any":[,]`: "invalid: not JSON", `"any":["a",]`: "invalid: not JSON", `"any":["a" "b"]`: "invalid: not JSON",
		`"plain\;":1`: "invalid: not JSON", `"x\;":1`: "invalid: not JSON", `"plain\ud800":1`: "invalid: not JSON", `"x":1,"plain" "x"`: "invalid: not JSON", `"plain":"\x"`: "invalid: not JSON", `"plain":"\u12"`: "invalid: not JSON", `"pl\x":1`: "invalid: not JSON", "\"pl\xc3\":1": "invalid: not JSON", "\"plain\":\"\\\xc3\"": "invalid: not JSON", "\"plain\":\"\x7f\u2028\"": "",
		"\"plain\":\"a\nb\"": "invalid: not JSON", `"plain":"x`: "invalid: the JSON ends", `"plain":"x\`: "invalid: not JSON", `"x":1 2`: "invalid: not JSON", "\"x\":1\x00": "invalid: not JSON", "\u00a0{}": "invalid: not JSON", "\f{}": "invalid: not JSON",
		`null`: "invalid: id required", `[]`: "invalid:  type: object", `1`: "invalid:  type: object", `"x"`: "invalid:  type: object", ` `: "invalid: the JSON ends", `{`: "invalid: the JSON ends",
		"\ufeff{}": "invalid: not JSON", `{"a":[}`: "invalid: not JSON", `{,}`: "invalid: not JSON", `{"a" 1}`: "invalid: not JSON", `{1:2}`: "invalid: not JSON",
		"{" + good + "}{}": "invalid: something follows", "{" + good + "} x": "invalid: something follows", "{" + good + "}]": "invalid: something follows", " \t\r\n{" + good + "} \t\r\n": "",
	}
}

func nest(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// whole makes a body of members.
func whole(body string) string {
	if member := strings.HasPrefix(body, `"`) && strings.Contains(body, ":"); member || body == "" {
		return "{" + strings.TrimSuffix(good+","+body, ",") + "}"
	}
	return body
}

func TestBothWaysSayWhatIsRightAndWhatIsOdd(t *testing.T) {
	s := tested()
	for body, want := range verdicts() {
		got := agree(t, s, whole(body))
		if fault := strings.HasPrefix(want, "invalid"); fault && !strings.HasPrefix(got, want) || !fault && got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestFaultsNeverQuoteTheBody(t *testing.T) {
	s := tested()
	for _, body := range []string{`{"id":"ann@example.com"}`, `{"when":"ann@example.com"}`, `{"score":"ann@example.com"}`, `{"ann@example.com":1,"ann@example.com":2}`, `{"any":["a",{"ann@example.com":1}]}`} {
		if err := s.Decode([]byte(body), unused); lead.KindOf(err) != lead.Invalid || strings.Contains(err.Error(), "ann") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestFindingsAreSortedAndBounded(t *testing.T) {
	s := tested()
	var unknown, faults strings.Builder
	for i := range 200 {
		fmt.Fprintf(&unknown, `,"f%03d":0`, 199-i)
		fmt.Fprintf(&faults, `,"Ulm%d"`, i)
	}
	payload := "{" + good + unknown.String() + `,"cities":["x"` + faults.String() + "]}"
	agree(t, s, payload)
	var notes []lead.Note
	err := s.Decode([]byte(payload), func(_ *outer, n []lead.Note) error { notes = n; return nil })
	if err != nil || len(notes) != lead.MaxFindings || notes[0].Field != "cities[0]" || notes[9].Field != "cities[108]" {
		t.Errorf("%d notes, %v, %v", len(notes), notes, err)
	}
}

func TestTextsOutliveBodyAndPayload(t *testing.T) {
	s, body := tested(), []byte(whole(`"plain":"kept","cities":["Ulm"],"score":0.5`))
	var kept []string
	err := s.Decode(body, func(payload *outer, _ []lead.Note) error {
		kept = []string{payload.Plain, *payload.Cities[0], string(payload.Score), *payload.Must.City}
		return nil
	})
	clear(body)
	if err := s.Decode([]byte(whole(`"plain":"other","cities":["Rome","Rome"],"score":0.9`)), unused); err != nil {
		t.Error(err)
	}
	if got := strings.Join(kept, " "); err != nil || got != "kept Ulm 0.5 Bonn" {
		t.Errorf("kept %s, %v", got, err)
	}
}

func TestNothingIsLeftOfTheBodyBefore(t *testing.T) {
	s := tested()
	for _, before := range []string{whole(`"plain":"p","cities":["Ulm"],"deep":{"inner":{"city":"Rome","x":1}},"free":1,"own":"x","own-ptr":"x","score":1,"x":1`), whole(`"plain":"p","when":1`), `{"plain":"p"`} {
		_ = s.Decode([]byte(before), unused)
		agree(t, s, whole(""))
		agree(t, s, whole(`"deep":{}`))
	}
}

func TestRawIsTheObjectsText(t *testing.T) {
	err := tested().Decode([]byte(whole(`"deep" : { "inner" : { "city" : "Ulm" } },"free" : [ 1 ] `)), func(payload *outer, _ []lead.Note) error {
		if string(payload.Deep.Inner.Raw) != `{ "city" : "Ulm" }` || string(payload.Must.Raw) != `{"city":"Bonn"}` || string(payload.Free) != "[ 1 ]" {
			t.Errorf("%+v", payload)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestErrorOfUseComesBack(t *testing.T) {
	want := errors.New("no use")
	for _, body := range []string{whole(""), whole(`"x":1`)} {
		if err := tested().Decode([]byte(body), func(*outer, []lead.Note) error { return want }); err != want {
			t.Errorf("got %v", err)
		}
	}
}

func TestSideBySide(t *testing.T) {
	s := tested()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 200 {
				err := s.Decode(fmt.Appendf(nil, `{%s,"plain":"p%d","cities":["c%d"],"count":%d}`, good, i, i, i+1), func(payload *outer, notes []lead.Note) error {
					if payload.Plain != fmt.Sprintf("p%d", i) || *payload.Cities[0] != fmt.Sprintf("c%d", i) || *payload.Count != int64(i)+1 || len(notes) != 1 {
						t.Errorf("%d: %+v %v", i, payload, notes)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func unused(*outer, []lead.Note) error { return nil }

func TestWhatNoPlanKnowsPanics(t *testing.T) {
	type loop struct {
		Next *struct {
			Next *loop `json:"next"`
		} `json:"next"`
	}
	one := func(t reflect.Type, tag reflect.StructTag) reflect.Type {
		return reflect.StructOf([]reflect.StructField{{Name: "F", Type: t, Tag: tag}})
	}
	for name, schema := range map[string]reflect.Type{
		"no struct":     reflect.TypeFor[string](),
		"holds itself":  reflect.TypeFor[loop](),
		"type":          one(reflect.TypeFor[float64](), `json:"f"`),
		"slice":         one(reflect.TypeFor[[]string](), `json:"f"`),
		"struct":        one(reflect.TypeFor[struct{}](), `json:"f"`),
		"no name":       one(reflect.TypeFor[string](), ``),
		"option":        one(reflect.TypeFor[string](), `json:"f,omitempty"`),
		"rule":          one(reflect.TypeFor[*string](), `json:"f" validate:"omitnil,email"`),
		"table":         one(reflect.TypeFor[*string](), `json:"f" validate:"omitnil,lookup=x"`),
		"unguarded":     one(reflect.TypeFor[*string](), `json:"f" validate:"uuid"`),
		"plain":         one(reflect.TypeFor[string](), `json:"f" validate:"uuid"`),
		"no dive":       one(reflect.TypeFor[[]*string](), `json:"f" validate:"omitempty,uuid"`),
		"fraction":      one(reflect.TypeFor[*int64](), `json:"f" validate:"omitnil,gt=0.5"`),
		"zero required": one(reflect.TypeFor[lead.Decimal](), `json:"f" validate:"required"`),
		"text bound":    one(reflect.TypeFor[*string](), `json:"f" validate:"omitnil,gt=1"`),
		"object rule":   one(reflect.TypeFor[*struct{}](), `json:"f" validate:"omitnil"`),
		"own rule":      one(reflect.TypeFor[shout](), `json:"f" validate:"required"`),
		"extra":         one(reflect.TypeFor[Extra](), `json:",embed"`),
		"raw":           one(reflect.TypeFor[Raw](), `json:"raw"`),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a driver's mistake passes", name)
				}
			}()
			newPlan(schema, nil)
		}()
	}
}

func FuzzBothWaysAgree(f *testing.F) {
	for body := range verdicts() {
		f.Add(whole(body))
	}
	s := tested()
	f.Fuzz(func(t *testing.T, body string) { agree(t, s, body) })
}
