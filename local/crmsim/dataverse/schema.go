package dataverse

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"
)

//go:embed schema
var schemas embed.FS

// Table is what a schema file says of a table.
type Table struct {
	Logical    string              `yaml:"logical"` // lead
	Set        string              `yaml:"set"`     // leads
	ID         string              `yaml:"id"`      // leadid
	Keys       map[string][]string `yaml:"keys"`    // alternate keys, of one column each here
	States     map[int][]int       `yaml:"states"`
	Duplicates string              `yaml:"duplicates"` // a column that the duplicate rule compares
	Columns    map[string]*Column  `yaml:"columns"`

	KeyStatus string `yaml:"-"` // EntityKeyIndexStatus; Active from the start
}

// Column is one column of a table.
type Column struct {
	Type       string   `yaml:"type"`
	Length     int      `yaml:"length"` // of String and Memo, in UTF-16 units
	Min        float64  `yaml:"min"`
	Max        float64  `yaml:"max"`
	Precision  int      `yaml:"precision"`
	Options    []int    `yaml:"options"`
	Create     *bool    `yaml:"create"` // IsValidForCreate, true when it is not said
	Update     *bool    `yaml:"update"`
	Navigation string   `yaml:"navigation"` // of lookups: what @odata.bind is written to
	Targets    []string `yaml:"targets"`    // the sets that a lookup may point into
}

func (c *Column) creatable() bool { return c.Create == nil || *c.Create }
func (c *Column) updatable() bool { return c.Update == nil || *c.Update }

// readSchemas reads every schema file.
func readSchemas() (map[string]*Table, error) {
	files, err := fs.Glob(schemas, "schema/*.yaml")
	if err != nil {
		return nil, err
	}
	tables := map[string]*Table{}
	for _, file := range files {
		text, err := schemas.ReadFile(file)
		if err != nil {
			return nil, err
		}
		dec := yaml.NewDecoder(bytes.NewReader(text))
		dec.KnownFields(true)
		t := &Table{KeyStatus: "Active"}
		if err := dec.Decode(t); err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(file), err)
		}
		tables[t.Set] = t
	}
	return tables, nil
}
