// Package config reads settings: one driver instance's share of the environment, strictly, all complaints at once.
//
// The grammar is <FAMILY>_<NAME>_<SETTING> (DESIGN 4a): PARTNER_CRF_SECRET is setting SECRET of the partner named crf.
// A name that stands under one of our prefixes and that nobody read is a complaint too: most likely a typing error.
package config

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Secret is a value that is never shown: it prints as [secret] wherever it is printed by accident.
type Secret string

const hidden = "[secret]"

func (s Secret) String() string               { return hidden }
func (s Secret) GoString() string             { return hidden }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(hidden)) }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Reveal is the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// Env is the environment of a program, read once.
type Env struct {
	values map[string]string
	read   map[string]bool
	wrong  []string
}

// New reads environ, as os.Environ gives it. Empty values count as absent.
func New(environ []string) *Env {
	e := &Env{values: map[string]string{}, read: map[string]bool{}}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok && strings.TrimSpace(value) != "" {
			e.values[name] = strings.TrimSpace(value)
		}
	}
	return e
}

// Global reads settings whose names carry no family: LEADRELAY_PREFIX is String("LEADRELAY_PREFIX", …).
func (e *Env) Global() *Settings { return &Settings{env: e} }

// Names lists the instances of a family that have at least one setting, in order: Names("PARTNER") is ["crf", …].
// A name has letters and digits only and is told in lower case.
func (e *Env) Names(family string) []string {
	found := map[string]bool{}
	for name := range e.values {
		if rest, ok := strings.CutPrefix(name, family+"_"); ok {
			if instance, _, ok := strings.Cut(rest, "_"); ok && instance != "" {
				found[strings.ToLower(instance)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Instance is one instance's share: Instance("PARTNER", "crf") reads PARTNER_CRF_….
func (e *Env) Instance(family, name string) *Settings {
	return &Settings{env: e, name: name, prefix: family + "_" + strings.ToUpper(name) + "_"}
}

// Err tells all complaints at once, one a line, or nil. Names under prefixes that nothing read are complaints.
func (e *Env) Err(prefixes ...string) error {
	wrong := slices.Clone(e.wrong)
	for name := range e.values {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) && !e.read[name] {
				wrong = append(wrong, name+": there is no such setting")
			}
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	sort.Strings(wrong)
	return fmt.Errorf("settings:\n  %s", strings.Join(slices.Compact(wrong), "\n  "))
}

// Settings is a share of the environment. Its methods note complaints instead of failing; [Env.Err] tells them.
type Settings struct {
	env    *Env
	name   string
	prefix string
}

// Name is the instance's name, "crf".
func (s *Settings) Name() string { return s.name }

// Key is the whole name of a setting as the operator writes it.
func (s *Settings) Key(setting string) string { return s.prefix + setting }

// Complain notes what is wrong with a setting. The text must not hold a secret value.
func (s *Settings) Complain(setting, format string, args ...any) {
	s.env.wrong = append(s.env.wrong, s.Key(setting)+": "+fmt.Sprintf(format, args...))
}

// String is a setting's value, or def when it is absent.
func (s *Settings) String(setting, def string) string {
	if v, ok := s.get(setting); ok {
		return v
	}
	return def
}

func (s *Settings) get(setting string) (string, bool) {
	key := s.Key(setting)
	s.env.read[key] = true
	v, ok := s.env.values[key]
	return v, ok
}

// Required is a setting's value; its absence is a complaint.
func (s *Settings) Required(setting string) string {
	v, ok := s.get(setting)
	if !ok {
		s.Complain(setting, "is required")
	}
	return v
}

// OneOf is a setting's value out of allowed, the first of which is the default.
func (s *Settings) OneOf(setting string, allowed ...string) string {
	v := s.String(setting, allowed[0])
	if !slices.Contains(allowed, v) {
		s.Complain(setting, "must be one of %s", strings.Join(allowed, ", "))
	}
	return v
}

// Secret is a secret setting, empty when absent.
func (s *Settings) Secret(setting string) Secret { return Secret(s.String(setting, "")) }

// Secrets are the values of several settings that are not absent, in order: the current secret and the old one.
func (s *Settings) Secrets(settings ...string) []Secret {
	var out []Secret
	for _, setting := range settings {
		if v := s.Secret(setting); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Key32 is a secret of 32 bytes in base64; absent gives nil.
func (s *Settings) Key32(setting string) []byte {
	v, ok := s.get(setting)
	if !ok {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(key) != 32 {
		s.Complain(setting, "must be 32 bytes in base64 (openssl rand -base64 32)")
		return nil
	}
	return key
}

// Int is a whole number between lo and hi, or def when absent.
func (s *Settings) Int(setting string, def, lo, hi int) int {
	v, ok := s.get(setting)
	if !ok {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		s.Complain(setting, "must be a whole number from %d to %d", lo, hi)
		return def
	}
	return n
}

// Duration is a Go duration ("90s", "2h"), or def when absent.
func (s *Settings) Duration(setting string, def time.Duration) time.Duration {
	v, ok := s.get(setting)
	if !ok {
		return def
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		s.Complain(setting, `must be a duration such as "90s" or "2h"`)
		return def
	}
	return d
}

// Bool is true or false, or def when absent.
func (s *Settings) Bool(setting string, def bool) bool {
	v, ok := s.get(setting)
	if !ok {
		return def
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		s.Complain(setting, "must be true or false")
		return def
	}
	return b
}
