package partnertest

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/schema"
)

// Agree checks that both ways of a driver's schema have one verdict: of its samples, however indented, and of each
// sample with one member or element changed, or something stray put in, in every way that the suite knows.
func Agree[T any](t *testing.T, s *schema.Schema[T]) {
	for _, name := range samples(t) {
		body := read(t, name)
		for _, blank := range []string{"\t", "    "} {
			indented := jsontext.Value(bytes.Clone(body))
			if err := indented.Indent(jsontext.WithIndent(blank)); err != nil {
				t.Fatal(err)
			}
			agree(t, s, indented)
		}
		for i := range body {
			for _, more := range stray() {
				agree(t, s, slices.Concat(body[:i], []byte(more), body[i:]))
				agree(t, s, slices.Concat(body[:i], []byte(more), body[i+1:]))
			}
		}
		for _, at := range places("", parse(t, body)) {
			for _, value := range odd() {
				if value == any(gone{}) && strings.HasSuffix(at.path, "]") {
					continue
				}
				agree(t, s, changed(t, body, at.path, value))
			}
		}
	}
}

// stray is what a body may have too much of, at any place.
func stray() []string {
	return []string{"", " ", "\"", "\\", `\;`, `\"`, `\u0000`, `\ud800`, "{", "}", "[", "]", ",", ":", "-", "0", ".", "e", "null", "\x00", "\x1f", "\x7f", "\x80", "\xff", "é", "\ufeff"}
}

// odd are values that hardly a member takes, and the hardest of those that it may.
func odd() []any {
	return []any{gone{}, nil, true, "", "x", " \t\"\\/\x00\u2028é😀", "2020-05-08T23:09:15", "2020-02-30T23:09:15Z", "2020-05-08T23:09:15.1+0200",
		"00000000-0000-0000-0000-00000000000g", "0000000a-000B-0000-0000-000000000000", 0, -1, 1, 1.5, 1e300, jsontext.Value("-0"), jsontext.Value("1e999"),
		jsontext.Value("9223372036854775808"), jsontext.Value("1.00"), []any{}, []any{nil, "", "x", "y", 1}, []any{[]any{}}, map[string]any{},
		map[string]any{"bob@leak.example": 1, "id": nil, "type": "x", "addedYesterday": []any{map[string]any{}}}}
}

// FuzzAgree looks for a body about which both ways of a driver's schema differ.
func FuzzAgree[T any](f *testing.F, s *schema.Schema[T]) {
	for _, name := range samples(f) {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, body []byte) { agree(t, s, body) })
}

func agree[T any](t *testing.T, s *schema.Schema[T], body []byte) {
	t.Helper()
	want, wantNotes, err := s.Thorough(body)
	quick := s.Quick(body, func(got *T, notes []lead.Note) {
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(notes, wantNotes) {
			t.Errorf("quick finds %v, thorough %v, or they read otherwise: %s", notes, wantNotes, body)
		}
	})
	if quick != (err == nil) {
		t.Errorf("quick is %v, thorough says %v: %s", quick, err, body)
	}
}
