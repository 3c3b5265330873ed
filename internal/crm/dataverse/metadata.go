package dataverse

import (
	"context"
	"net/http"
	"strconv"

	"leadrelay/internal/lead"
)

// table is what the organisation's metadata say of a table.
type table struct {
	logical string
	keys    map[string]string // column -> status of the alternate key that has only this column
	columns map[string]column
}

// column is what they say of a column; its kind is empty when there is no such column.
type column struct {
	kind           string // AttributeType: String, Memo, Integer, Money, Picklist, …
	create, update bool
	length         int
	options        []string // of choices, as JSON numbers; nil when they were not asked
}

func (t *table) key(column string) string { return t.keys[column] }

// logical is the table behind an object of the map.
func logical(object string) string {
	if object == "note" {
		return "annotation"
	}
	return object
}

// table reads a table's columns and keys (facts/crm.md §1.3).
func (c *CRM) table(ctx context.Context, object string) (*table, error) {
	name := logical(object)
	got, err := c.do(ctx, call{method: http.MethodGet, what: "metadata", path: "EntityDefinitions(LogicalName='" + name + "')?$select=LogicalName,EntitySetName" +
		"&$expand=Keys($select=LogicalName,KeyAttributes,EntityKeyIndexStatus),Attributes($select=LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate)"})
	if err != nil {
		return nil, err
	}
	t := &table{logical: name, keys: map[string]string{}, columns: map[string]column{}}
	for _, k := range list(got.body["Keys"]) {
		if columns, ok := k["KeyAttributes"].([]any); ok && len(columns) == 1 {
			column, _ := columns[0].(string)
			t.keys[column], _ = k["EntityKeyIndexStatus"].(string)
		}
	}
	for _, a := range list(got.body["Attributes"]) {
		var col column
		name, _ := a["LogicalName"].(string)
		col.kind, _ = a["AttributeType"].(string)
		col.create, _ = a["IsValidForCreate"].(bool)
		col.update, _ = a["IsValidForUpdate"].(bool)
		t.columns[name] = col
	}
	return t, nil
}

// details reads lengths and options.
func (c *CRM) details(ctx context.Context, t *table) error {
	for kind, extra := range map[string]string{
		"String": "?$select=LogicalName,MaxLength", "Memo": "?$select=LogicalName,MaxLength",
		"Picklist": "?$select=LogicalName&$expand=OptionSet($select=Options)",
		"State":    "?$select=LogicalName&$expand=OptionSet($select=Options)",
		"Status":   "?$select=LogicalName&$expand=OptionSet($select=Options)",
	} {
		got, err := c.do(ctx, call{method: http.MethodGet, what: "metadata",
			path: "EntityDefinitions(LogicalName='" + t.logical + "')/Attributes/Microsoft.Dynamics.CRM." + kind + "AttributeMetadata" + extra})
		if err != nil {
			return err
		}
		for _, a := range list(got.body["value"]) {
			name, _ := a["LogicalName"].(string)
			col := t.columns[name]
			if n, ok := a["MaxLength"].(lead.Decimal); ok {
				col.length, _ = strconv.Atoi(string(n))
			}
			if set, ok := a["OptionSet"].(map[string]any); ok {
				for _, o := range list(set["Options"]) {
					n, _ := o["Value"].(lead.Decimal)
					col.options = append(col.options, string(n))
				}
			}
			t.columns[name] = col
		}
	}
	return nil
}

// list is a JSON array of objects.
func list(v any) []map[string]any {
	array, _ := v.([]any)
	var out []map[string]any
	for _, e := range array {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
