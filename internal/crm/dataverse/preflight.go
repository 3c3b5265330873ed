package dataverse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// Preflight implements [crm.Preflighter]: the token, and for each table that the map writes its key, and each column's
// presence, type, length and options.
func (c *CRM) Preflight(ctx context.Context) []crm.Finding {
	if err := c.whoAmI(ctx); err != nil {
		return []crm.Finding{{Level: crm.Fault, Subject: "organisation", Text: err.Error()}}
	}
	out := []crm.Finding{{Level: crm.OK, Subject: "organisation", Text: "answers, and takes our token"}}
	for _, object := range c.objects() {
		out = append(out, c.preflightTable(ctx, object)...)
	}
	return out
}

func (c *CRM) preflightTable(ctx context.Context, object string) []crm.Finding {
	subject := "table " + logical(object)
	t, err := c.table(ctx, object)
	if err == nil {
		err = c.details(ctx, t)
	}
	if err != nil {
		level := crm.Warning
		if lead.KindOf(err) == lead.Unavailable {
			level = crm.Fault
		}
		return []crm.Finding{{Level: level, Subject: subject, Text: "its metadata cannot be read: " + err.Error()}}
	}
	var out []crm.Finding
	if field := c.Mapping.KeyField(); object == "lead" && field != "" {
		out = append(out, t.judgeKey(field))
	}
	good, all := 0, 0
	for _, col := range c.Mapping.Columns() {
		if col.Object != object {
			continue
		}
		all++
		level, text := t.judge(col)
		if level == crm.OK {
			good++
			continue
		}
		out = append(out, crm.Finding{Level: level, Subject: "column " + t.logical + "." + col.Field, Text: text})
	}
	return append(out, crm.Finding{Level: crm.OK, Subject: subject, Text: fmt.Sprintf("%d of %d columns are as the map wants them", good, all)})
}

func (t *table) judgeKey(field string) crm.Finding {
	f := crm.Finding{Level: crm.OK, Subject: "key " + t.logical + "." + field, Text: "an active alternate key"}
	if status := t.key(field); status != "Active" {
		f.Level, f.Text = crm.Fault, "the alternate key "+keyText(status)+": make one on this text column alone, and wait until it is Active"
	} else if col := t.columns[field]; col.kind != "String" || col.length < 100 {
		f.Level, f.Text = crm.Warning, "should be a text of 100 characters: ids of some partners are longer than a GUID"
	}
	return f
}

// judge holds a column of the map against the organisation's.
func (t *table) judge(want mapping.Column) (crm.Level, string) {
	name, isBind := strings.CutSuffix(want.Field, "@odata.bind")
	have := t.columns[name]
	state := want.Field == stateColumn || want.Field == statusColumn
	switch {
	case have.kind == "" && isBind:
		return crm.Warning, "a navigation whose name the metadata of the columns cannot confirm"
	case have.kind == "":
		return crm.Fault, "does not exist: make it, or take it out of the map"
	case isBind:
		return crm.OK, ""
	case !have.update && !state:
		return crm.Warning, "is not valid for update: what is written later is silently ignored"
	case !have.create && !state:
		return crm.Warning, "is not valid for create: what is written first is silently ignored"
	case !slices.Contains(kinds(want.As), have.kind) && want.As != "":
		return crm.Fault, "is of type " + have.kind + "; the map writes " + want.As
	case have.length > 0 && want.Max > have.length:
		return crm.Fault, fmt.Sprintf("holds %d characters; the map writes up to %d", have.length, want.Max)
	case have.length > 0 && want.Max == 0 && want.Values == nil:
		return crm.Warning, fmt.Sprintf("holds %d characters; the map has no max", have.length)
	}
	if have.options != nil {
		for _, v := range want.Values {
			if !slices.Contains(have.options, v) {
				return crm.Fault, "has no option " + v + ", which a lookup of the map gives"
			}
		}
	}
	return crm.OK, ""
}

// kinds are the column types that take what an `as` makes.
func kinds(as string) []string {
	switch as {
	case "int":
		return []string{"Integer", "BigInt", "Decimal", "Double", "Money", "Picklist"}
	case "money", "decimal":
		return []string{"Money", "Decimal", "Double"}
	case "bool":
		return []string{"Boolean"}
	case "date", "datetime":
		return []string{"DateTime"}
	case "multiselect":
		return []string{"Virtual", "String", "Memo"}
	}
	return []string{"String", "Memo"}
}
