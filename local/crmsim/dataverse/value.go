package dataverse

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// value is a column's value as JSON.
type value jsontext.Value

// MarshalJSON gives the JSON itself.
func (v value) MarshalJSON() ([]byte, error) { return v, nil }

func (v value) kind() jsontext.Kind { return jsontext.Value(v).Kind() }

// text is a JSON text without its quotes; empty for anything else.
func (v value) text() string {
	var s string
	if v.kind() != '"' || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

func quoted(s string) value {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return value(`"?"`)
	}
	return b
}

// apply checks a body against the schema and writes it into values.
func (s *Server) apply(t *Table, body map[string]jsontext.Value, values map[string]value, fresh bool) *failure {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		v := value(slices.Clone(body[name]))
		if nav, isBind := strings.CutSuffix(name, "@odata.bind"); isBind {
			if fail := s.bind(t, nav, v, values); fail != nil {
				return fail
			}
			continue
		}
		c := t.Columns[name]
		if c == nil || c.Navigation != "" { // §1.7: an unknown property; a lookup is written by its navigation
			return bad(codePayload, "An error occurred while validating input parameters: Invalid property '"+name+"' was found in entity 'Microsoft.Dynamics.CRM."+t.Logical+"'.")
		}
		if fail := c.check(t, name, v); fail != nil {
			return fail
		}
		if fresh && !c.creatable() || !fresh && !c.updatable() {
			continue // §1.2: silently ignored
		}
		values[name] = v
		if v.kind() == 'n' {
			delete(values, name)
		}
	}
	return t.states(body, values, fresh)
}

// states holds statuscode against statecode (§1.4): a new record is open whatever the body says, and a status belongs
// to a state.
func (t *Table) states(body map[string]jsontext.Value, values map[string]value, fresh bool) *failure {
	if t.States == nil {
		return nil
	}
	if fresh {
		values["statecode"] = value("0")
	}
	state, _ := strconv.Atoi(string(values["statecode"]))
	allowed := t.States[state]
	_, statusSaid := body["statuscode"]
	if _, stateSaid := body["statecode"]; (stateSaid && !fresh && !statusSaid) || values["statuscode"] == nil {
		values["statuscode"] = value(strconv.Itoa(allowed[0])) // "always send both": without one it is the state's default
	}
	if status, _ := strconv.Atoi(string(values["statuscode"])); !slices.Contains(allowed, status) {
		return bad(codeStatus, fmt.Sprintf("%d is not a valid status code for state code %d on %s.", status, state, t.Logical))
	}
	return nil
}

// bind reads a lookup: "/leads(<guid>)" or "/leads(crf_leadid='…')", with or without the slash (§1.3, §1.8).
func (s *Server) bind(t *Table, nav string, v value, values map[string]value) *failure {
	for name, c := range t.Columns {
		if c.Navigation != nav || nav == "" {
			continue
		}
		a, fail := s.parseAddress(strings.TrimPrefix(v.text(), "/"))
		if fail != nil || !slices.Contains(c.Targets, a.table.Set) || a.id == "" && a.column == "" {
			return bad(codePayload, "The value of "+nav+"@odata.bind is no reference to "+strings.Join(c.Targets, " or ")+".")
		}
		r := s.find(a)
		if r == nil {
			return a.missing()
		}
		values[name] = quoted(r.id)
		return nil
	}
	return bad(codePayload, "An undeclared property '"+nav+"' which only has property annotations in the payload but no property value was found in the payload.")
}

// check holds a value against its column.
func (c *Column) check(t *Table, name string, v value) *failure {
	if v.kind() == 'n' {
		return nil
	}
	wrong := bad(codePayload, "Cannot convert the literal to the expected type 'Edm."+c.Type+"' for '"+name+"'.")
	switch c.Type {
	case "String", "Memo":
		if v.kind() != '"' {
			return wrong
		}
		return c.checkText(t, name, v.text())
	case "Integer", "Picklist", "State", "Status", "Money", "Decimal", "Double":
		if v.kind() != '0' {
			return wrong
		}
		return c.checkNumber(t, name, string(v), wrong)
	case "Boolean":
		if k := v.kind(); k != 't' && k != 'f' {
			return wrong
		}
	case "DateTime":
		if _, err := time.Parse(time.RFC3339Nano, v.text()); err != nil || !strings.HasSuffix(v.text(), "Z") {
			return wrong
		}
	case "DateOnly":
		if _, err := time.Parse(time.DateOnly, v.text()); err != nil {
			return wrong
		}
	default: // Uniqueidentifier, Lookup, Owner
		if !guid().MatchString(v.text()) {
			return wrong
		}
	}
	return nil
}

func (c *Column) checkText(t *Table, name, text string) *failure {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return bad(codePayload, "'"+name+"' holds an invalid character.") // XML's, below the API [mem]
	}
	if n := len(utf16.Encode([]rune(text))); n > c.Length { // §1.4: enforced
		return bad(codeLong, fmt.Sprintf("A validation error occurred.  The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.", name, t.Logical, c.Length))
	}
	return nil
}

func (c *Column) checkNumber(t *Table, name, text string, wrong *failure) *failure {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return wrong
	}
	_, fraction, _ := strings.Cut(text, ".")
	switch c.Type {
	case "Picklist", "State", "Status":
		if i, err := strconv.Atoi(text); err != nil || !slices.Contains(c.Options, i) {
			return bad(codeChoice, fmt.Sprintf("The value of '%s' on record of type '%s' is outside the valid range.", name, t.Logical))
		}
		return nil
	case "Integer":
		if _, err := strconv.Atoi(text); err != nil {
			return wrong
		}
	default:
		if strings.ContainsAny(text, "eE") || len(fraction) > c.Precision {
			return bad(codePayload, "strict: '"+name+"' has more decimals than the column.") // Dataverse would round
		}
	}
	if n < c.Min || n > c.Max {
		code := codeInt
		if c.Type == "Money" {
			code = codeMoney
		}
		return &failure{http.StatusBadRequest, code, fmt.Sprintf("A validation error occurred. The value of '%s' on record of type '%s' is outside the valid range.", name, t.Logical)}
	}
	return nil
}
