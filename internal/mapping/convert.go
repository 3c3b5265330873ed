package mapping

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/lead"
)

// maxDigits bounds a number's text and its exponent: what is beyond is no amount.
const maxDigits = 40

// convert makes a value what `as` wants. A text in rule says that it cannot.
func (f *field) convert(v any) (out any, rule string) {
	ok := true
	switch f.As {
	case "":
		_, ok = text(v)
		out = v
	case "string":
		out, ok = text(v)
	case "int":
		out, ok = round(v, nil)
		if d, isNumber := out.(lead.Decimal); isNumber && ok {
			whole, _, _ := strings.Cut(string(d), ".")
			out, ok = lead.Decimal(whole), strings.Trim(strings.TrimPrefix(string(d), whole), ".0") == ""
		}
	case "money", "decimal":
		out, ok = round(v, f.Decimals)
	case "bool":
		out, ok = truth(v)
	case "date", "datetime":
		out, ok = moment(v, f.As)
	case "multiselect":
		out, ok = f.joined(v)
	case "json":
		out, ok = compact(v)
	}
	if !ok {
		return nil, "as: is no " + f.kind()
	}
	return out, ""
}

func (f *field) kind() string {
	if f.As == "" {
		return "text, number or truth value"
	}
	return f.As
}

// round is a number in plain digits, with at most so many decimals, half away from zero. Without need for it, no digit
// is touched: 25000.00 stays 25000.00.
func round(v any, decimals *int) (any, bool) {
	s, ok := text(v)
	if _, isBool := v.(bool); !ok || isBool {
		return nil, false
	}
	s = strings.TrimSpace(s)
	if !isNumber(s) {
		return nil, false
	}
	_, fraction, _ := strings.Cut(s, ".")
	if !strings.ContainsAny(s, "eE") && (decimals == nil || len(fraction) <= *decimals) {
		return lead.Decimal(s), true
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, false
	}
	if decimals != nil {
		return lead.Decimal(r.FloatString(*decimals)), true
	}
	exact := r.FloatString(maxDigits)
	return lead.Decimal(strings.TrimSuffix(strings.TrimRight(exact, "0"), ".")), true
}

// isNumber tells a JSON number of a sane size.
func isNumber(s string) bool {
	if len(s) == 0 || len(s) > maxDigits {
		return false
	}
	var n lead.Decimal
	if err := json.Unmarshal([]byte(s), &n); err != nil || n == "" {
		return false
	}
	_, exponent, has := strings.Cut(strings.ToLower(s), "e")
	if !has {
		return true
	}
	e, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
	return err == nil && e >= -maxDigits && e <= maxDigits
}

func truth(v any) (any, bool) {
	switch v {
	case true, "true":
		return true, true
	case false, "false":
		return false, true
	}
	return nil, false
}

// moment is a time in UTC, to the second: Dataverse keeps no more of it. A text without a zone is taken for UTC.
func moment(v any, as string) (any, bool) {
	s, _ := v.(string)
	t := lead.ParseTime(s)
	if t.IsZero() && as == "date" {
		t, _ = time.Parse(time.DateOnly, s)
	}
	if t.IsZero() {
		return nil, false
	}
	if as == "date" {
		return t.Format(time.DateOnly), true
	}
	return t.Truncate(time.Second).Format(time.RFC3339), true
}

// joined is a list as one text, without its nulls.
func (f *field) joined(v any) (any, bool) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var words []string
	for _, v := range list {
		if empty(v) {
			continue
		}
		word, ok := text(v)
		if !ok {
			return nil, false
		}
		words = append(words, word)
	}
	return strings.Join(words, f.separator), true
}

func compact(v any) (any, bool) {
	b, err := json.Marshal(v, json.Deterministic(true))
	return string(b), err == nil
}
