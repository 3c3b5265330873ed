package mapping

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/lead"
)

// Rendered is what one event would write.
type Rendered struct {
	Keys  []string // where the lead is found: under its own key, or else under the next, by the partner's reference
	Event string   // [EventID]
	Lead  Record   // the fields of the object "lead"; none when the event writes none
	Also  []Record // the other objects that get a field, by object: "note", "task"
}

// Record is what an event writes into one object.
type Record struct {
	Object string
	Fields []Field // by name
}

// Field is one field with its value: nil (clear it), bool, string or [lead.Decimal].
type Field struct {
	Name      string
	Newest    string // the datetime field of this record that orders: when the CRM's is later, this field is left alone
	Value     any
	Once      bool // for a new record only: writeOnce, or a default
	Sensitive bool
	Cut       bool // shortened to its max
}

// Shown is the value for people, as JSON; a sensitive one is not shown.
func (f Field) Shown() string {
	if f.Sensitive {
		return "[sensitive]"
	}
	b, err := json.Marshal(f.Value)
	if err != nil {
		return "[not JSON]"
	}
	return string(b)
}

// Create are the fields of a new record.
func (r Record) Create() map[string]any { return r.fields(true) }

// Update are the fields of a record that exists.
func (r Record) Update() map[string]any { return r.fields(false) }

// HasOnce tells whether Create and Update differ.
func (r Record) HasOnce() bool {
	return slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Once })
}

func (r Record) fields(fresh bool) map[string]any {
	out := make(map[string]any, len(r.Fields))
	for _, f := range r.Fields {
		if !f.Once || fresh && f.Value != nil {
			out[f.Name] = f.Value
		}
	}
	return out
}

// Cut names the fields that were shortened.
func (r Record) Cut() []string {
	var out []string
	for _, f := range r.Fields {
		if f.Cut {
			out = append(out, f.Name)
		}
	}
	return out
}

// Render says what an event writes with the payload that it was decoded from. It fails with Refused; the error names a
// field and its rule, never a value. A notice writes nothing.
func (m *Mapping) Render(e lead.Event, payload []byte) (Rendered, error) {
	if e.About == lead.Notice {
		return Rendered{}, nil
	}
	keys, err := m.key.keys(e.Lead)
	if err != nil {
		return Rendered{}, err
	}
	src := &source{event: &e, id: EventID(e), text: payload}
	byObject := map[string]*Record{"lead": {Object: "lead"}}
	var faults []lead.Fault
	for _, w := range m.writes {
		if !w.fits(e) {
			continue
		}
		r := byObject[w.to]
		if r == nil {
			r = &Record{Object: w.to}
			byObject[w.to] = r
		}
		r.Fields = slices.Grow(r.Fields, len(w.fields))
		faults = append(faults, w.render(src, r)...)
	}
	if src.broken != nil {
		return Rendered{}, src.broken
	}
	if len(faults) > 0 {
		return Rendered{}, &lead.Error{Kind: lead.Refused, Code: "mapping", Faults: faults[:min(len(faults), lead.MaxFindings)]}
	}
	out := Rendered{Keys: keys, Event: src.id, Lead: byObject["lead"].tidy()}
	delete(byObject, "lead")
	for _, r := range byObject {
		if len(r.Fields) > 0 {
			out.Also = append(out.Also, r.tidy())
		}
	}
	slices.SortFunc(out.Also, func(a, b Record) int { return cmp.Compare(a.Object, b.Object) })
	if e.About == lead.LeadEvent && len(out.Lead.Fields) == 0 {
		return Rendered{}, lead.Errorf(lead.Refused, "the map writes no lead for events of type %.64q", e.Type)
	}
	return out, nil
}

func (w write) fits(e lead.Event) bool {
	if w.about == "lead" && e.About != lead.LeadEvent || w.about == "activity" && e.About != lead.Activity {
		return false
	}
	return slices.ContainsFunc(w.on, func(on string) bool { return fits(on, e.Type) })
}

// fits tells whether an event type fits a pattern of `on`.
func fits(pattern, kind string) bool {
	if prefix, wild := strings.CutSuffix(pattern, "*"); wild {
		return strings.HasPrefix(kind, prefix)
	}
	return kind == pattern
}

func (w write) render(src *source, r *Record) []lead.Fault {
	var faults []lead.Fault
	for i := range w.fields {
		f := &w.fields[i]
		if len(f.Stages) > 0 && !slices.Contains(f.Stages, src.event.Lead.Stage.String()) {
			continue
		}
		got, ok, rule := f.render(src)
		if rule != "" {
			faults = append(faults, lead.Fault{Field: f.object + "." + f.name, Rule: rule})
		} else if ok {
			got.Newest = w.newest
			r.Fields = append(r.Fields, got)
		}
	}
	return faults
}

// tidy sorts the fields.
func (r *Record) tidy() Record {
	slices.SortFunc(r.Fields, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	return *r
}
