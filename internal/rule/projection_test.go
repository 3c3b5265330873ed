package rule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"leadrelay/internal/lead"
	"leadrelay/internal/rule"
)

func TestProjectionTakesMembersAndNoOtherByte(t *testing.T) {
	for _, one := range []struct{ include, exclude, in, out string }{
		{"", "", ` { "a" : 1 } `, ` { "a" : 1 } `},
		{"", "x", ` { "a" : 1.00 , "b":"\u00e9" } `, ` { "a" : 1.00 , "b":"\u00e9" } `},
		{"", "a", ` { "a" : 1.00 , "b":"\u00e9" } `, ` { "b":"\u00e9" } `},
		{"", "b", ` { "a" : 1.00 , "b":"\u00e9" } `, ` { "a" : 1.00 } `},
		{"", "a b", ` { "a" : 1 , "b":2 } `, ` {  } `},
		{"", "b", "{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"c\": 3\n}\n", "{\n\t\"a\": 1,\n\t\"c\": 3\n}\n"},
		{"", "b c", `{"a":1,"b":2,"c":3,"d":4}`, `{"a":1,"d":4}`},
		{"", "c d", `{"a":1,"b":2,"c":3,"d":4}`, `{"a":1,"b":2}`},
		{"", "a c", `{"a":1,"b":2,"c":3,"d":4}`, `{"b":2,"d":4}`},
		{"", "a b d", `{"a":1,"b":2,"c":3,"d":4}`, `{"c":3}`},
		{"", "a", `{"\u0061":1,"A":2}`, `{"A":2}`},
		{"", "a.b", `{"a":{"b":1,"c":[1, 2]},"b":3}`, `{"a":{"c":[1, 2]},"b":3}`},
		{"", "a.b", `{"a":[{"b":1},[{"b":2,"c":3}],4,null],"b":5}`, `{"a":[{},[{"c":3}],4,null],"b":5}`},
		{"", "a.b", `[{"a":{"b":1}},{"a":2}]`, `[{"a":{}},{"a":2}]`},
		{"", "a.b a", `{"a":{"b":1},"c":2}`, `{"c":2}`},
		{"", `a\.b c\\`, `{"a":{"b":1},"a.b":2,"c\\":3}`, `{"a":{"b":1}}`},
		{"", "a", `{"a":1,"a":2,"b":3}`, `{"b":3}`},
		{"", "a", `"a"`, `"a"`},
		{"a", "", `{"a":1,"b":2}`, `{"a":1}`},
		{"b", "", `{"a":1,"b":2,"c":3}`, `{"b":2}`},
		{"x", "", `{"a":1,"b":[2]}`, `{}`},
		{"a.b", "", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"b":1}}`},
		{"a.b", "", `{"a":[{"b":1,"c":2},{"c":3},5,null,[{"b":4}]],"d":3}`, `{"a":[{"b":1},{},null,[{"b":4}]]}`},
		{"a.b", "", `{"a":"1234 Street","d":3}`, `{}`},
		{"a.b", "", `{"a":null,"d":3}`, `{"a":null}`},
		{"a a.b", "", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"b":1,"c":2}}`},
		{"a", "a.b", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"c":2}}`},
		{"a.b", "a", `{"a":{"b":1,"c":2},"d":3}`, `{}`},
		{"a b", "b", `{"a":1,"b":2,"c":3}`, `{"a":1}`},
		{"a", "", `[{"a":1,"b":2},7]`, `[{"a":1}]`},
		{"a", "", `null`, `null`},
		{"a", "", ` [ 1 , {"b":2} , 3 ] `, ` [ {} ] `},
		{"a", "", ` [ 1 , 2 ] `, ` [  ] `},
	} {
		p, err := rule.NewProjection(strings.Fields(one.include), strings.Fields(one.exclude))
		if err != nil {
			t.Errorf("%+v: %v", one, err)
			continue
		}
		if got, err := p.Apply([]byte(one.in)); err != nil || string(got) != one.out {
			t.Errorf("+%s -%s %s: %s, %v, want %s", one.include, one.exclude, one.in, got, err, one.out)
		}
	}
}

func TestLenderThatNeedsNoAddressOrScoreNeverGetsThem(t *testing.T) {
	p, err := rule.NewProjection(nil, []string{"ipAddress", "ficoScore", "statistics.latitude", "statistics.longitude", "ownershipDemographicTypes"})
	if err != nil {
		t.Fatal(err)
	}
	in := sample(t).Payload
	out, err := p.Apply(in)
	if err != nil {
		t.Fatal(err)
	}
	want := string(in)
	for _, gone := range []string{"\"ipAddress\": \"127.0.0.1\",\n", "\"ficoScore\": \"_660To699\",\n", "\"latitude\": 44.9642757,\n", "\"longitude\": -93.2639915,\n",
		"\"ownershipDemographicTypes\": [ \"Veteran\" ],\n"} {
		if !strings.Contains(want, gone) {
			t.Fatalf("the sample lacks %q", gone)
		}
		want = strings.Replace(want, gone, "", 1)
	}
	if string(out) != want {
		t.Errorf("got %s", out)
	}
}

func TestMalformedPathIsAnError(t *testing.T) {
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "a[]", "a[0].b", "$.a", "a.*", "a b", `a\`, `a\b`, "a\n", "\xff", strings.Repeat("a", 513)} {
		if _, err := rule.NewProjection(nil, []string{path}); err == nil || !strings.Contains(err.Error(), "exclude") {
			t.Errorf("exclude %q: %v", path, err)
		}
		if _, err := rule.NewProjection([]string{"a", path}, nil); err == nil || !strings.Contains(err.Error(), "include") {
			t.Errorf("include %q: %v", path, err)
		}
	}
	if _, err := rule.NewProjection(slices.Repeat([]string{"a"}, 201), nil); err == nil {
		t.Error("201 paths pass")
	}
}

func TestPayloadThatIsNoJSONIsNotLetThrough(t *testing.T) {
	for _, in := range []string{"", " ", "SECRET", `{"a":1`, `{"a":1}}`, `{"a":1} x`, `{"a":1,}`, `{a:1}`, "{\"a\":\"\xff\"}", `[1,]`, `{"a"}`} {
		for _, include := range [][]string{nil, {"b"}} {
			p, err := rule.NewProjection(include, []string{"a"})
			if err != nil {
				t.Fatal(err)
			}
			if out, err := p.Apply([]byte(in)); err == nil || out != nil || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%q: %s, %v", in, out, err)
			}
		}
	}
	p, err := rule.NewProjection([]string{"a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{`"SECRET"`, "5", "true"} {
		if out, err := p.Apply([]byte(in)); err == nil {
			t.Errorf("%s passes whole as %s", in, out)
		}
	}
}

// FuzzProjection compares with a removal on decoded values, and looks at the bytes.
func FuzzProjection(f *testing.F) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		f.Add(text(r, 4), paths(r), paths(r))
	}
	f.Add(` {"a":[{"b":1},2,[{"b":null}]],"b":"\u0061"} `, "a.b", "b")
	f.Fuzz(func(t *testing.T, payload, include, exclude string) {
		compare(t, payload, strings.Fields(include), strings.Fields(exclude))
	})
}

func TestProjectionIsTheSameAsRemovalFromDecodedValues(t *testing.T) {
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 2))
		compare(t, text(r, 4), strings.Fields(paths(r)), strings.Fields(paths(r)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func compare(t *testing.T, payload string, include, exclude []string) {
	t.Helper()
	p, err := rule.NewProjection(include, exclude)
	if err != nil {
		return
	}
	out, err := p.Apply([]byte(payload))
	if lead.WellFormed([]byte(payload)) != nil || strings.ContainsRune(strings.Join(append(include, exclude...), ""), '\\') {
		return // duplicates: the table above has them
	}
	value := decoded(t, []byte(payload))
	_, isObject := value.(map[string]any)
	_, isList := value.([]any)
	if err != nil {
		if isObject || isList || value == nil || len(include) == 0 {
			t.Fatalf("%s: %v", payload, err)
		}
		return
	}
	want := removed(value, split(include), split(exclude), len(include) > 0)
	if got := decoded(t, out); !reflect.DeepEqual(got, want) {
		t.Fatalf("+%q -%q of %s is %s, want %v", include, exclude, payload, out, want)
	}
	if reflect.DeepEqual(value, want) && payload != string(out) {
		t.Fatalf("nothing goes, but %s became %s", payload, out)
	}
	rest := []byte(payload)
	for i, c := range out {
		at := bytes.IndexByte(rest, c)
		if at < 0 {
			t.Fatalf("byte %d of %s is not of %s", i, out, payload)
		}
		rest = rest[at+1:]
	}
	if again, err := p.Apply(out); err != nil || !bytes.Equal(again, out) {
		t.Fatalf("twice: %s became %s, %v", out, again, err)
	}
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("%q: something follows", text)
	}
	return v
}

func split(paths []string) (out [][]string) {
	for _, p := range paths {
		out = append(out, strings.Split(p, "."))
	}
	return out
}

// removed is what a projection means, on decoded values: paths are those that lead on from here.
func removed(v any, include, exclude [][]string, only bool) any {
	plain := func(v any) bool {
		switch v.(type) {
		case nil, map[string]any, []any:
			return false
		}
		return true
	}
	on := func(paths [][]string, name string) (inner [][]string, whole bool) {
		for _, p := range paths {
			if p[0] == name {
				if len(p) == 1 {
					whole = true
				} else {
					inner = append(inner, p[1:])
				}
			}
		}
		return inner, whole
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			in, all := on(include, name)
			ex, none := on(exclude, name)
			if none || only && !all && (in == nil || plain(member)) {
				continue
			}
			out[name] = removed(member, in, ex, only && !all)
		}
		return out
	case []any:
		out := []any{}
		for _, element := range v {
			if !only || !plain(element) {
				out = append(out, removed(element, include, exclude, only))
			}
		}
		return out
	}
	return v
}

// text is some JSON with few names, so that paths hit.
func text(r *rand.Rand, depth int) string {
	space := func() string { return []string{"", "", " ", "\n\t", " \r\n "}[r.IntN(5)] }
	var parts []string
	switch kind := r.IntN(8); {
	case kind < 4 && depth > 0:
		for _, i := range r.Perm(5)[:r.IntN(6)] {
			name := []string{`"a"`, `"b"`, `"\u0063"`, `"d e"`, `"é"`}[i]
			parts = append(parts, space()+name+space()+":"+space()+text(r, depth-1)+space())
		}
		return space() + "{" + strings.Join(parts, ",") + space() + "}" + space()
	case kind < 6 && depth > 0:
		for range r.IntN(4) {
			parts = append(parts, space()+text(r, depth-1)+space())
		}
		return "[" + strings.Join(parts, ",") + space() + "]"
	}
	return []string{"null", "25000.00", "-1E+2", `"a,b:{}[]\"\\"`, "true", `""`, fmt.Sprint(r.IntN(9))}[r.IntN(7)]
}

func paths(r *rand.Rand) string {
	var out []string
	for range r.IntN(4) {
		var names []string
		for range 1 + r.IntN(3) {
			names = append(names, []string{"a", "b", "c", "é", "x"}[r.IntN(5)])
		}
		out = append(out, strings.Join(names, "."))
	}
	return strings.Join(out, " ")
}
