package registry

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// The kinds of destination and what a SAS of theirs leads to.
func services() map[string]azure.ServiceKind {
	return map[string]azure.ServiceKind{"queue": azure.Queue, "blob": azure.Container}
}

// check tells all that is wrong with a destination, and what there is to say about its SAS.
func (r *Registry) check(d Destination) ([]azure.Finding, error) {
	var wrong []error
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	complain(namePattern.MatchString(d.Name), "name must be 1 to 63 lower-case letters, digits and hyphens")
	complain(d.Lender != "", "lender is required")
	complain(d.Encoding == "" || d.Kind == "queue", "encoding is for queues")
	complain(d.Kind != "queue" || slices.Contains([]string{"base64", "text"}, d.Encoding), "encoding must be base64 or text")
	complain(slices.Contains([]string{"raw", "cloudevents"}, d.Format), "format must be raw or cloudevents")
	complain(d.State == Active || d.State == Paused, "state must be active or paused")
	sas, err := parseKind(d.Kind, d.Address)
	complain(err == nil, "%w", err)
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return sas.Judge(azure.Deliver, r.now()), sas.Usable(azure.Deliver, r.now())
}

func parseKind(kind string, address config.Secret) (azure.SAS, error) {
	service, ok := services()[kind]
	if !ok {
		return azure.SAS{}, errors.New("kind must be queue or blob")
	}
	if address == "" {
		return azure.SAS{}, errors.New("address is required")
	}
	return azure.ParseSAS(address.Reveal(), service)
}

// parseSAS is parseKind for a SAS that must be usable now.
func parseSAS(kind string, address config.Secret, now time.Time) (azure.SAS, error) {
	sas, err := parseKind(kind, address)
	if err != nil {
		return sas, err
	}
	return sas, sas.Usable(azure.Deliver, now)
}
