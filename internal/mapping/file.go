package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a map's text, in bytes.
const maxFile = 256 << 10

// file is what a map's YAML may say; anything else in it is an error.
type file struct {
	Version int                       `yaml:"version"` // 1
	CRM     string                    `yaml:"crm"`     // dataverse, salesforce
	Key     keyRule                   `yaml:"key"`
	Lookups map[string]map[string]any `yaml:"lookups"` // table, value of the payload -> value of the CRM
	Writes  []block                   `yaml:"writes"`
}

// keyRule says how a lead is found again in the CRM.
type keyRule struct {
	Field   string `yaml:"field"`   // the field that is unique and holds [Key]
	Plain   string `yaml:"plain"`   // the partner whose ids stand as they are; the others' are "partner.id"
	Primary bool   `yaml:"primary"` // dataverse only: the record's own id is made of the lead's, and no field is needed
}

// block says what events of some types write into one object.
type block struct {
	To     string          `yaml:"to"`     // the object: lead, note, task, event
	On     []string        `yaml:"on"`     // event types; the last letter may be *
	About  string          `yaml:"about"`  // lead or activity: only such events; empty is both
	Newest string          `yaml:"newest"` // a datetime field of the object: an event that is older than the record's leaves these fields alone
	Fields map[string]rule `yaml:"fields"`
}

// rule says what one field gets: exactly one of path, expr and const.
type rule struct {
	Path  string `yaml:"path"`  // a dotted path into the payload; "lead." and "event." begin our own terms; "." is the payload whole
	Expr  string `yaml:"expr"`  // an expression over payload, lead and event
	Const any    `yaml:"const"` // a text, a number, a truth value

	Default   any      `yaml:"default"`   // in place of nothing; written into new records only
	As        string   `yaml:"as"`        // string int money decimal bool date datetime multiselect json
	Decimals  *int     `yaml:"decimals"`  // money and decimal: round half away from zero to so many places
	Lookup    string   `yaml:"lookup"`    // a table; each element of a list is looked up
	OnMissing string   `yaml:"onMissing"` // a value that the table lacks: omit (default), raw, reject
	Max       int      `yaml:"max"`       // UTF-16 units
	OnLong    string   `yaml:"onLong"`    // reject (default), truncate
	OnNull    string   `yaml:"onNull"`    // omit (default): null leaves the field alone; clear: null empties it
	WriteOnce bool     `yaml:"writeOnce"` // into new records only
	Sensitive bool     `yaml:"sensitive"` // never shown
	Stages    []string `yaml:"stages"`    // only when the lead is at one of these: open engaged qualified won lost unknown
	Off       bool     `yaml:"off"`       // not written; delete the line to turn it on
}

// parse reads the YAML strictly. Its errors name lines and keys; a map holds no person's data.
func parse(text []byte) (*file, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the map is longer than %d bytes", maxFile)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err == nil {
		if err := namedKeys(&root); err != nil {
			return nil, err
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	var f file
	if err := dec.Decode(&f); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the map is empty")
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(new(any)); err != io.EOF {
		return nil, errors.New("the map holds more than one document")
	}
	return &f, nil
}

// namedKeys refuses what the decoder would pass over: keys that are null, and merges of other nodes.
func namedKeys(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: anchors and aliases are not allowed", n.Line)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Tag == "!!null" {
			return fmt.Errorf("line %d: a key is null", c.Line)
		}
		if err := namedKeys(c); err != nil {
			return err
		}
	}
	return nil
}
