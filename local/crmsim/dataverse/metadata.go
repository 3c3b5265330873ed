package dataverse

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// metadata answers the two questions that a preflight has (§1.3, §1.4):
//
//	EntityDefinitions(LogicalName='lead')?$select=EntitySetName&$expand=Keys($select=…),Attributes($select=…)
//	EntityDefinitions(LogicalName='lead')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength
func (s *Server) metadata(q *request) (answer, *failure) {
	m := regexp.MustCompile(`^EntityDefinitions\(LogicalName='([a-z_]+)'\)(?:/Attributes/Microsoft\.Dynamics\.CRM\.([A-Za-z]+)AttributeMetadata)?$`).FindStringSubmatch(q.path)
	if m == nil || q.method != http.MethodGet {
		return answer{}, &failure{http.StatusNotFound, codeURL, "Resource not found for the segment."}
	}
	for _, t := range s.tables {
		switch {
		case t.Logical != m[1]:
		case m[2] == "":
			return s.definition(q, t)
		default:
			return t.attributes(m[2])
		}
	}
	return answer{}, &failure{http.StatusNotFound, codeNoRow, "Could not find an entity with the specified name."}
}

func (s *Server) definition(q *request, t *Table) (answer, *failure) {
	out := map[string]any{"EntitySetName": t.Set, "LogicalName": t.Logical, "PrimaryIdAttribute": t.ID}
	if strings.Contains(q.query["$expand"], "Keys(") {
		keys := []map[string]any{}
		for name, columns := range t.Keys {
			keys = append(keys, map[string]any{"LogicalName": name, "KeyAttributes": columns, "EntityKeyIndexStatus": t.KeyStatus})
		}
		out["Keys"] = keys
	}
	if strings.Contains(q.query["$expand"], "Attributes(") {
		list := []map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(t.Columns)) {
			c := t.Columns[name]
			kind := c.Type
			if kind == "DateOnly" {
				kind = "DateTime"
			}
			list = append(list, map[string]any{"LogicalName": name, "AttributeType": kind, "IsValidForCreate": c.creatable(), "IsValidForUpdate": c.updatable()})
		}
		out["Attributes"] = list
	}
	return body(http.StatusOK, out)
}

// attributes are the columns of one kind with what only that kind has.
func (t *Table) attributes(kind string) (answer, *failure) {
	list := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(t.Columns)) {
		c := t.Columns[name]
		if c.Type != kind {
			continue
		}
		a := map[string]any{"LogicalName": name}
		if kind == "String" || kind == "Memo" {
			a["MaxLength"] = c.Length
		}
		if c.Options != nil {
			options := []map[string]any{}
			for _, o := range c.Options {
				options = append(options, map[string]any{"Value": o})
			}
			a["OptionSet"] = map[string]any{"Options": options}
		}
		list = append(list, a)
	}
	return body(http.StatusOK, map[string]any{"value": list})
}
