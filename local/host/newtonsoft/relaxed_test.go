package newtonsoft_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"leadrelay/local/host/newtonsoft"
)

func TestConfigurationFilesMayHoldCommentsAndTrailingCommas_5_1_5_2(t *testing.T) {
	for text, want := range map[string]string{
		"\xef\xbb\xbf{\"a\":1}":                      `{"a":1}`,
		"{\n  // a word\n  \"a\": 1 // more\r\n}":    `{"a":1}`,
		`{/* one */"a":/* two */[1,/* three */2]}//`: `{"a":[1,2]}`,
		`{"a":[1,2,],}`:                              `{"a":[1,2]}`,
		"{\"a\":[1, // last\n],\n/* end */ }":        `{"a":[1]}`,
		`{"a":"// no /* comment */,]","b\\":"\",}"}`: `{"a":"// no /* comment */,]","b\\":"\",}"}`,
	} {
		standard := newtonsoft.Standard([]byte(text))
		if len(standard) != len(text) {
			t.Errorf("%q: %d bytes became %d", text, len(text), len(standard))
		}
		var got bytes.Buffer
		if err := json.Compact(&got, standard); err != nil || got.String() != want {
			t.Errorf("%q became %s, %v, want %s", text, got.String(), err, want)
		}
	}
}

func TestWhatIsBrokenStaysRefused_5_1_5_2(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1`, `{"a":1 /* never ends }`, `{,}`, `{"a":1,,}`, `[1,,2]`, `{'a':1}`, `{a:1}`, `{"a":1}/`, `"\`, `{"a":"`} {
		if standard := newtonsoft.Standard([]byte(text)); json.Valid(standard) {
			t.Errorf("%q became %s", text, standard)
		}
	}
}

// FuzzStandard: standard JSON stays as it is.
func FuzzStandard(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"//",{}]}`, "[/**/1,]", `"\"`, "//"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		standard := newtonsoft.Standard(text)
		if len(standard) != len(text) || json.Valid(text) && !bytes.Equal(standard, text) {
			t.Fatalf("%q became %q", text, standard)
		}
	})
}
