package rule_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/rule"
)

// sample is the document's own lead.
func sample(t testing.TB) *rule.Event {
	t.Helper()
	payload, err := os.ReadFile("testdata/lead.json")
	if err != nil {
		t.Fatal(err)
	}
	e := rule.NewEvent(lead.Event{
		Type: "crf.lead", About: lead.LeadEvent, Priority: lead.High, Occurred: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
		Lead: lead.Lead{Partner: "crf", ID: "4626a582-afb9-48bf-8d86-87e6fe91a842", Status: "Matched", State: "Submitted", Stage: lead.Open,
			Created: time.Date(2020, 5, 8, 23, 9, 15, 0, time.UTC), Amount: "25000.00", Purpose: "Working Capital",
			Address: lead.PostalAddress{State: "Minnesota", Zip: "55234"}, Business: lead.Business{Industry: "Retail", Type: "Corporation"}},
	}, payload)
	e.Initial, e.Revision = true, 1
	return e
}

func TestFilterSays(t *testing.T) {
	for source, want := range map[string]bool{
		``: true, ` `: true, `true`: true, `false`: false,
		`lead.amount >= 10000`: true, `lead.amount == 25000`: true, `lead.amount > 25000`: false, `lead.amount < 25000.01`: true, `10000 < lead.amount`: true,
		`lead.amount / 2 == 12500`: true, `lead.amount - 1 + 2 * 3 >= 25005`: true, `-lead.amount < 0`: true, `lead.amount in [1, 25000]`: true,
		`lead.fraudScore < 0.5`: false, `lead.fraudScore == nil`: true, `(lead.fraudScore ?? 0) < 0.5`: true, `not (lead.fraudScore >= 0.5)`: true,
		`lead.state == "Submitted" && lead.amount >= 10000 && "Minneapolis Metro Team" in (data.matchedProduct?.tags ?? [])`: true,
		`"Minneapolis Metro Team" in data.matchedProduct.tags`:                                                               true, `"x" not in data.matchedProduct.tags`: true,
		`data.requestedAmount >= 25000 and data.numEmployees == 3`: true, `data.netProfit > data.requestedAmount`: true, `data.statistics.longitude < -93.2`: true,
		`data.nothing >= 1`: false, `data.nothing < 1`: false, `data.nothing.below.it == nil`: true, `(data.howDidYouHear.x ?? "none") == "none"`: true,
		`data.nothing`: false, `!data.nothing`: true, `data.nothing || data.hasBusinessPlan`: true, `data.hasBusinessPlan && !data.statistics.craEligibleTract`: true,
		`data.nothing ? true : data.hasBusinessPlan`: true, `"x" in data.nothing`: false, `data.nothing contains "x"`: false, `data.nothing startsWith "x"`: false,
		`data.nothing matches "x"`: false, `len(data.nothing) == 0`: true, `lower(data.nothing) == nil`: true, `data.nothing + 1 > 0`: false, `data.nothing[0] == nil`: true,
		`event.type == "crf.lead" && event.initial && event.about == "lead" && event.revision < 2`: true, `event.priority in ["high", "critical"]`: true,
		`event.occurred >= "2026-01-01"`: true, `lead.created < "2021"`: true, `event.partner == "crf" and not event.test`: true,
		`lead.stage in ["open", "engaged"] && lead.status != "Withdrawn"`: true, `lead.address.state == "Minnesota" && lead.address.zip startsWith "55"`: true,
		`number(lead.address.zip) in [55233, 55234]`: true, `number("x") == nil`: true, `number(3) == 3`: true, `number(" 1e3 ") == 1000`: true, `number("Inf") == nil`: true,
		`lower(lead.business.industry) == "retail" || upper("x") == "Y"`: true, `trim(" x ") == "x"`: true, `len("Ünï") == 3`: true,
		`any(data.collateralTypes, # == "Inventory")`: true, `all(data.collateralTypes, # startsWith "Inv")`: true, `none(data.nothing, # == 1)`: true,
		`count(data.matchedProduct.tags, lower(#) contains "metro") == 1`: true, `one(data.matchedProduct.tags, len(#) > 3)`: true, `any(data.nothing, .x.y > 1)`: false,
		`data.ficoScore matches "^_(6[6-9]0|700)"`: true, `data["firstName"] == "Bob"`: true, `data.firstName[0:1] == "B"`: true, `data.matchedProduct.tags[0] endsWith "Team"`: true,
		`data.numEmployees in ["3"]`: false, `data.firstName in ["Bob", "Ann"]`: true, `data.big == 9007199254740993`: true, `data.big == 9007199254740992`: false,
		`data.huge > 1e300`: true, `data.fine == 0.1`: true, `"city" in data.businessAddress`: true, `data.a?.b?.c == nil`: true, `data.hasBusinessPlan == true`: true,
	} {
		f, err := rule.Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := f.Match(sample(t)); err != nil || got != want {
			t.Errorf("%s: %t, %v", source, got, err)
		}
	}
}

func TestFilterThatIsWrongDoesNotCompile(t *testing.T) {
	for name, source := range map[string]string{
		"unknown variable": `led.amount > 1`, "unknown field": `lead.amont > 1`, "unknown deep field": `lead.address.country == "US"`, "unknown event field": `event.id == "x"`,
		"two types": `lead.state > 5`, "equal of two types": `lead.state == 5`, "text as number": `lead.amount >= "10000"`, "no condition": `lead.amount`, "text": `"yes"`,
		"syntax": `lead.amount >`, "nothing allowed": `now() > 1`, "repeat": `repeat("x", 1000000) == ""`, "reduce": `reduce(data.a, #acc + #) == 1`, "map": `map(data.a, #) == []`,
		"filter": `len(filter(data.a, # > 1)) > 1`, "range": `5 in 1..1000000000`, "range in any": `any(1..1000000, true)`, "let": `let x = 1; x == 1`, "sequence": `1; true`,
		"map literal": `{"a": 1} == data`, "power": `2 ** 3 == 8`, "modulo": `lead.amount % 2 == 0`, "get": `get(data, "x") == 1`, "env": `$env == 1`, "env member": `$env["data"] == 1`,
		"nested any": `any(data.a, any(data.b, true))`, "data in any": `any(data.a, # == data.b)`, "lead in any": `any(data.a, # == lead.state)`, "index in any": `any(data.a, data.b[#index])`,
		"dynamic pattern": `data.a matches data.b`, "costly pattern": `data.a matches ".{0,999}"`, "costly patterns": `data.a matches "a{150}" || data.b matches "a{150}" || data.c matches "a{250}"`, "bad pattern": `data.a matches "("`, "sort": `sort(data.a) == []`, "toJSON": `toJSON(data) == ""`, "pipe": `data.a | len() | repeat(2) == ""`,
		"our own words": `_true(data.a)`, "our own lists": `any(_list(data.a), true)`, "method": `lead.String() == ""`, "call of a member": `data.f(1)`, "string": `string(data) == ""`,
		"one argument": `any(data.a)`, "len of two": `len(data.a, data.b) == 1`, "find": `find(data.a, # > 1) == 1`, "bytes": `b"x" == data.x`, "acc": `any(data.a, #acc)`,
		"long": strings.Repeat(" ", 1025) + `true`, "many nodes": strings.Repeat(`!`, 300) + `true`, "many terms": `1` + strings.Repeat(`+1`, 400) + ` > 1`,
		"deep": strings.Repeat("(", 500) + "true" + strings.Repeat(")", 500) + "!", "date": `date("2020-01-01") > date("2019-01-01")`, "number in texts": `5 in ["5"]`, "concat": `concat(data.a, data.a) == []`,
	} {
		if f, err := rule.Compile(source); err == nil || f != nil {
			t.Errorf("%s compiles", name)
		} else if !strings.Contains(err.Error(), "filter") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRunTimeErrorHoldsNoValue(t *testing.T) {
	for _, source := range []string{
		`data.firstName > 5`, `data.firstName.x.y == 1`, `data.firstName + "x" == "Lastx"`, `data.firstName`, `data.firstName && true`, `!data.firstName`, `data.numEmployees contains "x"`,
		`any(data.firstName, true)`, `"x" in data.firstName`, `5 in data.businessAddress`, `data.matchedProduct.tags[5] == 1`, `len(data.numEmployees) == 1`, `lower(data.numEmployees) == ""`,
		`data[5] == 1`, `data.matchedProduct.tags["x"] == 1`, `data.numEmployees[0:1] == ""`, `data.businessAddress > 5`, `any(data.matchedProduct.tags, #)`, `data[data.matchedProduct.tags] == 1`,
	} {
		f, err := rule.Compile(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		yes, err := f.Match(sample(t))
		if yes || err == nil {
			t.Errorf("%s: %t, %v", source, yes, err)
			continue
		}
		for _, value := range []string{"Bob", "Minneapolis Metro", "Options Ave", "goroutine", ".go"} {
			if strings.Contains(fmt.Sprintf("%+v %#v", err, err), value) {
				t.Errorf("%s: the error holds %q: %v", source, value, err)
			}
		}
	}
}

func TestPayloadThatIsNoJSONFailsOnlyThoseWhoAskForIt(t *testing.T) {
	for _, payload := range []string{"", "SECRET", `{"a":1,"a":2}`, `{"a":1}}`, "\xff", strings.Repeat("[", 40)} {
		e := rule.NewEvent(lead.Event{Lead: lead.Lead{State: "Submitted"}}, []byte(payload))
		for source, fails := range map[string]bool{`lead.state == "Submitted"`: false, ``: false, `data.a == 1`: true, `true || data.a`: true} {
			f, err := rule.Compile(source)
			if err != nil {
				t.Fatal(err)
			}
			if yes, err := f.Match(e); (err != nil) != fails || yes == fails || err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%q: %s: %t, %v", payload, source, yes, err)
			}
		}
	}
}

func TestPayloadThatIsNoObjectHasNoMembers(t *testing.T) {
	f, err := rule.Compile(`data.a.b == nil`)
	if err != nil {
		t.Fatal(err)
	}
	if yes, err := f.Match(rule.NewEvent(lead.Event{}, []byte("null"))); !yes || err != nil {
		t.Errorf("null: %t, %v", yes, err)
	}
	if _, err := f.Match(rule.NewEvent(lead.Event{}, []byte("[1]"))); err == nil {
		t.Error("a list has members")
	}
}

func TestExplainNamesEveryConditionThatSaidNo(t *testing.T) {
	f, err := rule.Compile(`lead.state == "Submitted" && lead.amount >= 50000 and (data.numEmployees > 10 || event.test) && data.firstName > 5`)
	if err != nil {
		t.Fatal(err)
	}
	passes, noes := f.Explain(sample(t))
	want := []string{`lead.amount >= 50000`, `data.numEmployees > 10 || event.test`, `data.firstName > 5`}
	if passes || len(noes) != len(want) {
		t.Fatalf("%t, %v", passes, noes)
	}
	for i, no := range noes {
		if no.Condition != want[i] || (no.Err != nil) != (i == 2) {
			t.Errorf("%+v, want %s", no, want[i])
		}
	}
	e := sample(t)
	e.Event.Lead.Amount, e.Test = "50000.000", true
	if passes, noes := f.Explain(e); passes || len(noes) != 1 {
		t.Errorf("%t, %v", passes, noes)
	}
	if yes, err := f.Match(e); yes || err == nil || !strings.Contains(err.Error(), `data.firstName > 5`) {
		t.Errorf("%t, %v", yes, err)
	}
	all, err := rule.Compile("")
	if err != nil {
		t.Fatal(err)
	}
	if passes, noes := all.Explain(e); !passes || noes != nil {
		t.Errorf("%t, %v", passes, noes)
	}
}

func TestManyFiltersLookAtOneEventSideBySide(t *testing.T) {
	f, err := rule.Compile(`lead.amount >= 10000 && any(data.matchedProduct.tags, # contains "Metro")`)
	if err != nil {
		t.Fatal(err)
	}
	e := sample(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				if yes, err := f.Match(e); !yes || err != nil {
					t.Error(yes, err)
				}
			}
		})
	}
	all.Wait()
}

// TestHostilePayloadIsJudgedInTime has no deadline of its own: what is quadratic here takes longer than the test binary may.
func TestHostilePayloadIsJudgedInTime(t *testing.T) {
	list := `["` + strings.Repeat(`aaaa","`, 100_000) + `"]`
	text := strings.Repeat("a", 400<<10)
	e := rule.NewEvent(lead.Event{}, []byte(`{"list":`+list+`,"text":"`+text+`"}`))
	for _, source := range []string{
		strings.TrimSuffix(strings.Repeat(`any(data.list, # == "b") || `, 15), " || "),
		`any(data.list, # matches "(a|aa)+b")`, `data.text matches "(a|aa)+b"`, `data.text contains "` + strings.Repeat("a", 500) + `b"`,
		`data.list == data.list && data.text == data.text && data.text in data.list`,
	} {
		f, err := rule.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Match(e); err != nil {
			t.Errorf("%.40s: %v", source, err)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`lead.amount >= 10000 && !("x" in data.a.b) || any(data.c, #.d matches "x")`, `{"a":{"b":["x"]},"c":[{"d":"x"}]}`)
	f.Add(`(data.a ?? -1) / 0 > len(data.b[1:2])`, `{"a":1.5,"b":"xyz"}`)
	f.Add(`data[data.a] == nil ? event.test : number(data.b) < 3`, `{"a":"b","b":"2.5"}`)
	f.Fuzz(func(t *testing.T, source, payload string) {
		filter, err := rule.Compile(source)
		if err != nil {
			return
		}
		e := rule.NewEvent(lead.Event{}, []byte(payload))
		begun := time.Now()
		yes, err := filter.Match(e)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%q took %s", source, took)
		}
		passes, noes := filter.Explain(e)
		if err == nil && yes != passes || passes != (len(noes) == 0) || yes && err != nil {
			t.Errorf("Match says %t, %v; Explain says %t, %v", yes, err, passes, noes)
		}
	})
}

func BenchmarkFilter(b *testing.B) {
	f, err := rule.Compile(`lead.state == "Submitted" && lead.amount >= 10000 && event.initial && "Minneapolis Metro Team" in data.matchedProduct.tags`)
	if err != nil {
		b.Fatal(err)
	}
	e := sample(b)
	b.ReportAllocs()
	for b.Loop() {
		if yes, err := f.Match(e); !yes || err != nil {
			b.Fatal(yes, err)
		}
	}
}
