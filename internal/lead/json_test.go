package lead

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestWellFormedTakesWhatThePartnersMaySend(t *testing.T) {
	for name, body := range map[string]string{
		"object": `{"a":1}`, "white space around": " \r\n\t{\"a\" : [ ] }\n", "scalar": `1`, "null byte escape": `{"a":"\u0000"}`,
		"astral": `{"a":"😀\ud83d\ude00"}`, "deepest": strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
		"10,000 elements": "[" + strings.Repeat("1,", 9_999) + "1]", "huge number": `[1e999,123456789012345678901234567890.00]`,
		"names that differ by case": `{"a":1,"A":2}`, "same name on two levels": `{"a":{"a":1}}`,
	} {
		if err := WellFormed([]byte(body)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedIsInvalidAndNotQuoted(t *testing.T) {
	for name, c := range map[string]struct{ body, says string }{
		"empty":             {"", "ends too early"},
		"blank":             {" \n", "ends too early"},
		"cut":               {`{"mail":"ann@example.com"`, "ends too early"},
		"cut string":        {`{"mail":"ann@exam`, "ends too early"},
		"two values":        {`{}{}`, "something follows"},
		"trailing text":     {`{} ann@example.com`, "something follows"},
		"duplicate key":     {`{"ann@example.com":1,"ann@example.com":2}`, "duplicate key"},
		"escaped duplicate": {`{"a":1,"\u0061":2}`, "duplicate key"},
		"nested duplicate":  {`{"x":[{"a":1,"a":1}]}`, "duplicate key"},
		"too deep":          {strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), "nested deeper than 32"},
		"very deep":         {strings.Repeat(`{"a":`, 100_000), "nested deeper than 32"},
		"invalid UTF-8":     {"{\"a\":\"\xff\"}", "not JSON"},
		"lone surrogate":    {`{"a":"\ud800"}`, "not JSON"},
		"byte order mark":   {"\xef\xbb\xbf{}", "not JSON"},
		"raw control":       {"{\"a\":\"\x01\"}", "not JSON"},
		"bad escape":        {`{"a":"\x"}`, "not JSON"},
		"leading zero":      {`{"a":01}`, "not JSON"},
		"plus":              {`{"a":+1}`, "not JSON"},
		"bare point":        {`{"a":1.}`, "not JSON"},
		"NaN":               {`{"a":NaN}`, "not JSON"},
		"trailing comma":    {`{"a":1,}`, "not JSON"},
		"single quotes":     {`{'a':1}`, "not JSON"},
		"comment":           {`{"a":1/*x*/}`, "not JSON"},
		"mismatch":          {`{"a":[}`, "not JSON"},
	} {
		err := WellFormed([]byte(c.body))
		if KindOf(err) != Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "ann@") {
			t.Errorf("%s: the error quotes the body: %v", name, err)
		}
	}
}

func TestContentHashIgnoresOnlyInsignificantSpace(t *testing.T) {
	base := ContentHash([]byte(`{"a":25000.00,"b":["x y",null]}`))
	if ContentHash([]byte(" {\n\t\"a\" : 25000.00 ,\r\n \"b\" : [ \"x y\" , null ] } \n")) != base {
		t.Error("white space counts")
	}
	for _, other := range []string{`{"a":25000.0,"b":["x y",null]}`, `{"b":["x y",null],"a":25000.00}`, `{"a":25000.00,"b":["xy",null]}`,
		`{"a":25000.00,"b":["x\u0020y",null]}`, `{"a":25000.00,"b":["x y"]}`, ``, `{`} {
		if ContentHash([]byte(other)) == base {
			t.Errorf("%s hashes alike", other)
		}
	}
	body := []byte(`{ "a" : 1 }`)
	if ContentHash(body); string(body) != `{ "a" : 1 }` {
		t.Error("the body was changed")
	}
}

func TestDecimalKeepsItsDigits(t *testing.T) {
	for _, digits := range []string{"25000.00", "0", "-0.10", "1E+2", "12345678901234567890.123456789012345678901", "1e999"} {
		var in struct {
			D Decimal `json:"d"`
		}
		if err := json.Unmarshal([]byte(`{"d":`+digits+`}`), &in); err != nil || string(in.D) != digits {
			t.Errorf("%s became %q, %v", digits, in.D, err)
		}
		if out, err := json.Marshal(in); err != nil || string(out) != `{"d":`+digits+`}` {
			t.Errorf("%s is written %s, %v", digits, out, err)
		}
	}
}

func TestDecimalNullAndAbsentAreEmpty(t *testing.T) {
	in := struct {
		D Decimal `json:"d"`
	}{D: "7"}
	if err := json.Unmarshal([]byte(`{"d":null}`), &in); err != nil || in.D != "" {
		t.Errorf("null is %q, %v", in.D, err)
	}
	if out, err := json.Marshal(in); err != nil || string(out) != `{"d":null}` {
		t.Errorf("empty is written %s, %v", out, err)
	}
	for _, wrong := range []string{`"1"`, `true`, `[]`, `{}`, `[1]`} {
		if err := json.Unmarshal([]byte(`{"d":`+wrong+`}`), &in); err == nil {
			t.Errorf("%s passes for a number", wrong)
		}
	}
}

func TestDecimalFloat(t *testing.T) {
	for d, want := range map[Decimal]float64{"": 0, "0.15": 0.15, "-93.2639915": -93.2639915, "1e2": 100} {
		if got := d.Float(); got != want {
			t.Errorf("%q is %v, want %v", d, got, want)
		}
	}
	if Decimal("1e999").Float() <= 1e308 || Decimal("-1e999").Float() >= -1e308 {
		t.Error("beyond float64 is not infinite")
	}
}

func FuzzWellFormed(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null,true]}`, `{"a":1,"a":2}`, strings.Repeat("[", 40), "\xef\xbb\xbf{}", `"\ud800"`, `{} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		err := WellFormed(body)
		ContentHash(body)
		if string(body) != before {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if KindOf(err) != Invalid {
				t.Fatalf("kind %v", KindOf(err))
			}
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil && !strings.Contains(err.Error(), "range") {
			t.Fatalf("well-formed, but it does not decode: %v", err)
		}
	})
}

// compacted is a well-formed body without white space, by the library.
func compacted(t *testing.T, body []byte) []byte {
	t.Helper()
	v := jsontext.Value(bytes.Clone(body))
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzContentHashIsOfTheCompactText(f *testing.F) {
	for _, s := range []string{` { "a b" : [ 1 , "x \\\" y" , null , true ] } `, `"\\\\"`, `" \" "`, "\t[\r\n1e5 ]", `{"a":"\\"," ":" \\\\\" "}`, `" \u2028 "`, "[ ", `"`, `"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := ContentHash(body) // never panics
		if WellFormed(body) == nil && got != sha256.Sum256(compacted(t, body)) {
			t.Errorf("%q is taken for %q", body, compact(nil, body))
		}
	})
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"25000.00", "-0", "1e999", `"1"`, "null", "{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d, again Decimal
		if json.Unmarshal(body, &d) != nil {
			return
		}
		d.Float()
		out, err := json.Marshal(d)
		if err != nil || json.Unmarshal(out, &again) != nil || again != d {
			t.Fatalf("%q came back as %q, %v", d, again, err)
		}
	})
}
