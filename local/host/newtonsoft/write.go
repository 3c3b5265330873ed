package newtonsoft

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Compact writes a value without white space.
func Compact(value Value) string {
	var b strings.Builder
	write(&b, value, "", "")
	return b.String()
}

// Indented writes a value as JToken.ToString() does: two spaces a level (functions-host.md §3).
func Indented(value Value) string {
	var b strings.Builder
	write(&b, value, "\n", "  ")
	return b.String()
}

// write appends a value; newline is "" for compact text, else a line break with the indentation of the value's own level.
func write(b *strings.Builder, value Value, newline, indent string) {
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		quote(b, v)
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(jsonDouble(v))
	case Date:
		quote(b, v.String())
	case Array:
		list(b, '[', ']', len(v), newline, indent, func(i int, inner string) { write(b, v[i], inner, indent) })
	case *Object:
		list(b, '{', '}', len(v.names), newline, indent, func(i int, inner string) {
			quote(b, v.names[i])
			b.WriteByte(':')
			if newline != "" {
				b.WriteByte(' ')
			}
			item, _ := v.Get(v.names[i])
			write(b, item, inner, indent)
		})
	default:
		panic(fmt.Sprintf("newtonsoft: %T is not a Value", value)) // a programming error
	}
}

func list(b *strings.Builder, open, end byte, n int, newline, indent string, item func(i int, inner string)) {
	b.WriteByte(open)
	inner := newline
	if newline != "" {
		inner += indent
	}
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(inner)
		item(i, inner)
	}
	if n > 0 {
		b.WriteString(newline)
	}
	b.WriteByte(end)
}

func quote(b *strings.Builder, text string) {
	b.WriteByte('"')
	for _, r := range text {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 || r == 0x85 || r == 0x2028 || r == 0x2029 {
				fmt.Fprintf(b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
}

// Invariant writes a scalar as Convert.ToString with the invariant culture does: 5, True, 01/02/2026 03:04:05 (§2.3).
// Objects and arrays are written indented.
func Invariant(value Value) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return v
	case *big.Int:
		return v.String()
	case float64:
		return double(v)
	case Date:
		return v.Invariant()
	}
	return Indented(value)
}

// double writes the shortest text of a double as .NET does: 0.0001, 1E-05, 123456, 1E+15.
func double(f float64) string {
	text := strconv.FormatFloat(f, 'E', -1, 64)
	_, exponent, _ := strings.Cut(text, "E")
	if e, _ := strconv.Atoi(exponent); e >= 15 || e <= -5 {
		return text
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func jsonDouble(f float64) string {
	text := double(f)
	if strings.ContainsAny(text, ".E") {
		return text
	}
	return text + ".0"
}
