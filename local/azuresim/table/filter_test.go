package table

import (
	"strings"
	"testing"
)

func TestFilterThatCannotBeReadIsRefused(t *testing.T) {
	for _, s := range []string{"", "(", "a eq", "a eq 'x", "a eq b", "1 eq 2", "a = 1", "a eq 1 and", "not", "a eq 1 b", "a eq 1x", "a eq guid'x'",
		"a eq datetime'x'", "a eq 'x')", ")", strings.Repeat("(", 1000) + "a eq 1" + strings.Repeat(")", 1000)} {
		if f, err := parseFilter(s); err == nil {
			t.Errorf("%.40q is read as %#v", s, f)
		}
	}
}

func TestSpanHoldsWhateverMatches(t *testing.T) {
	var all []*entity
	for _, p := range []string{"", "a", "b", "ba", "c"} {
		for _, r := range []string{"", "1", "2", "3"} {
			all = append(all, &entity{partition: p, row: r})
		}
	}
	keys := []string{"PartitionKey", "RowKey"}
	for _, one := range keys {
		for _, two := range keys {
			for _, op := range []string{"eq", "ne", "lt", "le", "gt", "ge"} {
				for _, join := range []string{"and", "or", "and not"} {
					for _, v := range []string{"'b'", "'2'", "''"} {
						s := one + " " + op + " 'b' " + join + " (" + two + " ge " + v + ")"
						f, err := parseFilter(s)
						if err != nil {
							t.Fatal(s, err)
						}
						span := spanOf(f)
						for _, e := range all {
							if f.match(e) && (span.over(e) || key(e.partition, e.row) < span.first()) {
								t.Errorf("%s: %q|%q matches and lies outside of %+v", s, e.partition, e.row, span)
							}
						}
					}
				}
			}
		}
	}
}

func FuzzFilterNeverFails(f *testing.F) {
	f.Add("PartitionKey eq 'a' and not (n ge 2 or t lt datetime'2026-01-01T00:00:00Z')")
	e := &entity{partition: "a", props: []property{{"n", value{kind: int32s, n: 3}}}}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := parseFilter(s); err == nil {
			got.match(e)
			spanOf(got)
		}
	})
}

func FuzzEntityComesBackAsItWas(f *testing.F) {
	f.Add([]byte(`{"PartitionKey":"p","RowKey":"r","s":"a\u00e9\ud83c\udfe6\"","d":2.50,"l@odata.type":"Edm.Int64","l":"5"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, _, err := parseEntity(body)
		if err != nil {
			return
		}
		once := e.append(nil, minimal, "", nil)
		again, _, err := parseEntity(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice := again.append(nil, minimal, "", nil); string(twice) != string(once) {
			t.Errorf("%s\n%s", once, twice)
		}
	})
}
