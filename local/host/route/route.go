// Package route matches paths with ASP.NET route templates: "webhooks/{partner}/{token?}", "{*rest}", "{id:int}" (functions-host.md §5.1).
package route

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Template is a parsed route.
type Template struct {
	segments []segment
}

// Param is one route parameter of a matched path; Present is false for an optional one that the path leaves out.
type Param struct {
	Name, Value string
	Present     bool
}

// segment is what stands between two slashes: a literal, one parameter, or a mixture.
type segment struct {
	pattern *regexp.Regexp // nil for a catch-all
	params  []param        // one a group of pattern
}

type param struct {
	name        string
	optional    bool
	catchAll    bool
	fallback    string
	constraints []constraint
}

// Parse reads a template; slashes at its ends do not matter.
func Parse(template string) (*Template, error) {
	t := &Template{}
	texts := cut(strings.Trim(template, "/"), '/')
	for i, text := range texts {
		s, err := parseSegment(text)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", template, err)
		}
		for _, p := range s.params {
			if p.catchAll && i != len(texts)-1 {
				return nil, fmt.Errorf("route %q: a catch-all parameter must be the last segment", template)
			}
		}
		t.segments = append(t.segments, s)
	}
	return t, nil
}

// cut splits at a separator outside braces and parentheses; an empty text has no parts.
func cut(text string, separator byte) []string {
	if text == "" {
		return nil
	}
	var parts []string
	depth, from := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
		case separator:
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, text[from:])
}

func parseSegment(text string) (segment, error) {
	var s segment
	var pattern strings.Builder
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			open = len(rest)
		}
		literal := rest[:open]
		rest = rest[open:]
		if rest == "" {
			pattern.WriteString(regexp.QuoteMeta(literal))
			break
		}
		end := closing(rest)
		if end < 0 {
			return s, fmt.Errorf("%q has an open brace", text)
		}
		p, err := parseParam(rest[1:end])
		if err != nil {
			return s, err
		}
		rest = rest[end+1:]
		s.params = append(s.params, p)
		if p.catchAll {
			return s, nil
		}
		if p.optional && strings.HasSuffix(literal, ".") { // "{name}.{ext?}": the dot goes with it
			literal = strings.TrimSuffix(literal, ".")
			before := strings.TrimSuffix(pattern.String(), `(.+)`) // a parameter before it must leave it something
			if before != pattern.String() {
				before += `(.+?)`
			}
			pattern.Reset()
			pattern.WriteString(before + regexp.QuoteMeta(literal) + `(?:\.([^.]+))?`)
			continue
		}
		pattern.WriteString(regexp.QuoteMeta(literal) + `(.+)`)
	}
	re, err := regexp.Compile(`(?is)^` + pattern.String() + `$`)
	s.pattern = re
	return s, err
}

// closing finds the brace that closes the one at the start.
func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// Match tries a path as it came, still escaped and without the route prefix. Literals match in any case; a slash at the end is ignored.
func (t *Template) Match(path string) ([]Param, bool) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	var parts []string
	if path != "" {
		parts = strings.Split(path, "/")
	}
	var found []Param
	for i, s := range t.segments {
		if s.pattern == nil {
			rest := ""
			if i < len(parts) {
				rest = unescape(strings.Join(parts[i:], "/"))
			}
			return s.catch(found, rest)
		}
		var ok bool
		if i >= len(parts) {
			found, ok = s.absent(found)
		} else {
			found, ok = s.match(found, unescape(parts[i]))
		}
		if !ok {
			return nil, false
		}
	}
	return found, len(parts) <= len(t.segments)
}

func (s segment) catch(found []Param, rest string) ([]Param, bool) {
	p := s.params[0]
	if rest == "" {
		rest = p.fallback
	}
	return append(found, Param{Name: p.name, Value: rest, Present: rest != ""}), rest == "" || p.allows(rest)
}

func (s segment) absent(found []Param) ([]Param, bool) {
	if len(s.params) != 1 || (!s.params[0].optional && s.params[0].fallback == "") {
		return nil, false
	}
	p := s.params[0]
	return append(found, Param{Name: p.name, Value: p.fallback, Present: p.fallback != ""}), true
}

func (s segment) match(found []Param, text string) ([]Param, bool) {
	groups := s.pattern.FindStringSubmatch(text)
	if groups == nil || text == "" {
		return nil, false
	}
	for i, p := range s.params {
		value := groups[i+1]
		if value != "" && !p.allows(value) {
			return nil, false
		}
		found = append(found, Param{Name: p.name, Value: value, Present: value != ""})
	}
	return found, true
}

// unescape decodes %XX as Kestrel does: all but %2F. A broken escape stays as it is.
func unescape(text string) string {
	kept := regexp.MustCompile(`(?i)%2f`).ReplaceAllString(text, "%25$0")
	kept = strings.ReplaceAll(strings.ReplaceAll(kept, "%25%2f", "%252f"), "%25%2F", "%252F")
	decoded, err := url.PathUnescape(kept)
	if err != nil {
		return text
	}
	return decoded
}
