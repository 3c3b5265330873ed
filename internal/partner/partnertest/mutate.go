package partnertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"leadrelay/internal/lead"
)

// place is one value of a sample: how to find it and what it is.
type place struct {
	path  string
	value any
}

// places lists every value under v but v itself, parents first.
func places(prefix string, v any) []place {
	var out []place
	add := func(path string, value any) {
		out = append(out, place{path, value})
		out = append(out, places(path, value)...)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			add(strings.TrimPrefix(prefix+"."+name, "."), v[name])
		}
	case []any:
		for i, value := range v {
			add(fmt.Sprintf("%s[%d]", prefix, i), value)
		}
	}
	return out
}

// gone stands for a member that is left out.
type gone struct{}

// changed is the sample with the value at path replaced.
func changed(t *testing.T, body []byte, path string, value any) []byte {
	t.Helper()
	b, err := json.Marshal(change("", parse(t, body), path, value))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func change(at string, v any, path string, value any) any {
	if at == path {
		return value
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = change(strings.TrimPrefix(at+"."+name, "."), member, path, value)
			if v[name] == (gone{}) {
				delete(v, name)
			}
		}
	case []any:
		for i, element := range v {
			v[i] = change(fmt.Sprintf("%s[%d]", at, i), element, path, value)
		}
	}
	return v
}

func parse(t *testing.T, body []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func missing(t *testing.T, h Harness) {
	p, body := open(t, h, h.Setups[0]), read(t, h.Sample)
	for _, at := range places("", parse(t, body)) {
		for _, value := range []any{nil, gone{}} {
			if strings.HasSuffix(at.path, "]") && value != nil {
				continue
			}
			other := changed(t, body, at.path, value)
			e, err := p.Decode(request(h, other), other)
			switch {
			case slices.Contains(h.Required, at.path):
				mustBeInvalid(t, err, lead.Fault{Field: at.path})
			case err != nil:
				t.Errorf("without %s (%T): %v", at.path, value, err)
			default:
				sound(t, e)
			}
		}
	}
}

func wrongTypes(t *testing.T, h Harness) {
	p, body := open(t, h, h.Setups[0]), read(t, h.Sample)
	for _, at := range places("", parse(t, body)) {
		var wrong any = map[string]any{"bob@leak.example": "555-0100-4242"}
		if _, ok := at.value.(map[string]any); ok {
			wrong = "bob@leak.example"
		}
		other := changed(t, body, at.path, wrong)
		_, err := p.Decode(request(h, other), other)
		switch free := h.free(at.path); {
		case free && err != nil:
			t.Errorf("%s is free: %v", at.path, err)
		case !free && at.value != nil:
			mustBeInvalid(t, err, lead.Fault{Field: at.path})
			if err != nil && !strings.Contains(err.Error(), "type: ") {
				t.Errorf("%s: %v does not name the type", at.path, err)
			}
		}
	}
}

func unknown(t *testing.T, h Harness) {
	p, body := open(t, h, h.Setups[0]), read(t, h.Sample)
	for _, at := range append(places("", parse(t, body)), place{"", parse(t, body)}) {
		object, ok := at.value.(map[string]any)
		if !ok || h.free(at.path+".any") {
			continue
		}
		more := maps.Clone(object)
		more["addedYesterday"] = map[string]any{"bob@leak.example": []any{1, nil}}
		other := changed(t, body, at.path, more)
		e, err := p.Decode(request(h, other), other)
		want := lead.Note{Code: lead.NoteUnknownField, Field: strings.TrimPrefix(at.path+".addedYesterday", ".")}
		if err != nil || !slices.Contains(e.Notes, want) {
			t.Errorf("%s: got %v %v, want the note %v", at.path, e.Notes, err, want)
		}
		private(t, fmt.Sprint(e.Notes))
	}
}

// free says whether the document leaves open what stands at path.
func (h Harness) free(path string) bool {
	return slices.ContainsFunc(h.Free, func(open string) bool {
		parent, membersOnly := strings.CutSuffix(open, ".*")
		rest, under := strings.CutPrefix(path, parent)
		return under && (rest == "" && !membersOnly || rest != "" && (rest[0] == '.' || rest[0] == '['))
	})
}
