package rule

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Projection takes members out of payloads. It may be used side by side.
type Projection struct{ include, exclude *tree }

// NewProjection makes a projection of dotted paths ("ipAddress", "statistics.latitude"). If include names any, only these
// members stay, whole, with the objects around them; what exclude names goes, whole, even if include names it.
// A path leads through arrays to each of their elements; one that leads nowhere does nothing. Names are compared exactly,
// after JSON's escapes are resolved. A malformed path is an error.
func NewProjection(include, exclude []string) (*Projection, error) {
	in, err := plant(include)
	if err != nil {
		return nil, fmt.Errorf("include: %w", err)
	}
	out, err := plant(exclude)
	if err != nil {
		return nil, fmt.Errorf("exclude: %w", err)
	}
	return &Projection{include: in, exclude: out}, nil
}

// Apply returns the payload without the members that are not for the far side; of all that stays, every byte is as it
// was, white space, digits and escapes included. If nothing goes, it is the payload itself. Where include asks for
// members of something that turns out to be a plain value, that value goes too (null may stay: it tells nothing), and a payload
// that is a plain value itself is an error. So is one that is not JSON. Errors hold nothing of the payload.
func (p *Projection) Apply(payload []byte) ([]byte, error) {
	if p.include == nil && p.exclude == nil {
		return payload, nil
	}
	c := &cutter{text: payload, dec: jsontext.NewDecoder(bytes.NewBuffer(payload), jsontext.AllowDuplicateNames(true))}
	if p.include != nil && plain(c.dec.PeekKind()) {
		return nil, errPayload
	}
	if err := c.value(rules{p.include, p.exclude}); err != nil {
		return nil, errPayload
	}
	if len(bytes.Trim(payload[c.dec.InputOffset():], " \t\r\n")) > 0 {
		return nil, errPayload
	}
	if len(c.cuts) == 0 {
		return payload, nil
	}
	out := make([]byte, 0, len(payload))
	at := int64(0)
	for _, cut := range c.cuts {
		out = append(out, payload[at:cut.from]...)
		at = cut.to
	}
	return append(out, payload[at:]...), nil
}

// rules are what two trees say of one value: a nil include keeps all of it, a nil exclude takes nothing of it.
type rules struct{ include, exclude *tree }

// member says what becomes of a member: it goes, or stays under rules of its own.
func (r rules) member(name string) (inner rules, goes bool) {
	in, out := r.include.member(name), r.exclude.member(name)
	if r.include != nil && in == nil || out != nil && out.whole {
		return rules{}, true
	}
	if in != nil && in.whole {
		in = nil
	}
	return rules{in, out}, false
}

func plain(k jsontext.Kind) bool { return k == '"' || k == '0' || k == 't' || k == 'f' }
