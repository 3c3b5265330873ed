// Package mapping turns a lead into a CRM's fields, by a file that the lender owns.
//
// The file is YAML, strict, and compiled once; every CRM has a default that is embedded here ([Default]). What a payload
// does not say is left alone; null is left alone as well, unless the field says `onNull: clear`. Numbers keep their digits.
// Errors name fields and rules, never values.
package mapping

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
)

// Mapping is one compiled file. It may be used side by side.
type Mapping struct {
	crm     string
	key     keyRule
	writes  []write
	columns []Column
	hash    string
}

// Column is a field that the map may write, for a preflight against the CRM's own metadata.
type Column struct {
	Object    string // "lead", "note", "task", or another word that the CRM's driver knows
	Field     string
	As        string   // the `as` of the rule, empty when values go as they come
	Max       int      // in UTF-16 units; 0 when the rule sets no limit
	Values    []string // what its lookup or const can give, as JSON; nil when anything can come
	Sensitive bool
}

//go:embed maps
var defaults embed.FS

// Default is the text of the map that is used for a CRM without a file of its own: "dataverse" or "salesforce".
// A lender starts from it.
func Default(crm string) ([]byte, error) {
	text, err := defaults.ReadFile("maps/" + crm + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no default map for %q", crm)
	}
	return text, nil
}

// Load reads the file at path, or the default of crm when path is empty. A file for another CRM is an error.
func Load(crm, path string) (*Mapping, error) {
	var text []byte
	var err error
	if path == "" {
		path = "the default map"
		text, err = Default(crm)
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	m, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.crm != crm {
		return nil, fmt.Errorf("%s: is for the crm %q, not for %q", path, m.crm, crm)
	}
	return m, nil
}

// Parse compiles a file. It tells all complaints at once, one a line.
func Parse(text []byte) (*Mapping, error) {
	f, err := parse(text)
	if err != nil {
		return nil, err
	}
	m, err := compile(f)
	if err != nil {
		return nil, err
	}
	canonical, err := json.Marshal(f, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(canonical)
	m.hash = hex.EncodeToString(sum[:])
	return m, nil
}

// CRM is the kind of CRM that the map is for.
func (m *Mapping) CRM() string { return m.crm }

// Hash changes when the map means something else; comments and order do not count. A lead that was sent by another map
// is to be sent again.
func (m *Mapping) Hash() string { return m.hash }

// KeyField is the field that holds the lead's key; empty when the key is the record's own id (`primary: true`).
func (m *Mapping) KeyField() string {
	if m.key.Primary {
		return ""
	}
	return m.key.Field
}

// Columns are the fields that the map may write, in order of object and field; those that are off are not among them.
func (m *Mapping) Columns() []Column { return m.columns }

// WithKey is the map with another key: a field's name, or "primary" (dataverse only).
func (m *Mapping) WithKey(key string) (*Mapping, error) {
	next := *m
	next.key.Field, next.key.Primary = key, false
	switch {
	case key == "primary" && m.crm == "dataverse":
		next.key.Field, next.key.Primary = "", true
	case key == "primary" || !fieldName().MatchString(key):
		return nil, fmt.Errorf("the key must be a field's name")
	}
	sum := sha256.Sum256([]byte(m.hash + " " + key))
	next.hash = hex.EncodeToString(sum[:])
	return &next, nil
}
