package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// described is what describe tells of an object's field.
type described struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Length     int      `json:"length"`
	ExternalID bool     `json:"externalId"`
	Unique     bool     `json:"unique"`
	Createable bool     `json:"createable"`
	Updateable bool     `json:"updateable"`
	Restricted bool     `json:"restrictedPicklist"`
	References []string `json:"referenceTo"`
	Values     []choice `json:"picklistValues"`
}

type choice struct {
	Value  string `json:"value"`
	Active bool   `json:"active"`
}

// Preflight implements [crm.Preflighter]: the token, the API version and what is left of the allocation, and then each field
// that the map writes, by the org's own description of its objects. It costs a call for each object.
func (c *CRM) Preflight(ctx context.Context) []crm.Finding {
	if _, err := c.call(ctx, request{method: http.MethodGet, path: "/"}); err != nil {
		return []crm.Finding{{Level: crm.Fault, Subject: "token", Text: err.Error()}}
	}
	out := []crm.Finding{{Level: crm.OK, Subject: "token", Text: "the org answers, API " + c.version}}
	if err := c.gate.closed(c.now()); err != nil {
		out = append(out, crm.Finding{Level: crm.Warning, Subject: "allocation", Text: err.Error()})
	}
	byObject := map[string][]mapping.Column{"lead": nil}
	for _, col := range c.mapping.Columns() {
		byObject[col.Object] = append(byObject[col.Object], col)
	}
	for _, word := range []string{"lead", "event", "task"} {
		if columns, ok := byObject[word]; ok {
			out = append(out, c.preflightObject(ctx, word, columns)...)
		}
	}
	return out
}

func (c *CRM) preflightObject(ctx context.Context, word string, columns []mapping.Column) []crm.Finding {
	object := c.object(word)
	fields, err := c.describe(ctx, object)
	if err != nil {
		text := err.Error()
		if lead.KindOf(err) == lead.Address {
			text = "is missing, or hidden from the run-as user: " + text
		}
		return []crm.Finding{{Level: crm.Fault, Subject: "object " + object, Text: text}}
	}
	var out []crm.Finding
	add := func(level crm.Level, field, text string) {
		f := crm.Finding{Level: level, Subject: "field " + object + "." + field, Text: text}
		if !slices.Contains(out, f) { // several blocks of a map may write one field
			out = append(out, f)
		}
	}
	switch word {
	case "lead":
		checkKey(fields, c.mapping.KeyField(), 100, add)
	case "event":
		checkKey(fields, c.event.key, 36, add)
		if f, ok := fields[strings.ToLower(c.event.parent)]; !ok || !slices.Contains(f.References, "Lead") {
			add(crm.Fault, c.event.parent, "must be a lookup to Lead")
		}
	}
	for _, col := range columns {
		f, ok := fields[strings.ToLower(col.Field)]
		if !ok {
			add(crm.Fault, col.Field, "is missing, or hidden by field-level security: make it, or take it out of the map")
			continue
		}
		f.check(col, func(level crm.Level, text string) { add(level, col.Field, text) })
	}
	if len(out) == 0 {
		out = append(out, crm.Finding{Level: crm.OK, Subject: "object " + object, Text: fmt.Sprintf("takes all %d fields of the map", len(columns))})
	}
	return out
}

// checkKey wants a text that is External ID and Unique: without the second an upsert may meet two records (§2.1).
func checkKey(fields map[string]described, name string, length int, add func(crm.Level, string, string)) {
	switch f, ok := fields[strings.ToLower(name)]; {
	case !ok:
		add(crm.Fault, name, fmt.Sprintf("is missing, or hidden: make a text field of %d characters, External ID and Unique", length))
	case !f.ExternalID:
		add(crm.Fault, name, "must be an External ID")
	case f.Type != "string":
		add(crm.Fault, name, "must be a text field")
	case !f.Unique:
		add(crm.Fault, name, "must be Unique: an id that two records bear can be written to neither")
	case f.Length < length:
		add(crm.Warning, name, fmt.Sprintf("takes %d characters; %d hold every id", f.Length, length))
	}
}

// check compares a field with what the map writes into it.
func (f described) check(col mapping.Column, add func(crm.Level, string)) {
	if !f.Createable || !f.Updateable {
		add(crm.Fault, "may not be written by the run-as user")
	}
	if want := types(col.As); want != nil && !slices.Contains(want, f.Type) {
		add(crm.Fault, fmt.Sprintf("is a %s; the map writes %s", f.Type, col.As))
	}
	isText := slices.Contains(texty(), f.Type)
	if isText && col.Max > f.Length && f.Length > 0 {
		add(crm.Fault, fmt.Sprintf("takes %d characters; the map writes up to %d", f.Length, col.Max))
	}
	if f.Restricted {
		f.checkValues(col, add)
	}
}

func (f described) checkValues(col mapping.Column, add func(crm.Level, string)) {
	if col.Values == nil {
		add(crm.Warning, "is a restricted picklist; the map may write any text")
	}
	for _, v := range col.Values {
		var s string
		if json.Unmarshal([]byte(v), &s) != nil {
			continue
		}
		if !slices.Contains(f.Values, choice{s, true}) {
			add(crm.Fault, fmt.Sprintf("is a restricted picklist without the active value %s", v))
		}
	}
}

func texty() []string {
	return []string{"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox", "encryptedstring"}
}

// types are the field types that take what `as` makes; nil: no saying.
func types(as string) []string {
	switch as {
	case "int", "money", "decimal":
		return []string{"int", "double", "currency", "percent", "long"}
	case "bool":
		return []string{"boolean"}
	case "date":
		return []string{"date"}
	case "datetime":
		return []string{"datetime"}
	case "string", "multiselect", "json":
		return texty()
	}
	return nil
}

// describe reads an object's fields, by name in lower case.
func (c *CRM) describe(ctx context.Context, object string) (map[string]described, error) {
	body, err := c.call(ctx, request{method: http.MethodGet, path: "/sobjects/" + url.PathEscape(object) + "/describe"})
	if err != nil {
		return nil, err
	}
	var told struct {
		Fields []described `json:"fields"`
	}
	if json.Unmarshal(body, &told) != nil || len(told.Fields) == 0 {
		return nil, lead.Errorf(lead.Unavailable, "the org's description cannot be read")
	}
	out := make(map[string]described, len(told.Fields))
	for _, f := range told.Fields {
		out[strings.ToLower(f.Name)] = f
	}
	return out, nil
}
