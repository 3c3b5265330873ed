package salesforce

import (
	"net/http"
	"strings"
)

// maxCollection is how many records one call may hold (§2.2 [doc]).
const maxCollection = 200

// collection is a call of /composite/sobjects: create (POST), update by id (PATCH), or upsert by an external id (§2.2 [doc]).
// A request that is well formed is answered 200, and each item has its own result, in order.
func (o *Org) collection(r *http.Request, name, field string, body []byte) (reply, *problem) {
	var in struct {
		AllOrNone bool             `json:"allOrNone"`
		Records   []map[string]any `json:"records"`
	}
	if p := decode(body, &in); p != nil {
		return reply{}, p
	}
	if len(in.Records) == 0 || len(in.Records) > maxCollection {
		return reply{}, fail(http.StatusBadRequest, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call")
	}
	var changes []change
	var problems []*problem
	for _, fields := range in.Records {
		c, item, p := o.member(r, name, field, fields)
		if p != nil {
			return reply{}, p
		}
		changes, problems = append(changes, c), append(problems, item)
	}
	repeated(changes, problems)
	return o.run(r, in.AllOrNone, changes, problems), nil
}

// member reads one record of a collection. The first problem is the item's, the second the whole request's.
func (o *Org) member(r *http.Request, name, field string, fields map[string]any) (change, *problem, *problem) {
	if name == "" {
		m, _ := fields["attributes"].(map[string]any)
		name, _ = m["type"].(string)
	}
	obj, p := o.object(name)
	if p != nil {
		return change{}, nil, p
	}
	if p := attributes(fields, obj.Name, true); p != nil {
		return change{}, nil, p
	}
	c := change{obj: obj, fields: fields}
	id, hasID := takeOut(fields, "Id")
	switch {
	case field != "":
		if hasID {
			return c, nil, fail(http.StatusBadRequest, "INVALID_FIELD", "only external ids are supported here", "Id")
		}
		if c.key = obj.Field(field); c.key == nil || !c.key.ExternalID {
			return c, nil, fail(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+field)
		}
		value, _ := takeOut(fields, c.key.Name)
		if c.value, _ = value.(string); c.value == "" {
			return c, fail(http.StatusBadRequest, "MISSING_ARGUMENT", c.key.Name+" not specified"), obj.deserialize(fields)
		}
	case r.Method == http.MethodPatch:
		c.value, _ = id.(string)
		if c.target = obj.byID(c.value); c.target == nil || c.target.deleted {
			code := "INVALID_CROSS_REFERENCE_KEY"
			if c.target != nil {
				code = "ENTITY_IS_DELETED"
			}
			return c, fail(http.StatusBadRequest, code, "invalid cross reference id"), obj.deserialize(fields)
		}
	case hasID:
		return c, fail(http.StatusBadRequest, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id"), obj.deserialize(fields)
	}
	return c, nil, obj.deserialize(fields)
}

func takeOut(fields map[string]any, name string) (any, bool) {
	for n, v := range fields {
		if strings.EqualFold(n, name) {
			delete(fields, n)
			return v, true
		}
	}
	return nil, false
}

// repeated fails every record whose external id, or Id, stands in the request twice (§2.2 [3rd]).
func repeated(changes []change, problems []*problem) {
	seen := map[string][]int{}
	for i, c := range changes {
		if c.value != "" {
			v := strings.ToLower(c.value)
			seen[v] = append(seen[v], i)
		}
	}
	for _, at := range seen {
		for _, i := range at {
			if len(at) > 1 && problems[i] == nil {
				problems[i] = fail(http.StatusBadRequest, "DUPLICATE_VALUE", "Duplicate external id specified: "+changes[i].value)
			}
		}
	}
}

// run applies the changes in order; with allOrNone one failure undoes all.
func (o *Org) run(r *http.Request, allOrNone bool, changes []change, problems []*problem) reply {
	type before struct {
		rows   []*row
		target *row
		fields map[string]any
	}
	items, undo, failed := make([]any, len(changes)), make([]before, len(changes)), false
	for i, c := range changes {
		p := problems[i]
		if c.key != nil && p == nil {
			switch found := c.obj.matches(c.key, c.value); len(found) {
			case 0:
			case 1:
				c.target = found[0]
			default: // (§2.1 [doc] for the single upsert; as an item [mem])
				p = fail(http.StatusBadRequest, "DUPLICATE_EXTERNAL_ID", c.key.Name+": more than one record found for external id field")
			}
		}
		undo[i] = before{rows: c.obj.rows, target: c.target}
		if c.target != nil {
			undo[i].fields = c.target.fields
		}
		var stored *row
		if p == nil {
			stored, p = o.apply(r, c)
		}
		if p != nil {
			failed = true
			items[i] = map[string]any{"success": false, "errors": []any{p.item()}}
			continue
		}
		items[i] = map[string]any{"id": stored.id, "success": true, "errors": []any{}}
		if c.key != nil {
			items[i].(map[string]any)["created"] = c.target == nil
		}
	}
	if !failed || !allOrNone {
		return reply{status: http.StatusOK, body: items}
	}
	for i := len(undo) - 1; i >= 0; i-- {
		if changes[i].obj.rows = undo[i].rows; undo[i].target != nil {
			undo[i].target.fields = undo[i].fields
		}
		if item := items[i].(map[string]any); item["success"] == true {
			p := fail(http.StatusBadRequest, "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and the request was using AllOrNone header")
			items[i] = map[string]any{"success": false, "errors": []any{p.item()}}
		}
	}
	return reply{status: http.StatusOK, body: items}
}
