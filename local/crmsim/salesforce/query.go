package salesforce

import (
	"net/http"
	"regexp"
	"strings"
)

// maxURI is how long a request line may be [doc, SOQL limits: a URI of at most 16,384 bytes].
const maxURI = 16_384

// query answers the part of SOQL that lead relays need:
//
//	SELECT fields FROM object WHERE field = 'text' [AND field IN ('text', …)] …
//
// with \' and \\ in texts. Everything else is MALFORMED_QUERY.
func (o *Org) query(r *http.Request) (reply, *problem) {
	if len(r.URL.RequestURI()) > maxURI {
		return reply{}, fail(http.StatusRequestURITooLong, "URI_TOO_LONG", "the URI is too long")
	}
	malformed := fail(http.StatusBadRequest, "MALFORMED_QUERY", "unexpected token")
	m := regexp.MustCompile(`(?is)^\s*SELECT\s+([\w,\s]+?)\s+FROM\s+(\w+)\s+WHERE\s+(.+)$`).FindStringSubmatch(r.URL.Query().Get("q"))
	if m == nil {
		return reply{}, malformed
	}
	obj := o.objects[strings.ToLower(m[2])]
	if obj == nil {
		return reply{}, fail(http.StatusBadRequest, "INVALID_TYPE", "sObject type '"+m[2]+"' is not supported.")
	}
	var names []string
	for name := range strings.SplitSeq(m[1], ",") {
		f := obj.Field(strings.TrimSpace(name))
		if f == nil {
			return reply{}, noColumn(obj, name)
		}
		names = append(names, f.Name)
	}
	conditions, p := obj.where(m[3])
	if p != nil {
		return reply{}, p
	}
	records := []any{}
	for _, found := range obj.rows {
		if found.deleted || !holds(found, conditions) {
			continue
		}
		rec := map[string]any{"attributes": map[string]any{"type": obj.Name, "url": dataPath + "/v67.0/sobjects/" + obj.Name + "/" + found.id}}
		for _, name := range names {
			rec[name] = found.value(name)
		}
		records = append(records, rec)
	}
	return reply{status: http.StatusOK, body: map[string]any{"totalSize": len(records), "done": true, "records": records}}, nil
}

func noColumn(obj *object, name string) *problem {
	return fail(http.StatusBadRequest, "INVALID_FIELD", "No such column '"+strings.TrimSpace(name)+"' on entity '"+obj.Name+"'.")
}

// value is a field as a query shows it; a boolean is never null.
func (r *row) value(name string) any {
	if name == "Id" {
		return r.id
	}
	if v, has := r.fields[name]; has || name != "IsConverted" {
		return v
	}
	return false
}

type condition struct {
	field  string
	values []string
}

func holds(r *row, conditions []condition) bool {
	for _, c := range conditions {
		v, _ := r.value(c.field).(string)
		found := false
		for _, want := range c.values {
			found = found || strings.EqualFold(v, want)
		}
		if !found {
			return false
		}
	}
	return true
}

// where reads conditions that are joined by AND.
func (obj *object) where(text string) ([]condition, *problem) {
	malformed := fail(http.StatusBadRequest, "MALFORMED_QUERY", "unexpected token in the WHERE clause")
	literal := `'(?:[^'\\]|\\['\\])*'|\d{4}-\d\d-\d\d`
	one := regexp.MustCompile(`(?is)^\s*(\w+)\s*(?:=\s*(` + literal + `)|IN\s*\(\s*((?:` + literal + `)(?:\s*,\s*(?:` + literal + `))*)\s*\))`)
	values := regexp.MustCompile(literal)
	and := regexp.MustCompile(`(?i)^\s+AND\s+`)
	var out []condition
	for {
		m := one.FindStringSubmatch(text)
		if m == nil {
			return nil, malformed
		}
		f := obj.Field(m[1])
		if f == nil {
			return nil, noColumn(obj, m[1])
		}
		if f.Type == "textarea" { // long texts cannot be filtered [doc]
			return nil, fail(http.StatusBadRequest, "INVALID_FIELD", "field '"+f.Name+"' can not be filtered in a query call")
		}
		c := condition{field: f.Name}
		for _, v := range values.FindAllString(m[2]+m[3], -1) {
			if isDate := !strings.HasPrefix(v, "'"); isDate != (f.Type == "date") {
				return nil, fail(http.StatusBadRequest, "INVALID_FIELD", "filter criteria of "+f.Name+" must be of type "+f.Type)
			}
			c.values = append(c.values, strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.Trim(v, "'")))
		}
		out = append(out, c)
		if text = text[len(m[0]):]; strings.TrimSpace(text) == "" {
			return out, nil
		}
		joint := and.FindString(text)
		if joint == "" {
			return nil, malformed
		}
		text = text[len(joint):]
	}
}

// describe tells an object's fields as far as a preflight looks at them [doc].
func (o *Org) describe(name string) (reply, *problem) {
	obj, p := o.object(name)
	if p != nil {
		return reply{}, p
	}
	var fields []any
	for _, f := range obj.Fields {
		values := []any{}
		for _, v := range f.Values {
			values = append(values, map[string]any{"value": v, "label": v, "active": true})
		}
		fields = append(fields, map[string]any{
			"name": f.Name, "type": f.Type, "length": f.Length, "precision": f.Digits + f.Scale, "scale": f.Scale, "externalId": f.ExternalID,
			"unique": f.Unique, "createable": !f.ReadOnly, "updateable": !f.ReadOnly, "nillable": !f.Required, "restrictedPicklist": f.Restricted,
			"picklistValues": values, "referenceTo": []string{f.References}, "relationshipName": strings.Replace(f.Name, "__c", "__r", 1),
			"caseSensitive": false, "filterable": f.Type != "textarea",
		})
	}
	return reply{status: http.StatusOK, body: map[string]any{"name": obj.Name, "keyPrefix": obj.Prefix, "createable": true, "updateable": true, "queryable": true, "fields": fields}}, nil
}
