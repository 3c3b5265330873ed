package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/lead"
)

// field compiles one rule.
func (c *compiler) field(block, object, name string, r rule) field {
	at := block + ".fields." + name
	f := field{rule: r, object: object, name: name, separator: ";"}
	if c.file.CRM == "dataverse" {
		f.separator = "," // of multi-select choices (facts/crm.md §1.4)
	}
	if !fieldName().MatchString(name) {
		c.complain("%s: is no field's name", at)
	}
	c.source(at, &f)
	c.oneOf(at+".as", r.As, "", "string", "int", "money", "decimal", "bool", "date", "datetime", "multiselect", "json")
	c.oneOf(at+".onMissing", r.OnMissing, "", "omit", "raw", "reject")
	c.oneOf(at+".onLong", r.OnLong, "", "truncate", "reject")
	c.oneOf(at+".onNull", r.OnNull, "", "omit", "clear")
	for _, s := range r.Stages {
		c.oneOf(at+".stages", s, "open", "engaged", "qualified", "won", "lost", "unknown")
	}
	switch {
	case r.Max < 0:
		c.complain("%s.max: must be at least 1", at)
	case r.OnLong != "" && r.Max == 0:
		c.complain("%s.onLong: needs max", at)
	case r.OnMissing != "" && r.Lookup == "":
		c.complain("%s.onMissing: needs lookup", at)
	}
	if d := r.Decimals; d != nil && (*d < 0 || *d > 10 || r.As != "money" && r.As != "decimal") {
		c.complain("%s.decimals: must be 0 to 10, and needs `as: money` or `as: decimal`", at)
	}
	c.lookup(at, &f)
	return f
}

// source compiles where the value comes from.
func (c *compiler) source(at string, f *field) {
	r, n := f.rule, 0
	for _, set := range []bool{r.Path != "", r.Expr != "", r.Const != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		c.complain("%s: must have exactly one of path, expr and const", at)
		return
	}
	var ok bool
	var err error
	switch {
	case r.Path != "":
		if f.path, f.term, err = c.compilePath(r.Path); err != nil {
			c.complain("%s.path: %v", at, err)
		}
	case r.Expr != "":
		if f.program, err = compileExpr(r.Expr); err != nil {
			c.complain("%s.expr: %v", at, err)
		}
	default:
		if f.fixed, ok = scalar(r.Const); !ok {
			c.complain("%s.const: must be a text, a number, true or false", at)
		}
	}
	if r.Default != nil {
		if f.fallback, ok = scalar(r.Default); !ok {
			c.complain("%s.default: must be a text, a number, true or false", at)
		}
	}
}

func (c *compiler) lookup(at string, f *field) {
	if f.Lookup == "" {
		return
	}
	table, ok := c.file.Lookups[f.Lookup]
	if !ok {
		c.complain("%s.lookup: there is no table %q under lookups", at, f.Lookup)
	}
	f.table = make(map[string]any, len(table))
	for value, to := range table {
		f.table[value], _ = scalar(to)
	}
}

func (c *compiler) oneOf(at, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.complain("%s: must be one of %s", at, strings.Join(slices.DeleteFunc(allowed, func(s string) bool { return s == "" }), ", "))
	}
}

// values are what the field can get when that is known, as JSON, in order.
func (f *field) values() []string {
	var all []any
	switch {
	case f.fixed != nil:
		all = []any{f.fixed}
	case f.table != nil && f.OnMissing != "raw":
		for _, v := range f.table {
			all = append(all, v)
		}
		if f.fallback != nil {
			all = append(all, f.fallback)
		}
	default:
		return nil
	}
	out := make([]string, 0, len(all))
	for _, v := range all {
		b, err := json.Marshal(v)
		if err != nil {
			panic("mapping: a scalar that is no JSON: " + err.Error()) // scalar makes text, numbers and truth values only
		}
		out = append(out, string(b))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// scalar is a YAML value as the CRM gets it: string, bool or [lead.Decimal].
func scalar(v any) (any, bool) {
	switch v := v.(type) {
	case string, bool:
		return v, true
	case int:
		return lead.Decimal(fmt.Sprint(v)), true
	case float64:
		return number(v)
	}
	return nil, false
}
