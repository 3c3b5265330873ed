package rule

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// span is a range of bytes.
type span struct{ from, to int64 }

// cutter walks a payload once and notes what goes, in order.
type cutter struct {
	text []byte
	dec  *jsontext.Decoder
	cuts []span
}

// value walks the value that comes next, which stays.
func (c *cutter) value(r rules) error {
	if r.include == nil && r.exclude == nil {
		return c.dec.SkipValue()
	}
	switch c.dec.PeekKind() {
	case '{':
		return c.object(r)
	case '[':
		return c.array(r)
	}
	return c.dec.SkipValue()
}

func (c *cutter) object(r rules) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	var row row
	for c.dec.PeekKind() != '}' {
		before := len(c.cuts)
		from := c.next()
		name, err := c.dec.ReadToken()
		if err != nil {
			return err
		}
		inner, goes := r.member(name.String())
		goes = goes || inner.include != nil && plain(c.dec.PeekKind())
		if err := c.element(inner, goes); err != nil {
			return err
		}
		row.add(c, span{from, c.dec.InputOffset()}, goes, before)
	}
	row.end(c)
	_, err := c.dec.ReadToken()
	return err
}

func (c *cutter) array(r rules) error {
	if _, err := c.dec.ReadToken(); err != nil {
		return err
	}
	var row row
	for c.dec.PeekKind() != ']' {
		before := len(c.cuts)
		from := c.next()
		goes := r.include != nil && plain(c.dec.PeekKind())
		if err := c.element(r, goes); err != nil {
			return err
		}
		row.add(c, span{from, c.dec.InputOffset()}, goes, before)
	}
	row.end(c)
	_, err := c.dec.ReadToken()
	return err
}

func (c *cutter) element(r rules, goes bool) error {
	if goes {
		return c.dec.SkipValue()
	}
	return c.value(r)
}

// next is where the next token begins.
func (c *cutter) next() int64 { return begins(c.text, c.dec.InputOffset()) }

// begins is where the token begins that follows the one that ends at at.
func begins(text []byte, at int64) int64 {
	for at < int64(len(text)) && strings.IndexByte(" \t\r\n,:", text[at]) >= 0 {
		at++
	}
	return at
}

// row is the elements between two brackets, as far as they are read.
type row struct {
	kept    bool
	keptEnd int64 // where the last one that stays ends
	run     *span // the ones that go since then
}

// add notes an element. One that stays ends the run before it, which goes with the comma behind it; the run's cut comes before
// those inside of the element, which begin at index in c.cuts.
func (r *row) add(c *cutter, s span, goes bool, index int) {
	switch {
	case goes && r.run == nil:
		r.run = &s
	case goes:
		r.run.to = s.to
	default:
		if r.run != nil {
			c.cuts = slices.Insert(c.cuts, index, span{r.run.from, s.from})
		}
		r.kept, r.keptEnd, r.run = true, s.to, nil
	}
}

// end cuts the run before the closing bracket, with the comma in front of it if something stays there.
func (r *row) end(c *cutter) {
	if r.run == nil {
		return
	}
	if r.kept {
		r.run.from = r.keptEnd
	}
	c.cuts = append(c.cuts, *r.run)
}
