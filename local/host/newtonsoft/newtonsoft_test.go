package newtonsoft_test

import (
	"testing"
	"time"

	"leadrelay/local/host/newtonsoft"
)

func parse(t *testing.T, text string) newtonsoft.Value {
	t.Helper()
	v, err := newtonsoft.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return v
}

func TestRewrittenJSONIsNewtonsofts_3(t *testing.T) {
	for text, want := range map[string]string{
		`{"b":1,"a":[true,null]}`:        `{"b":1,"a":[true,null]}`, // in order
		`25000.00`:                       `25000.0`,                 // a double: the digits are lost
		`1e3`:                            `1000.0`,
		`1e15`:                           `1E+15`,
		`0.00001`:                        `1E-05`,
		`0.0001`:                         `0.0001`,
		`12345678901234567890123`:        `12345678901234567890123`, // whole numbers keep theirs
		`"\u00e9\u2028\/\u0001"`:         "\"é\\u2028/\\u0001\"",
		`"2026-01-02T03:04:05.100Z"`:     `"2026-01-02T03:04:05.1Z"`,
		`"2026-01-02T03:04:05"`:          `"2026-01-02T03:04:05"`,
		`"2026-01-02"`:                   `"2026-01-02"`, // no time: no date
		`"2026-13-02T03:04:05Z"`:         `"2026-13-02T03:04:05Z"`,
		`{"a":1,"a":2}`:                  `{"a":2}`,
		`"<a href='x'>&</a>"`:            `"<a href='x'>&</a>"`,
		`"2026-01-02T03:04:05.1234567Z"`: `"2026-01-02T03:04:05.1234567Z"`,
	} {
		if got := newtonsoft.Compact(parse(t, text)); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestDatesWithAnOffsetBecomeLocal_3(t *testing.T) {
	d, ok := parse(t, `"2026-01-02T03:04:05+02:00"`).(newtonsoft.Date)
	if !ok || !d.Time.Equal(time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC)) || d.Time.Location() != time.Local {
		t.Errorf("date = %+v", d)
	}
}

func TestIndentationIsTwoSpaces_3(t *testing.T) {
	got := newtonsoft.Indented(parse(t, `{"a":{"b":[1,"x",{}]},"c":[],"d":{}}`))
	want := "{\n  \"a\": {\n    \"b\": [\n      1,\n      \"x\",\n      {}\n    ]\n  },\n  \"c\": [],\n  \"d\": {}\n}"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestScalarsBecomeInvariantText_2_3(t *testing.T) {
	for text, want := range map[string]string{`5`: "5", `true`: "True", `false`: "False", `1.50`: "1.5", `1e20`: "1E+20", `"x"`: "x",
		`"2026-01-02T03:04:05Z"`: "01/02/2026 03:04:05", `null`: ""} {
		if got := newtonsoft.Invariant(parse(t, text)); got != want {
			t.Errorf("%s became %q, want %q", text, got, want)
		}
	}
}

func TestFoldedNamesKeepTheirFirstSpelling_2_3(t *testing.T) {
	o := &newtonsoft.Object{Fold: true}
	o.Set("Id", "system")
	o.Set("n", "1")
	o.Set("id", "lead-1")
	if got := newtonsoft.Compact(o); got != `{"Id":"lead-1","n":"1"}` {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNotJSONIsRefused_3(t *testing.T) {
	for _, text := range []string{"", "{", "{}{}", "{'a':1}", "[1,]", "nul", "1e999"} {
		if v, err := newtonsoft.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, v)
		}
	}
}

// FuzzParse: what was written once is written the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,"2026-01-02T03:04:05Z",null,true]}`, `"\ud800"`, `1e15`, `[[[]]]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := newtonsoft.Parse(text)
		if err != nil {
			return
		}
		once := newtonsoft.Compact(v)
		again, err := newtonsoft.Parse(once)
		if err != nil || newtonsoft.Compact(again) != once {
			t.Fatalf("%q became %q and then %v, %v", text, once, again, err)
		}
		if _, err := newtonsoft.Parse(newtonsoft.Indented(v)); err != nil {
			t.Fatalf("%q indented: %v", text, err)
		}
	})
}
