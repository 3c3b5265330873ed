package dataverse

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// address is a record's URL: leads(<guid>) or leads(crf_leadid='…').
type address struct {
	table  *Table
	id     string // of the primary key, in lower case
	column string // of an alternate key
	value  string
}

// parseAddress reads an entity set with a key, escaped as it stands in a URL.
func (s *Server) parseAddress(segment string) (address, *failure) {
	set, key, hasKey := strings.Cut(segment, "(")
	t := s.tables[set]
	if t == nil {
		return address{}, &failure{http.StatusNotFound, codeURL, "Resource not found for the segment '" + set + "'."}
	}
	a := address{table: t}
	if !hasKey {
		return a, nil
	}
	key, ok := strings.CutSuffix(key, ")")
	if !ok {
		return a, bad(codeURL, "The URL is not well-formed.")
	}
	text, err := url.PathUnescape(key)
	if err != nil {
		return a, bad(codeURL, "The URL is not well-formed.")
	}
	if guid().MatchString(text) {
		a.id = strings.ToLower(text)
		return a, nil
	}
	column, quoted, ok := strings.Cut(text, "=")
	if !ok || len(quoted) < 2 || quoted[0] != '\'' || quoted[len(quoted)-1] != '\'' {
		return a, bad(codeURL, "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM."+t.Logical+"'.")
	}
	inner := quoted[1 : len(quoted)-1]
	if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return a, bad(codeURL, "The URL is not well-formed: a quote in a key is doubled.") // §1.3
	}
	a.column, a.value = column, strings.ReplaceAll(inner, "''", "'")
	switch {
	case !t.hasKey(column): // §1.3: an undeclared key
		return a, bad(codeURL, "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM."+t.Logical+"'.")
	case t.KeyStatus != "Active": // §1.3: the index is built in the background
		return a, bad(codeURL, "strict: the key's index is not Active.")
	case a.value == "":
		return a, bad(codeURL, "strict: an empty key.")
	case strings.ContainsAny(a.value, `/<>*%&:\?+`): // §0.4: not supported in alternate-key values
		return a, bad(codeURL, "The key value holds characters that are not supported.")
	}
	return a, nil
}

func guid() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
}

func (t *Table) hasKey(column string) bool {
	for _, columns := range t.Keys {
		if len(columns) == 1 && columns[0] == column {
			return true
		}
	}
	return false
}

// find is the record at an address, nil when there is none. Texts are compared without case, as SQL Server's usual
// collation does [mem].
func (s *Server) find(a address) *row {
	rows := s.rows[a.table.Set]
	if a.column == "" {
		return rows[a.id]
	}
	for _, r := range rows {
		if strings.EqualFold(r.values[a.column].text(), a.value) {
			return r
		}
	}
	return nil
}

// missing is the answer for an address without a record.
func (a address) missing() *failure {
	if a.column != "" {
		return &failure{http.StatusNotFound, codeNoKeyRow, "A record with the specified key values does not exist in " + a.table.Logical + " entity"}
	}
	return &failure{http.StatusNotFound, codeNoRow, a.table.Logical + " With Id = " + a.id + " Does Not Exist"}
}

// entityID is what OData-EntityId says: with an alternate key the key again, not the GUID (§1.2).
func (a address) entityID(host string, r *row) string {
	if a.column != "" {
		return host + Base + a.table.Set + "(" + a.column + "='" + url.PathEscape(strings.ReplaceAll(a.value, "'", "''")) + "')"
	}
	return host + Base + a.table.Set + "(" + r.id + ")"
}
