package partnertest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

const goldenSuffix = ".golden.json"

var update = flag.Bool("update", false, "write the golden events instead of comparing with them")

// request is a proven one of the first setup, for drivers that key events by a header.
func request(h Harness, body []byte) partner.Request { return prove(h.Setups[0], body, Now(), Current) }

func goldens(t *testing.T, h Harness) {
	p := open(t, h, h.Setups[0])
	for _, name := range samples(t) {
		body := read(t, name)
		e, err := p.Decode(request(h, body), body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sound(t, e)
		got := encode(t, e)
		file := strings.TrimSuffix(name, ".json") + goldenSuffix
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", file), got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want := read(t, file); !bytes.Equal(got, want) {
			t.Errorf("%s means\n%s\nwant\n%s", name, got, want)
		}
	}
}

// encode writes an event with words for its numbers, so that a golden file can be read.
func encode(t *testing.T, e lead.Event) []byte {
	t.Helper()
	words := json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, s lead.Stage) error { return enc.WriteToken(jsontext.String(s.String())) }),
		json.MarshalToFunc(func(enc *jsontext.Encoder, p lead.Priority) error {
			return enc.WriteToken(jsontext.String(p.String()))
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, a lead.About) error {
			return enc.WriteToken(jsontext.String([...]string{"lead", "activity", "notice"}[a]))
		}))
	b, err := json.Marshal(e, json.WithMarshalers(words), jsontext.WithIndent("  "), json.FormatNilSliceAsNull(false))
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// sound checks what every event must have.
func sound(t testing.TB, e lead.Event) {
	t.Helper()
	if e.Type == "" || len(e.Key) == 0 {
		t.Errorf("an event without type or key: %q %q", e.Type, e.Key)
	}
	if e.About != lead.Notice && e.Lead.ID == "" {
		t.Errorf("an event about a lead without id: %q", e.Type)
	}
	if e.About != lead.Notice && e.Lead.Partner == "" {
		t.Error("a lead without partner")
	}
	if len(e.Notes) > lead.MaxFindings+1 {
		t.Errorf("%d notes", len(e.Notes))
	}
}

// sameKey decodes a payload again, indented otherwise, by many at once.
func sameKey(t *testing.T, h Harness) {
	p := open(t, h, h.Setups[0])
	for _, name := range samples(t) {
		body := read(t, name)
		r := request(h, body)
		want, err := p.Decode(r, body)
		if err != nil {
			t.Fatal(err)
		}
		if want.Versioned && want.Key[len(want.Key)-1] != lead.HexHash(body) {
			t.Errorf("%s: its key does not end in its content's hash", name)
		}
		other := jsontext.Value(bytes.Clone(body))
		if err := other.Indent(jsontext.WithIndent("\t\t")); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				got, err := p.Decode(r, other)
				if err != nil || !slices.Equal(got.Key, want.Key) || !reflect.DeepEqual(got.Lead, want.Lead) {
					t.Errorf("%s: indented otherwise it is another event: %v", name, err)
				}
			})
		}
		group.Wait()
	}
}

// mustBeInvalid checks the kind, the fault when one is wanted, and that nothing leaks.
func mustBeInvalid(t *testing.T, err error, want lead.Fault) {
	t.Helper()
	if err == nil || lead.KindOf(err) != lead.Invalid {
		t.Errorf("got %v, want invalid: %s %s", err, want.Field, want.Rule)
		return
	}
	private(t, err.Error())
	wrong, ok := err.(*lead.Error)
	if !ok || !slices.ContainsFunc(wrong.Faults, func(f lead.Fault) bool {
		return f.Field == want.Field && (f.Rule == want.Rule || want.Rule == "")
	}) {
		t.Errorf("got %v, want a fault %s %s", err, want.Field, want.Rule)
	}
}

func invalids(t *testing.T, h Harness) {
	p := open(t, h, h.Setups[0])
	for _, c := range h.Invalid {
		t.Run(c.Name, func(t *testing.T) {
			from := c.From
			if from == "" {
				from = h.Sample
			}
			whole := string(read(t, from))
			if !strings.Contains(whole, c.Old) {
				t.Fatalf("%s has no %s", from, c.Old)
			}
			body := []byte(strings.Replace(whole, c.Old, c.New, 1))
			if err := lead.WellFormed(body); err != nil {
				t.Fatalf("the case itself is broken: %v", err)
			}
			_, err := p.Decode(request(h, body), body)
			mustBeInvalid(t, err, c.Fault)
		})
	}
}

func malformed(t *testing.T, h Harness) {
	p := open(t, h, h.Setups[0])
	body := read(t, h.Sample)
	for name, bad := range map[string][]byte{
		"empty": nil, "blank": []byte(" "), "null": []byte("null"), "number": []byte("1"), "text": []byte(`"bob@example.com"`),
		"array": []byte("[]"), "object": []byte("{}"), "cut": body[:len(body)/2], "twice": append(bytes.Clone(body), body...),
		"bom": append([]byte("\xef\xbb\xbf"), body...), "utf8": bytes.ReplaceAll(body, []byte(":"), []byte(":\xff")),
		"deep":             []byte(strings.Repeat("[", 100_000)),
		"twice named":      with(body, `"addedYesterday":1,"addedYesterday":2`),
		"deeper than 32":   with(body, `"addedYesterday":`+strings.Repeat("[", lead.MaxDepth)+strings.Repeat("]", lead.MaxDepth)),
		"half a surrogate": with(body, `"addedYesterday":"\ud800"`), "leading zero": with(body, `"addedYesterday":01`),
	} {
		if _, err := p.Decode(request(h, bad), bad); lead.KindOf(err) != lead.Invalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		} else {
			private(t, err.Error())
		}
	}
}

// with is an object with more members.
func with(object []byte, members string) []byte {
	return append([]byte("{"+members+","), bytes.TrimSpace(object)[1:]...)
}
