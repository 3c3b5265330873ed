package lead

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

type inner struct {
	City  *string `json:"city" validate:"expected,omitnil,lookup=city"`
	Extra Extra   `json:",embed" validate:"extra"`
}

type outer struct {
	ID     *string   `json:"id" validate:"required,uuid"`
	When   *string   `json:"when" validate:"omitnil,datetimeoffset"`
	Loose  *string   `json:"loose" validate:"omitnil,timestamp"`
	Score  Decimal   `json:"score" validate:"omitempty,gte=0,lte=1"`
	Amount Decimal   `json:"amount" validate:"expected"`
	Cities []*string `json:"cities" validate:"omitempty,dive,omitnil,lookup=city"`
	Inner  *inner    `json:"inner"`
	Must   *inner    `json:"must" validate:"required"`
	Extra  Extra     `json:",embed" validate:"extra"`
}

func rules() *Validator { return NewValidator(map[string][]string{"city": {"Bonn", "Ulm"}}) }

// found tells faults as "field rule" and notes as "field code".
func found(t *testing.T, body string) []string {
	t.Helper()
	var in outer
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	faults, notes := rules().Validate(&in)
	var out []string
	for _, f := range faults {
		out = append(out, f.Field+" "+f.Rule)
	}
	for _, n := range notes {
		out = append(out, n.Field+" "+n.Code)
	}
	return out
}

func TestValidateNamesFieldsByTheirJSONPath(t *testing.T) {
	const good = `"id":"4626A582-afb9-48bf-8d86-87e6fe91a842","amount":1,"must":{"city":"Bonn"}`
	for body, want := range map[string]string{
		`{` + good + `}`:                        "",
		`{}`:                                    "id required; must required; amount absent_field",
		`{"id":null,"must":null,"amount":null}`: "id required; must required; amount absent_field",
		`{"id":"","amount":0,"must":{"city":"Ulm"}}`:                "id uuid",
		`{` + good + `,"score":0}`:                                  "",
		`{` + good + `,"score":1.0}`:                                "",
		`{` + good + `,"score":1.01}`:                               "score lte=1",
		`{` + good + `,"score":-1e-9}`:                              "score gte=0",
		`{` + good + `,"score":null}`:                               "",
		`{` + good + `,"when":"2020-05-08T23:09:15.4796701+00:00"}`: "",
		`{` + good + `,"when":"2020-05-08T23:09:15"}`:               "when datetimeoffset",
		`{` + good + `,"when":""}`:                                  "when datetimeoffset",
		`{` + good + `,"loose":"2020-05-08T23:09:15.878"}`:          "",
		`{` + good + `,"loose":"8 May"}`:                            "loose timestamp",
		`{` + good + `,"cities":["Ulm",null,"","Rome"]}`:            "cities[3] unknown_value",
		`{` + good + `,"inner":{}}`:                                 "inner.city absent_field",
		`{` + good + `,"inner":{"city":"Rome","floor":{"x":1}}}`:    "inner.city unknown_value; inner.floor unknown_field",
		`{` + good + `,"ID":1,"new-field":[]}`:                      "ID unknown_field; new-field unknown_field",
		`{` + good + `,"ann@example.com":1}`:                        "? unknown_field",
		`{` + good + `,"5550100":1}`:                                "? unknown_field",
		`{` + good + `,"":1}`:                                       "? unknown_field",
	} {
		if got := strings.Join(found(t, body), "; "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestFindingsAreSortedAndBounded(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `"f%03d":0,`, 199-i)
	}
	got := found(t, `{`+b.String()+`"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","amount":1,"must":{"city":"Bonn"}}`)
	if len(got) != MaxFindings || !slices.IsSorted(got) {
		t.Errorf("%d findings, sorted %v", len(got), slices.IsSorted(got))
	}
}

func TestValidateRefusesWhatIsNoStruct(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a driver's mistake passed silently")
		}
	}()
	rules().Validate(nil)
}

func TestIsUUID(t *testing.T) {
	for s, want := range map[string]bool{
		"4626a582-afb9-48bf-8d86-87e6fe91a842": true, "4626A582-AFB9-48BF-8D86-87E6FE91A842": true, "00000000-0000-0000-0000-000000000000": true,
		"": false, "4626a582afb948bf8d8687e6fe91a842": false, "{626a582-afb9-48bf-8d86-87e6fe91a84}": false,
		"4626a582-afb9-48bf-8d86-87e6fe91a84": false, "4626a582-afb9-48bf-8d86-87e6fe91a8422": false, "4626a582-afb9-48bf-8d86-87e6fe91a84g": false,
		"4626a582xafb9-48bf-8d86-87e6fe91a842": false, "4626a582-afb9-48bf-8d86--7e6fe91a842": false,
	} {
		if got := IsUUID(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	at := time.Date(2020, 5, 8, 23, 9, 15, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"2020-05-08T23:09:15Z": at, "2020-05-08T23:09:15+00:00": at, "2020-05-09T01:09:15+02:00": at, "2020-05-09T01:09:15+0200": at,
		"2020-05-08T23:09:15": at, "2020-05-08T23:09:15.878": at.Add(878 * time.Millisecond),
		"2020-05-08T23:09:15.4796701+00:00": at.Add(479670100), "2020-05-08T23:09:15.1234567891234Z": at.Add(123456789),
		"": {}, "2020-05-08": {}, "2020-13-08T23:09:15Z": {}, "2020-02-30T23:09:15Z": {}, "2020-05-08 23:09:15Z": {}, "2020-05-08T25:09:15Z": {}, "Z": {},
	} {
		if got := ParseTime(s); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2020-05-08T23:09:15.4796701+00:00")
	f.Add("2025-05-20T19:14:05.878")
	f.Fuzz(func(t *testing.T, s string) {
		if got := ParseTime(s); got.Location() != time.UTC {
			t.Errorf("%q: not UTC", s)
		}
		if zoned(s) && !ParseTime(s).Equal(ParseTime(s).UTC()) {
			t.Errorf("%q: zoned, but no time", s)
		}
		IsUUID(s)
		showName(s)
	})
}
