package rest

import (
	"bytes"
	_ "embed" // the default template and map
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"leadrelay/internal/lead"
)

//go:embed template.json
var defaultTemplate []byte

// template is a JSON document whose texts may hold placeholders:
//
//	${key} ${about} ${receipt} ${received}   the lead's key, "lead" or "activity", the event's receipt and time (RFC 3339)
//	${fields} ${fields.email}                what the map gives, whole or one field
//	${payload} ${payload.a.b}                the partner's JSON, whole or by a path
//
// A text that is one placeholder becomes the value with its own type, and a member whose value is not there is left out. Within a longer
// text a placeholder is spliced in as text, empty when it is not there.
type template struct{ root any }

// maxTemplate bounds a template's file, in bytes.
const maxTemplate = 64 << 10

func placeholder() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]*)\}`) }

// parseTemplate reads a template; columns are the map's fields.
func parseTemplate(text []byte, columns []string) (template, error) {
	if len(text) > maxTemplate {
		return template{}, fmt.Errorf("is longer than %d bytes", maxTemplate)
	}
	if err := lead.WellFormed(text); err != nil {
		return template{}, err
	}
	root, err := tree(text)
	if err != nil {
		return template{}, err
	}
	if _, ok := root.(map[string]any); !ok {
		return template{}, errors.New("must be a JSON object")
	}
	t := template{root}
	return t, t.check(root, columns)
}

// tree decodes JSON; numbers keep their digits.
func tree(text []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err = dec.Decode(&v); err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = errors.New("something follows the JSON value")
		}
	}
	return v, err
}

// check refuses names that no event can have.
func (t template) check(v any, columns []string) error {
	var errs []error
	switch v := v.(type) {
	case map[string]any:
		for _, child := range v {
			errs = append(errs, t.check(child, columns))
		}
	case []any:
		for _, child := range v {
			errs = append(errs, t.check(child, columns))
		}
	case string:
		for _, m := range placeholder().FindAllStringSubmatch(v, -1) {
			field, isField := strings.CutPrefix(m[1], "fields.")
			path, isPath := strings.CutPrefix(m[1], "payload.")
			switch {
			case slices.Contains([]string{"key", "about", "receipt", "received", "fields", "payload"}, m[1]):
			case isField && slices.Contains(columns, field):
			case isPath && !slices.Contains(strings.Split(path, "."), ""):
			default:
				errs = append(errs, fmt.Errorf("there is no ${%s}", m[1]))
			}
		}
	}
	return errors.Join(errs...)
}

// fill makes the body from the values: those named above, "fields" a map and "payload" a tree.
func (t template) fill(values map[string]any) ([]byte, error) {
	filled, _ := fill(t.root, values)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(filled); err != nil {
		return nil, lead.Errorf(lead.Refused, "the body cannot be written as JSON") // the error of json may quote a value
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// fill gives a part of the template with its values; false: there is none.
func fill(v any, values map[string]any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, child := range v {
			if filled, ok := fill(child, values); ok {
				out[name] = filled
			}
		}
		return out, true
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i], _ = fill(child, values)
		}
		return out, true
	case string:
		return splice(v, values)
	}
	return v, true
}

func splice(text string, values map[string]any) (any, bool) {
	found := placeholder().FindStringSubmatch(text)
	if found == nil {
		return text, true
	}
	if found[0] == text {
		return at(values, strings.Split(found[1], "."))
	}
	return placeholder().ReplaceAllStringFunc(text, func(name string) string {
		v, _ := at(values, strings.Split(name[2:len(name)-1], "."))
		return plain(v)
	}), true
}

// at follows a path; false: there is nothing, or null.
func at(v any, path []string) (any, bool) {
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		v = m[step]
	}
	return v, v != nil
}

// plain is a value within a text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return "" // decoded JSON is JSON
	}
	return strings.TrimSpace(b.String())
}
