package route

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// constraint says whether a value fits.
type constraint func(value string) bool

func (p param) allows(value string) bool {
	for _, fits := range p.constraints {
		if !fits(value) {
			return false
		}
	}
	return true
}

// parseParam reads what stands in the braces: "name", "name?", "*name", "name=default", "name:int:min(3)".
func parseParam(text string) (param, error) {
	var p param
	if trimmed := strings.TrimLeft(text, "*"); trimmed != text {
		p.catchAll, text = true, trimmed
	}
	parts := cut(text, ':')
	if len(parts) == 0 {
		return p, fmt.Errorf("a parameter has no name")
	}
	last := &parts[len(parts)-1]
	if head, fallback, ok := strings.Cut(*last, "="); ok && !strings.Contains(head, "(") {
		*last, p.fallback = head, fallback
	} else if trimmed, ok := strings.CutSuffix(*last, "?"); ok {
		*last, p.optional = trimmed, true
	}
	p.name = parts[0]
	if !regexp.MustCompile(`^[^/{}?*]+$`).MatchString(p.name) {
		return p, fmt.Errorf("%q is not a parameter name", p.name)
	}
	for _, text := range parts[1:] {
		c, err := parseConstraint(text)
		if err != nil {
			return p, err
		}
		p.constraints = append(p.constraints, c)
	}
	return p, nil
}

func parseConstraint(text string) (constraint, error) {
	name, argument, called := strings.Cut(text, "(")
	argument = strings.TrimSuffix(argument, ")")
	name = strings.ToLower(name)
	if name == "regex" && called {
		re, err := regexp.Compile(`(?i)` + strings.NewReplacer("{{", "{", "}}", "}").Replace(argument))
		if err != nil {
			return nil, fmt.Errorf("constraint %q: %w", text, err)
		}
		return re.MatchString, nil
	}
	if called {
		return measured(name, argument)
	}
	patterns := map[string]string{
		"int": `^\s*[+-]?\d{1,10}\s*$`, "long": `^\s*[+-]?\d{1,19}\s*$`, "alpha": `^[a-zA-Z]*$`, "required": `.`,
		"bool":     `^(?i:true|false)$`,
		"decimal":  `^[+-]?(\d[\d,]*)?(\.\d+)?$`,
		"double":   `^[+-]?(\d[\d,]*)?(\.\d+)?([eE][+-]?\d+)?$`,
		"float":    `^[+-]?(\d[\d,]*)?(\.\d+)?([eE][+-]?\d+)?$`,
		"guid":     `^[({]?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}[)}]?$`,
		"datetime": `^\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$`,
	}
	pattern, ok := patterns[name]
	if !ok {
		return nil, fmt.Errorf("unknown constraint %q", text)
	}
	fits := regexp.MustCompile(pattern).MatchString
	if bits := map[string]int{"int": 32, "long": 64}[name]; bits > 0 {
		return func(v string) bool {
			_, err := strconv.ParseInt(strings.TrimSpace(v), 10, bits)
			return err == nil && fits(v)
		}, nil
	}
	return fits, nil
}

// measured builds the constraints with numbers: min, max, range over values; length, minlength, maxlength over their length.
func measured(name, argument string) (constraint, error) {
	var bounds []int64
	for text := range strings.SplitSeq(argument, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("constraint %s(%s): not a number", name, argument)
		}
		bounds = append(bounds, n)
	}
	low, high := bounds[0], bounds[len(bounds)-1]
	switch name {
	case "min", "minlength":
		high = int64(^uint64(0) >> 1)
	case "max", "maxlength":
		low = -int64(^uint64(0)>>1) - 1
	case "range", "length":
	default:
		return nil, fmt.Errorf("unknown constraint %q", name)
	}
	if strings.HasSuffix(name, "length") {
		return func(v string) bool { n := int64(utf8.RuneCountInString(v)); return low <= n && n <= high }, nil
	}
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && low <= n && n <= high
	}, nil
}
