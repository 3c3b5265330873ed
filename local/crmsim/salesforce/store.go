package salesforce

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Owners that an org knows: who made a record, and the queue that the active assignment rule gives leads to.
const (
	integrationUser = "005sim000000001AAA"
	AssignmentQueue = "00Gsim000000001AAA"
)

// statusAlert marks a duplicate that allowSave lets pass.
const statusAlert = http.StatusBadRequest

// change is one record of a request on its way into the org.
type change struct {
	obj    *object
	fields map[string]any // without attributes, id and key
	key    *Field         // of an upsert
	value  string
	target *row // what is updated; nil creates
}

// matches are the rows that hold a value in a field, without case (§2.1 [doc]).
func (obj *object) matches(f *Field, value string) []*row {
	var out []*row
	for _, r := range obj.rows {
		if s, ok := r.fields[f.Name].(string); ok && !r.deleted && strings.EqualFold(s, value) {
			out = append(out, r)
		}
	}
	return out
}

// apply checks one change and stores it. Either all of it is stored or nothing.
func (o *Org) apply(r *http.Request, c change) (*row, *problem) {
	if p := o.itemFault(c.value); p != nil {
		return nil, p
	}
	next := map[string]any{}
	if c.target != nil {
		if c.target.fields["IsConverted"] == true { // (§2.4)
			return nil, fail(http.StatusBadRequest, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
		}
		next = maps.Clone(c.target.fields)
	}
	if c.key != nil {
		next[c.key.Name] = c.value
	}
	for _, name := range slices.Sorted(maps.Keys(c.fields)) {
		f, v := c.obj.Field(name), c.fields[name]
		if rel := c.obj.relation(name); rel != nil {
			id, p := o.relate(rel, v.(map[string]any))
			if p != nil {
				return nil, p
			}
			f, v = rel, id
		}
		if p := o.wrong(f, v, c.target == nil); p != nil {
			return nil, p
		}
		next[f.Name] = v
		if v == nil || v == "" {
			delete(next, f.Name)
		}
	}
	if p := o.whole(c, next); p != nil {
		return nil, p
	}
	if p := o.duplicate(r, c, next); p != nil {
		return nil, p
	}
	return o.store(r, c, next), nil
}

// whole checks what concerns more than one value: required fields and unique ones.
func (o *Org) whole(c change, next map[string]any) *problem {
	for i := range c.obj.Fields {
		f := &c.obj.Fields[i]
		v, has := next[f.Name]
		if f.Required && !has {
			return fail(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "Required fields are missing: ["+f.Name+"]", f.Name)
		}
		if s, _ := v.(string); f.Unique && has {
			for _, other := range c.obj.matches(f, s) {
				if other != c.target { // the message names the other record (§2.4)
					return fail(http.StatusBadRequest, "DUPLICATE_VALUE", "duplicate value found: "+f.Name+" duplicates value on record with id: "+other.id)
				}
			}
		}
	}
	return nil
}

// relate finds a parent by an external id (§2.1). That a missing one is INVALID_FIELD, and a converted lead refused, is [mem].
func (o *Org) relate(f *Field, by map[string]any) (string, *problem) {
	parent := o.objects[strings.ToLower(f.References)]
	for name, v := range by {
		key := parent.Field(name)
		value, isText := v.(string)
		if key == nil || !key.ExternalID || !isText {
			return "", fail(http.StatusBadRequest, "INVALID_FIELD", name+" is no external id of "+parent.Name, name)
		}
		found := parent.matches(key, value)
		switch {
		case len(found) == 0:
			return "", fail(http.StatusBadRequest, "INVALID_FIELD", "Foreign key external ID: "+value+" not found for field "+key.Name+" in entity "+parent.Name)
		case found[0].fields["IsConverted"] == true:
			return "", fail(http.StatusBadRequest, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
		}
		return found[0].id, nil
	}
	return "", parserError("complexvalue", by)
}

// duplicate is the org's duplicate rule for leads (§2.4 [doc]): allowSave passes it in alert mode only.
func (o *Org) duplicate(r *http.Request, c change, next map[string]any) *problem {
	email, _ := next["Email"].(string)
	if o.opts.DuplicateRule == "" || c.obj.Name != "Lead" || email == "" {
		return nil
	}
	var ids []string
	for _, other := range c.obj.matches(c.obj.Field("Email"), email) {
		if other != c.target {
			ids = append(ids, other.id)
		}
	}
	allowSave, _, _ := duplicateHeader(r)
	if len(ids) == 0 || o.opts.DuplicateRule == "alert" && allowSave {
		return nil
	}
	p := fail(statusAlert, "DUPLICATES_DETECTED", "Use one of these records?")
	if o.opts.DuplicateRule == "block" {
		p.message = "You can't save this record because a duplicate record already exists."
	}
	p.matches = ids
	return p
}

// store keeps the record, and lets the assignment rule choose the owner of a lead unless the header says no (§2.4 [doc]).
func (o *Org) store(r *http.Request, c change, next map[string]any) *row {
	if c.obj.Name == "Lead" {
		if _, has := next["Status"]; !has {
			next["Status"] = "Open - Not Contacted"
		}
		_, named := c.fields["OwnerId"]
		if assign := r.Header.Get("Sforce-Auto-Assign"); !named && !strings.EqualFold(assign, "FALSE") {
			next["OwnerId"] = AssignmentQueue
		}
	}
	if _, has := next["OwnerId"]; !has {
		next["OwnerId"] = integrationUser
	}
	if c.target != nil {
		c.target.fields = next
		return c.target
	}
	out := &row{id: o.newID(c.obj.Prefix), fields: next}
	c.obj.rows = append(c.obj.rows, out)
	return out
}
