// Package settings holds the app settings: the host's environment over the Values of local.settings.json (functions-host.md §7.1, §1.3).
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"leadrelay/local/host/newtonsoft"
)

// Settings are name=value pairs; a name is found whatever its case, an exact match first.
type Settings struct {
	exact  map[string]string
	folded map[string]string
}

// Load lays environ (as of os.Environ) over the Values of the local.settings.json at file.
// A missing file is none, unless required. Real environment variables win; empty strings are kept (§7.1).
func Load(file string, required bool, environ []string) (*Settings, error) {
	s := &Settings{exact: map[string]string{}, folded: map[string]string{}}
	values, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) && !required {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	for name, value := range values {
		s.set(name, value)
	}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && name != "" {
			s.set(name, value)
		}
	}
	return s, nil
}

func (s *Settings) set(name, value string) {
	s.exact[name] = value
	s.folded[strings.ToLower(name)] = value
}

func readFile(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read app settings: %w", err)
	}
	var content struct {
		IsEncrypted bool
		Values      map[string]json.RawMessage
	}
	if err := json.Unmarshal(newtonsoft.Standard(text), &content); err != nil {
		return nil, fmt.Errorf("read app settings %s: %w", file, err)
	}
	if content.IsEncrypted {
		return nil, fmt.Errorf("read app settings %s: IsEncrypted is true; run 'func settings decrypt' first", file)
	}
	values := map[string]string{}
	for name, raw := range content.Values {
		var value string
		if json.Unmarshal(raw, &value) != nil {
			value = string(raw) // numbers and booleans stand for their own text
			if raw[0] == '{' || raw[0] == '[' {
				return nil, fmt.Errorf("read app settings %s: the value of %s is not a string", file, name)
			}
		}
		values[name] = value
	}
	return values, nil
}

// Lookup returns a setting and whether it is there.
func (s *Settings) Lookup(name string) (string, bool) {
	if value, ok := s.exact[name]; ok {
		return value, true
	}
	value, ok := s.folded[strings.ToLower(name)]
	return value, ok
}

// Get returns a setting, or "".
func (s *Settings) Get(name string) string {
	value, _ := s.Lookup(name)
	return value
}

// True reports whether a switch is on: "true" in any case, or "1".
func (s *Settings) True(name string) bool {
	value := strings.TrimSpace(s.Get(name))
	return strings.EqualFold(value, "true") || value == "1"
}

// Environ returns every setting as name=value, sorted: what the handler inherits (§1.3).
func (s *Settings) Environ() []string {
	pairs := make([]string, 0, len(s.exact))
	for name, value := range s.exact {
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return pairs
}

// Resolve puts the settings' values for every %NAME% in text, as the real host's name resolver does (§5.1, §6.1).
func (s *Settings) Resolve(text string) (string, error) {
	var missing error
	resolved := regexp.MustCompile(`%([^%]+)%`).ReplaceAllStringFunc(text, func(token string) string {
		value, ok := s.Lookup(strings.Trim(token, "%"))
		if (!ok || value == "") && missing == nil {
			missing = fmt.Errorf("'%s' does not resolve to a value", token)
		}
		return value
	})
	return resolved, missing
}
