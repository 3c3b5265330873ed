package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"
)

// write is a compiled block.
type write struct {
	to     string
	on     []string
	about  string
	newest string
	fields []field // by name
}

// field is a compiled rule.
type field struct {
	rule
	object, name string
	path         []string
	term         term // of a path into our own terms
	program      *vm.Program
	table        map[string]any // of the lookup, values as scalar makes them
	fallback     any            // of default; nil when there is none
	fixed        any            // of const
	separator    string
}

// compiler collects complaints.
type compiler struct {
	file  *file
	terms map[string]term
	wrong []string
}

func (c *compiler) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func compile(f *file) (*Mapping, error) {
	c := &compiler{file: f, terms: terms()}
	c.head()
	m := &Mapping{crm: f.CRM, key: f.Key}
	for i, b := range f.Writes {
		m.writes = append(m.writes, c.block(i, b))
	}
	if len(m.writes) == 0 {
		c.complain("writes: is empty: nothing would be written")
	}
	c.clashes(m.writes)
	if len(c.wrong) > 0 {
		slices.Sort(c.wrong)
		return nil, errors.New(strings.Join(slices.Compact(c.wrong), "\n"))
	}
	m.columns = columns(m.writes)
	return m, nil
}

// head checks everything but the blocks.
func (c *compiler) head() {
	f := c.file
	if f.Version != 1 {
		c.complain("version: must be 1")
	}
	if f.CRM == "" {
		c.complain("crm: is required: dataverse or salesforce")
	}
	switch {
	case f.Key.Primary && f.CRM != "dataverse":
		c.complain("key.primary: only dataverse lets us choose a record's id")
	case f.Key.Primary && f.Key.Field != "":
		c.complain("key: field and primary exclude each other")
	case !f.Key.Primary && !fieldName().MatchString(f.Key.Field):
		c.complain("key.field: must be a field's name")
	}
	if !partnerName().MatchString(f.Key.Plain) {
		c.complain("key.plain: must be a partner's name, such as crf")
	}
	for name, table := range f.Lookups {
		for value, to := range table {
			if _, ok := scalar(to); !ok {
				c.complain("lookups.%s.%q: must give a text, a number, true or false", name, value)
			}
		}
	}
}

func fieldName() *regexp.Regexp   { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(@odata\.bind)?$`) }
func partnerName() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+$`) }
func typePattern() *regexp.Regexp { return regexp.MustCompile(`^([A-Za-z0-9_.-]+\*?|\*)$`) }
func objectName() *regexp.Regexp  { return regexp.MustCompile(`^[a-z]+$`) }

func (c *compiler) block(i int, b block) write {
	at := fmt.Sprintf("writes[%d]", i)
	if !objectName().MatchString(b.To) {
		c.complain("%s.to: must be an object, such as lead or note", at)
	}
	c.oneOf(at+".about", b.About, "", "lead", "activity")
	if len(b.On) == 0 {
		c.complain("%s.on: must list event types, such as crf.lead or credzu.*", at)
	}
	for _, on := range b.On {
		if !typePattern().MatchString(on) {
			c.complain("%s.on: %q is no event type", at, on)
		}
	}
	if b.Newest != "" && !slices.ContainsFunc(c.file.Writes, func(o block) bool {
		r, ok := o.Fields[b.Newest]
		return ok && o.To == b.To && r.As == "datetime" && !r.Off
	}) {
		c.complain("%s.newest: must be a field of the same object with `as: datetime`", at)
	}
	w := write{to: b.To, on: b.On, about: b.About, newest: b.Newest}
	for _, name := range slices.Sorted(maps.Keys(b.Fields)) {
		r := b.Fields[name]
		if name == c.file.Key.Field && b.To == "lead" {
			c.complain("%s.fields.%s: is the key and is written from the lead's id", at, name)
		}
		fld := c.field(at, b.To, name, r)
		if !r.Off {
			w.fields = append(w.fields, fld)
		}
	}
	return w
}

// clashes finds two blocks that would write one field of one object for the same event.
func (c *compiler) clashes(writes []write) {
	for i, a := range writes {
		for _, b := range writes[:i] {
			if a.to != b.to || a.about != b.about && a.about != "" && b.about != "" || !slices.ContainsFunc(a.on, func(on string) bool { return slices.ContainsFunc(b.on, func(o string) bool { return overlap(on, o) }) }) {
				continue
			}
			for _, f := range a.fields {
				if slices.ContainsFunc(b.fields, func(g field) bool { return g.name == f.name }) {
					c.complain("writes[%d].fields.%s: another block writes it too, for the same events", i, f.name)
				}
			}
		}
	}
}

// overlap tells whether one event type may fit both patterns.
func overlap(a, b string) bool {
	x, wildA := strings.CutSuffix(a, "*")
	y, wildB := strings.CutSuffix(b, "*")
	switch {
	case wildA && wildB:
		return strings.HasPrefix(x, y) || strings.HasPrefix(y, x)
	case wildA:
		return strings.HasPrefix(y, x)
	case wildB:
		return strings.HasPrefix(x, y)
	}
	return a == b
}

// columns lists each field once; two blocks that write one field for different events need room for both.
func columns(writes []write) []Column {
	var out []Column
	for _, w := range writes {
		for _, f := range w.fields {
			c := Column{Object: w.to, Field: f.name, As: f.As, Max: f.Max, Values: f.values(), Sensitive: f.Sensitive}
			i := slices.IndexFunc(out, func(o Column) bool { return o.Object == c.Object && o.Field == c.Field })
			if i < 0 {
				out = append(out, c)
				continue
			}
			o := &out[i]
			o.As, o.Max, o.Sensitive = cmp.Or(o.As, c.As), max(o.Max, c.Max), o.Sensitive || c.Sensitive
			if o.Values != nil && c.Values != nil {
				o.Values = slices.Compact(slices.Sorted(slices.Values(append(o.Values, c.Values...))))
			} else {
				o.Values = nil
			}
		}
	}
	slices.SortFunc(out, func(a, b Column) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field)) })
	return out
}
