package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

const longestTemplate = 16 << 10

// Template makes a payload of its own out of an event. It may be used side by side.
type Template struct {
	text  []byte
	holes []hole
	paths *tree // of the holes that the payload fills
}

// hole is a place in a template's text.
type hole struct {
	span
	fact string // "event.id"; empty when the payload fills it
	path *tree
}

// NewTemplate reads a template: JSON in which a string "${path}" stands for the value at that path of the payload, as it is written
// there, or null; and "${event.id}", "${event.type}", "${event.time}" and "${lead.id}" for facts of the event, which go before
// members of the payload of such names. All else stays byte for byte. A path leads through objects only.
func NewTemplate(text []byte) (*Template, error) {
	if len(text) > longestTemplate {
		return nil, fmt.Errorf("the template is longer than %d bytes", longestTemplate)
	}
	if err := lead.WellFormed(text); err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	t := &Template{text: bytes.Clone(text), paths: &tree{}}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	for {
		before := dec.InputOffset()
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the template: %w", err)
		}
		name, ok := placeholder(token)
		if kind, n := dec.StackIndex(dec.StackDepth()); !ok || kind == '{' && n%2 == 1 { // the last token was a member's name
			continue
		}
		h := hole{span: span{begins(text, before), dec.InputOffset()}}
		if h.fact, h.path, err = t.source(name); err != nil {
			return nil, fmt.Errorf("the template: %w", err)
		}
		t.holes = append(t.holes, h)
	}
}

// source is where a hole's value comes from.
func (t *Template) source(name string) (fact string, path *tree, err error) {
	if !strings.HasPrefix(name, "event.") && !strings.HasPrefix(name, "lead.") {
		names, err := parsePath(name)
		if err != nil {
			return "", nil, err
		}
		return "", t.paths.add(names), nil
	}
	if !slices.Contains([]string{"event.id", "event.type", "event.time", "lead.id"}, name) {
		return "", nil, fmt.Errorf("there is no ${%s}", name)
	}
	return name, nil, nil
}

// placeholder is what stands in a string of the form "${…}".
func placeholder(token jsontext.Token) (string, bool) {
	if token.Kind() != '"' {
		return "", false
	}
	name, begins := strings.CutPrefix(token.String(), "${")
	name, ends := strings.CutSuffix(name, "}")
	return name, begins && ends
}

// Render fills the template. It fails, saying nothing of the payload, when the payload is needed and is not JSON.
func (t *Template) Render(e *Event) ([]byte, error) {
	values := map[*tree][]byte{}
	if t.paths.members != nil {
		if lead.WellFormed(e.Payload) != nil {
			return nil, errPayload
		}
		if err := collect(jsontext.NewDecoder(bytes.NewBuffer(e.Payload)), t.paths, values); err != nil {
			return nil, errPayload
		}
	}
	var out []byte
	at := int64(0)
	for _, h := range t.holes {
		out = append(out, t.text[at:h.from]...)
		value, ok := values[h.path]
		switch {
		case h.fact != "":
			out = append(out, fact(e, h.fact)...)
		case ok:
			out = append(out, value...)
		default:
			out = append(out, "null"...)
		}
		at = h.to
	}
	return append(out, t.text[at:]...), nil
}

// collect finds the values at the paths under t within the value that comes next.
func collect(dec *jsontext.Decoder, t *tree, values map[*tree][]byte) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		inner := t.member(name.String())
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if inner == nil {
			continue
		}
		if inner.whole {
			values[inner] = bytes.Clone(value)
		}
		if inner.members != nil {
			if err := collect(jsontext.NewDecoder(bytes.NewBuffer(bytes.Clone(value))), inner, values); err != nil {
				return err
			}
		}
	}
	_, err := dec.ReadToken()
	return err
}

// fact is a fact of the event as a JSON string.
func fact(e *Event, name string) []byte {
	value := map[string]string{"event.id": e.ID, "event.type": e.Event.Type, "event.time": e.Time.UTC().Format(time.RFC3339Nano),
		"lead.id": e.Event.Lead.ID}[name]
	out, err := jsontext.AppendQuote(nil, value)
	if err != nil { // invalid UTF-8, which ids are checked against before
		out, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(value, "\uFFFD"))
	}
	return out
}
