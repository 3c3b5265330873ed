package registry

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) })

// judge tells all that is wrong with a destination, and what there is to say about its SAS URLs.
func (r *Registry) judge(d *Destination) ([]azure.Finding, error) {
	var wrong []error
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	oneOf := func(name, value string, allowed ...string) {
		complain(slices.Contains(allowed, value), "%s must be one of %v", name, allowed)
	}
	c := d.Config
	complain(namePattern().MatchString(d.Name), "name must be 1 to 63 lower-case letters, digits and hyphens")
	complain(d.Lender != "", "lender is required")
	complain(!strings.Contains(d.Lender, "://"), "lender must be a name: it is shown")
	oneOf("kind", d.Kind, "queue", "blob", "webhook")
	complain(c.Encoding == "" || d.Kind == "queue", "encoding is for queues")
	complain(d.Kind != "queue" || c.Encoding == "base64" || c.Encoding == "text", "encoding must be base64 or text")
	oneOf("format", c.Format, "raw", "cloudevents", "template")
	complain((c.Format == "template") == (c.Template != ""), "template and format: template go together")
	oneOf("updates", c.Updates, "initial", "all")
	oneOf("duplicates", c.Duplicates, "deliver", "tag", "drop")
	oneOf("stale", c.Stale, "deliver", "skip")
	oneOf("state", string(d.Wanted), string(Active), string(Paused), string(Shadow))
	complain(c.FraudLimit >= 0 && c.FraudLimit <= 1, "fraud_limit must be between 0 and 1")
	complain(d.Secrets.Overflow == "" || d.Kind == "queue", "overflow is for queues")
	complain(d.Kind == "webhook" || len(d.Secrets.Headers)+len(d.Secrets.Signing) == 0, "headers and secret are for webhooks")
	complain(d.Kind == "webhook" || !c.AllowPrivate, "allow_private is for webhooks")
	for i, p := range c.Events {
		_, err := path.Match(p, "")
		complain(err == nil, "events: number %d is not a pattern", i+1)
	}
	for _, name := range signed(c) {
		complain(false, "%s holds a signature: SAS URLs belong into address, address_next and overflow", name)
	}
	complain(d.Secrets.Address != "", "address is required")
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	findings, err := r.judgeAddresses(*d)
	d.describe(r.now())
	return findings, errors.Join(err, r.check(*d))
}

// signed names the fields of a configuration that hold a SAS: it is kept and shown in the clear, and the compiler of rules
// quotes it.
func signed(c Config) []string {
	var out []string
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		text := fmt.Sprint(v.Field(i).Interface())
		if strings.Contains(text, "&sig=") || strings.Contains(text, "?sig=") {
			out = append(out, yamlName(v.Type().Field(i)))
		}
	}
	return out
}

// judgeAddresses judges each SAS URL of a destination.
func (r *Registry) judgeAddresses(d Destination) ([]azure.Finding, error) {
	kinds := map[string]azure.ServiceKind{"queue": azure.Queue, "blob": azure.Container}
	kind, isSAS := kinds[d.Kind]
	if !isSAS {
		return nil, nil
	}
	var findings []azure.Finding
	var wrong []error
	for _, a := range []struct {
		name    string
		address config.Secret
		kind    azure.ServiceKind
	}{{"address", d.Secrets.Address, kind}, {"address_next", d.Secrets.AddressNext, kind}, {"overflow", d.Secrets.Overflow, azure.Container}} {
		if a.address == "" {
			continue
		}
		sas, err := azure.ParseSAS(a.address.Reveal(), a.kind)
		if err == nil {
			err = sas.Usable(azure.Deliver, r.now())
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", a.name, err))
			continue
		}
		for _, f := range sas.Judge(azure.Deliver, r.now()) {
			findings = append(findings, azure.Finding{Level: f.Level, Text: a.name + ": " + f.Text})
		}
	}
	return findings, errors.Join(wrong...)
}

// describe fills in what may be shown of the address that is used, and what is wrong with it now.
func (d *Destination) describe(now time.Time) {
	d.Place, d.Expires, d.Fault = "", time.Time{}, nil
	address := d.Secrets.Address
	if d.Health.Address == 1 && d.Secrets.AddressNext != "" {
		address = d.Secrets.AddressNext
	}
	if d.Kind == "webhook" {
		if u, err := url.Parse(address.Reveal()); err == nil {
			d.Place = u.Host // a webhook's path may be its secret
		}
		return
	}
	kind := azure.Queue
	if d.Kind == "blob" {
		kind = azure.Container
	}
	sas, err := azure.ParseSAS(address.Reveal(), kind)
	if err != nil {
		d.Fault = err
		return
	}
	d.Place = sas.Host() + sas.Path()
	d.Expires, _ = sas.Expires()
	d.Fault = sas.Usable(azure.Deliver, now)
}
