package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"leadrelay/internal/config"
)

// Spec is a destination as an operator writes it in destinations.yaml.
type Spec struct {
	Name        string                   `yaml:"name"`
	Lender      string                   `yaml:"lender"`
	Kind        string                   `yaml:"kind"`         // queue, blob or webhook
	Address     config.Secret            `yaml:"address"`      // as the lender pasted it; may be left out once it is registered
	AddressNext config.Secret            `yaml:"address_next"` // a second one during a rotation
	Overflow    config.Secret            `yaml:"overflow"`     // queue: the SAS URL (sp=c) of a container for large events
	Headers     map[string]config.Secret `yaml:"headers"`      // webhook
	Secret      config.Secret            `yaml:"secret"`       // webhook: signs as Standard Webhooks
	SecretOld   config.Secret            `yaml:"secret_old"`   // webhook: signs as well, during a rotation
	State       State                    `yaml:"state"`        // active (default), paused or shadow
	Config      `yaml:",inline"`
}

// ReadSpecs reads a destinations.yaml: a list under the key "destinations". Unknown keys are errors; all are told.
func ReadSpecs(r io.Reader) ([]Spec, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read destinations: %w", err)
	}
	var file struct {
		Destinations []Spec `yaml:"destinations"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&file); errors.Is(err, io.EOF) {
		return nil, errors.New("destinations: the file is empty")
	} else if err != nil {
		return nil, fmt.Errorf("destinations: %w", quiet(err))
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("destinations: there is a second document in the file")
	}
	return file.Destinations, nil
}

// quoted is what yaml quotes of a file in its complaints, and unknown the names of fields that are none: it might be
// part of a SAS.
var (
	quoted  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`[^`]*`|\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'") })
	unknown = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(line \d+: field )(.*)( not found in type )`) })
	plain   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z_-]{1,30}$`) })
)

func quiet(err error) error {
	text := quoted().ReplaceAllString(err.Error(), "(…)")
	return errors.New(unknown().ReplaceAllStringFunc(text, func(m string) string {
		part := unknown().FindStringSubmatch(m)
		if plain().MatchString(part[2]) {
			return m
		}
		return part[1] + "(…)" + part[3]
	}))
}

// onto writes what may change, with its defaults, onto a destination. Secrets that a spec leaves out stay, unless it
// gives the address: then it is whole.
func (s Spec) onto(d *Destination, now time.Time) {
	d.Config = s.Config
	if d.Config.Encoding == "" && d.Kind == "queue" {
		d.Config.Encoding = "base64"
	}
	for field, def := range map[*string]string{&d.Config.Format: "raw", &d.Config.Updates: "all", &d.Config.Duplicates: "deliver", &d.Config.Stale: "deliver"} {
		if *field == "" {
			*field = def
		}
	}
	if s.Address != "" {
		d.Secrets.Address = s.Address
	}
	if s.AddressNext != "" || s.Address != "" {
		d.Secrets.AddressNext = s.AddressNext
	}
	if s.Overflow != "" || s.Address != "" {
		d.Secrets.Overflow = s.Overflow
	}
	if s.Headers != nil || s.Address != "" {
		d.Secrets.Headers = s.Headers
	}
	if s.Secret != "" || s.Address != "" {
		d.Secrets.Signing = nil
		for _, v := range []config.Secret{s.Secret, s.SecretOld} {
			if v != "" {
				d.Secrets.Signing = append(d.Secrets.Signing, v)
			}
		}
	}
	state := s.State
	if state == "" {
		state = Active
	}
	if state != d.Wanted {
		d.Wanted, d.Since = state, now
	}
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}
