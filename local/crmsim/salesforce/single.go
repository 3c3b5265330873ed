package salesforce

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
)

// decode reads a JSON body; numbers keep their digits.
func decode(body []byte, out any) *problem {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(out); err != nil {
		return fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "the body cannot be read")
	}
	if _, err := dec.Token(); err != io.EOF {
		return fail(http.StatusBadRequest, "JSON_PARSER_ERROR", "something follows the body")
	}
	return nil
}

// object gives an sObject by the name in a path.
func (o *Org) object(name string) (*object, *problem) {
	if obj := o.objects[strings.ToLower(name)]; obj != nil {
		return obj, nil
	}
	return nil, notFound()
}

// one reads the body of a call about one record.
func (o *Org) one(obj *object, body []byte) (map[string]any, *problem) {
	var fields map[string]any
	if p := decode(body, &fields); p != nil {
		return nil, p
	}
	if p := attributes(fields, obj.Name, false); p != nil {
		return nil, p
	}
	for name := range fields {
		if strings.EqualFold(name, "Id") { // (§2.1 [doc])
			return nil, fail(http.StatusBadRequest, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", "Id")
		}
	}
	return fields, obj.deserialize(fields)
}

// attributes takes the member of that name out of a record and checks its type.
func attributes(fields map[string]any, object string, required bool) *problem {
	v, has := fields["attributes"]
	delete(fields, "attributes")
	if !has && !required {
		return nil
	}
	m, _ := v.(map[string]any)
	if kind, _ := m["type"].(string); !strings.EqualFold(kind, object) {
		return fail(http.StatusBadRequest, "INVALID_TYPE", "each record must say attributes.type, and it must be "+object)
	}
	return nil
}

func saved(status int, r *row, created bool) reply {
	return reply{status: status, body: map[string]any{"id": r.id, "success": true, "errors": []any{}, "created": created}}
}

// oneByKey is the upsert of a single record (§2.1 [doc]): 201 or 200 by what it did, 300 with the records' addresses when the
// value is ambiguous, 404 with updateOnly when there is none. GET reads it.
func (o *Org) oneByKey(r *http.Request, name, field, value string, body []byte) (reply, *problem) {
	obj, p := o.object(name)
	if p != nil {
		return reply{}, p
	}
	key := obj.Field(field)
	if key == nil || !key.ExternalID { // also when field-level security hides it
		return reply{}, fail(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+field)
	}
	found := obj.matches(key, value)
	if len(found) > 1 {
		var urls []any
		for _, f := range found {
			urls = append(urls, strings.TrimSuffix(r.URL.Path, field+"/"+value)+f.id)
		}
		return reply{status: http.StatusMultipleChoices, body: urls}, nil
	}
	if r.Method == http.MethodGet {
		if len(found) == 0 {
			return reply{}, notFound()
		}
		return o.shown(r, obj, found[0]), nil
	}
	fields, p := o.one(obj, body)
	if p != nil {
		return reply{}, p
	}
	for inBody := range fields {
		if strings.EqualFold(inBody, key.Name) { // (§2.1 [doc])
			return reply{}, fail(http.StatusBadRequest, "INVALID_FIELD", "The external ID field should not be specified in the sobject data.", key.Name)
		}
	}
	c := change{obj: obj, fields: fields, key: key, value: value}
	if len(found) == 1 {
		c.target = found[0]
	} else if r.URL.Query().Get("updateOnly") == "true" {
		return reply{}, notFound()
	}
	stored, p := o.apply(r, c)
	if p != nil {
		return reply{}, p
	}
	if c.target == nil {
		return saved(http.StatusCreated, stored, true), nil
	}
	return saved(http.StatusOK, stored, false), nil
}

func (o *Org) createOne(r *http.Request, name string, body []byte) (reply, *problem) {
	obj, p := o.object(name)
	if p != nil {
		return reply{}, p
	}
	fields, p := o.one(obj, body)
	if p != nil {
		return reply{}, p
	}
	stored, p := o.apply(r, change{obj: obj, fields: fields})
	if p != nil {
		return reply{}, p
	}
	return reply{status: http.StatusCreated, body: map[string]any{"id": stored.id, "success": true, "errors": []any{}}}, nil
}

// oneByID reads, updates (204, empty) or deletes a record by its Id.
func (o *Org) oneByID(r *http.Request, name, id string, body []byte) (reply, *problem) {
	obj, p := o.object(name)
	if p != nil {
		return reply{}, p
	}
	target := obj.byID(id)
	switch {
	case target == nil:
		return reply{}, notFound()
	case target.deleted:
		return reply{}, fail(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
	}
	switch r.Method {
	case http.MethodGet:
		return o.shown(r, obj, target), nil
	case http.MethodDelete:
		target.deleted = true
		return reply{status: http.StatusNoContent}, nil
	case http.MethodPatch:
		fields, p := o.one(obj, body)
		if p != nil {
			return reply{}, p
		}
		_, p = o.apply(r, change{obj: obj, fields: fields, target: target})
		return reply{status: http.StatusNoContent}, p
	}
	return reply{}, fail(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '"+r.Method+"' not allowed.")
}

func (o *Org) shown(r *http.Request, obj *object, found *row) reply {
	out := maps.Clone(found.fields)
	out["Id"] = found.id
	out["attributes"] = map[string]any{"type": obj.Name, "url": dataPath + "/v67.0/sobjects/" + obj.Name + "/" + found.id}
	return reply{status: http.StatusOK, body: out}
}
