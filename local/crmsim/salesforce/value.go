package salesforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// deserialize checks the names and JSON types of a record's fields. What fails here fails the whole request, other
// records of a collection included: the body is read before any of it is done. JSON_PARSER_ERROR as seen in
// restforce/restforce#619 and verbb/formie#2124 [3rd]; that INVALID_FIELD comes here too is [mem].
func (o *object) deserialize(fields map[string]any) *problem {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v := fields[name]
		if o.relation(name) != nil {
			if m, ok := v.(map[string]any); !ok || len(m) != 1 {
				return parserError("complexvalue", v)
			}
			continue
		}
		f := o.Field(name)
		if f == nil {
			return fail(http.StatusBadRequest, "INVALID_FIELD", "No such column '"+name+"' on sobject of type "+o.Name, name)
		}
		if v != nil && !f.takes(v) {
			return parserError(f.Type, v)
		}
	}
	return nil
}

func parserError(kind string, v any) *problem {
	return fail(http.StatusBadRequest, "JSON_PARSER_ERROR", fmt.Sprintf("Cannot deserialize instance of %s from value %v or request may be missing a required field at [line:1, column:1]", kind, v))
}

// takes tells whether a JSON value is of the field's type.
func (f *Field) takes(v any) bool {
	s, isText := v.(string)
	n, isNumber := v.(json.Number)
	_, isBool := v.(bool)
	switch f.Type {
	case "boolean":
		return isBool
	case "int":
		return isNumber && !strings.ContainsAny(n.String(), ".eE")
	case "double", "currency":
		return isNumber
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		return isText && err == nil
	case "datetime": // ISO 8601 with a zone; "2024-07-30 20:54:16 UTC" is refused (restforce/restforce#897 [3rd])
		_, err := time.Parse("2006-01-02T15:04:05.999Z0700", s)
		if err != nil {
			_, err = time.Parse("2006-01-02T15:04:05.999Z07:00", s)
		}
		return isText && err == nil
	}
	return isText
}

// wrong says why a value cannot be stored in one item's field; its codes are those of §2.6.
func (o *Org) wrong(f *Field, v any, creating bool) *problem {
	bad := func(code, message string) *problem { return fail(http.StatusBadRequest, code, message, f.Name) }
	if f.ReadOnly {
		return bad("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: "+f.Name)
	}
	if v == nil || v == "" {
		if f.Required {
			return bad("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+f.Name+"]")
		}
		return nil
	}
	s, _ := v.(string)
	switch {
	case f.Length > 0 && utf8.RuneCountInString(s) > f.Length:
		return bad("STRING_TOO_LONG", fmt.Sprintf("%s: data value too large: %s (max length=%d)", f.Name, s, f.Length))
	case f.Type == "email" && !regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$`).MatchString(s):
		return bad("INVALID_EMAIL_ADDRESS", f.Name+": invalid email address: "+s)
	case f.Restricted && !slices.Contains(f.Values, s):
		return bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f.Name+": bad value for restricted picklist field: "+s)
	case f.Name == "Status" && s == "Closed - Converted": // conversion is another API (§2.4)
		return bad("INVALID_STATUS", "invalid status for an unconverted lead")
	case f.Type == "reference":
		return o.wrongReference(f, s)
	}
	if n, isNumber := v.(json.Number); isNumber {
		r, ok := new(big.Rat).SetString(n.String())
		limit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.Digits)), nil))
		if !ok || r.Abs(r).Cmp(limit) >= 0 {
			return bad("NUMBER_OUTSIDE_VALID_RANGE", f.Name+": value outside of valid range")
		}
	}
	return nil
}

func (o *Org) wrongReference(f *Field, id string) *problem {
	if !isID(id, "") {
		return fail(http.StatusBadRequest, "MALFORMED_ID", f.Name+": id value of incorrect type: "+id, f.Name)
	}
	if f.References == "" || f.Also != "" && isID(id, f.Also) {
		return nil
	}
	switch to := o.find(f.References, id); {
	case to == nil:
		return fail(http.StatusBadRequest, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", f.Name)
	case to.fields["IsConverted"] == true: // [mem]
		return fail(http.StatusBadRequest, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
	}
	return nil
}

// find gives a row that is not deleted.
func (o *Org) find(object, id string) *row {
	obj := o.objects[strings.ToLower(object)]
	if obj == nil {
		return nil
	}
	if r := obj.byID(id); r != nil && !r.deleted {
		return r
	}
	return nil
}
