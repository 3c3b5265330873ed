package hostjson

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leadrelay/internal/schedule"
)

// values is host.json as .NET configuration sees it: every scalar under its path, lower case, joined by colons; arrays by index.
type values map[string]string

func flatten(into values, path string, node any) {
	join := func(name string) string {
		if path == "" {
			return strings.ToLower(name)
		}
		return path + ":" + strings.ToLower(name)
	}
	switch v := node.(type) {
	case map[string]any:
		for name, child := range v {
			flatten(into, join(name), child)
		}
	case []any:
		for i, child := range v {
			flatten(into, join(strconv.Itoa(i)), child)
		}
	case nil:
		into[path] = ""
	case json.Number:
		into[path] = v.String()
	default:
		into[path] = fmt.Sprint(v)
	}
}

// override lays AzureFunctionsJobHost__a__b=value over the path a:b (functions-host.md §1.2).
func (v values) override(environ []string) {
	const prefix = "azurefunctionsjobhost:"
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		path := strings.ToLower(strings.ReplaceAll(name, "__", ":"))
		if rest, ok := strings.CutPrefix(path, prefix); ok && rest != "" {
			v[rest] = value
		}
	}
}

// has reports whether a section exists: a value of its own or anything below it.
func (v values) has(path string) bool {
	path = strings.ToLower(path)
	for name := range v {
		if name == path || strings.HasPrefix(name, path+":") {
			return true
		}
	}
	return false
}

// children returns the names directly below a path, array indexes in order.
func (v values) children(path string) []string {
	var names []string
	for name := range v {
		if rest, ok := strings.CutPrefix(name, strings.ToLower(path)+":"); ok {
			child, _, _ := strings.Cut(rest, ":")
			if !slices.Contains(names, child) {
				names = append(names, child)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX == nil && errY == nil {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return names
}

// reader takes typed values out of the configuration and gathers complaints.
type reader struct {
	values     values
	complaints []error
}

func (r *reader) complain(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Errorf("host.json: "+format, args...))
}

func (r *reader) text(path, otherwise string) string {
	if v := r.values[strings.ToLower(path)]; v != "" {
		return v
	}
	return otherwise
}

func (r *reader) texts(path string) []string {
	var list []string
	for _, child := range r.values.children(path) {
		list = append(list, r.values[strings.ToLower(path)+":"+child])
	}
	return list
}

func (r *reader) truth(path string, otherwise bool) bool {
	v := r.text(path, "")
	switch {
	case v == "":
		return otherwise
	case strings.EqualFold(v, "true"):
		return true
	case !strings.EqualFold(v, "false"):
		r.complain("%s: %q is not true or false", path, v)
	}
	return false
}

func (r *reader) number(path string, otherwise, low, high int) int {
	v := r.text(path, "")
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.complain("%s: %q is not a whole number from %d to %d", path, v, low, high)
		return otherwise
	}
	return n
}

func (r *reader) span(path string, otherwise time.Duration) time.Duration {
	v := r.text(path, "")
	if v == "" {
		return otherwise
	}
	d, err := schedule.ParseTimeSpan(v)
	if err != nil {
		r.complain("%s: %w", path, err)
		return otherwise
	}
	return d
}
