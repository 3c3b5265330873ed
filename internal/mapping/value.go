package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// A value is nil, bool, string, [lead.Decimal], []any or map[string]any of these.

// tree decodes a payload; numbers keep their digits.
func tree(payload []byte) (any, error) {
	numbers := json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		n, err := dec.ReadValue()
		*v = lead.Decimal(n)
		return err
	}))
	var out any
	if err := json.Unmarshal(payload, &out, numbers); err != nil {
		return nil, lead.Errorf(lead.Refused, "the payload is not well-formed JSON")
	}
	return out, nil
}

// compilePath splits a dotted path and checks one into our own terms.
func compilePath(path string) ([]string, error) {
	if path == "." {
		return []string{}, nil
	}
	parts := strings.Split(path, ".")
	if slices.Contains(parts, "") {
		return nil, errors.New("has an empty step")
	}
	if parts[0] == "lead" || parts[0] == "event" {
		if _, ok := at(ownTerms(lead.Event{}), parts); !ok || len(parts) == 1 {
			return nil, fmt.Errorf("we have no %s (a payload's own member of that name needs an expr)", path)
		}
	}
	return parts, nil
}

// at follows a path; false: there is nothing, not even null. Nothing is beneath null, a text, a number or a list.
func at(v any, path []string) (any, bool) {
	for _, step := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[step]; !ok {
			return nil, false
		}
	}
	return v, true
}

// ownTerms are an event's lead and the event itself as paths reach them: "lead.contact.email". What the partner did not
// say is null.
func ownTerms(e lead.Event) map[string]any {
	l := e.Lead
	t := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	n := func(d lead.Decimal) any {
		if d == "" {
			return nil
		}
		return d
	}
	v := newEnv(e, nil)
	return map[string]any{
		"lead": map[string]any{
			"partner": t(l.Partner), "id": t(l.ID), "ref": t(l.Ref), "submissionId": t(l.SubmissionID), "duplicateId": t(l.DuplicateID),
			"status": t(l.Status), "state": t(l.State), "stage": l.Stage.String(), "created": t(v.Lead.Created),
			"amount": n(l.Amount), "purpose": t(l.Purpose), "fraudScore": n(l.FraudScore),
			"contact":  map[string]any{"first": t(l.Contact.First), "last": t(l.Contact.Last), "email": t(l.Contact.Email), "phone": t(l.Contact.Phone)},
			"business": map[string]any{"name": t(l.Business.Name), "industry": t(l.Business.Industry), "type": t(l.Business.Type)},
			"address": map[string]any{"line1": t(l.Address.Line1), "line2": t(l.Address.Line2), "city": t(l.Address.City),
				"state": t(l.Address.State), "zip": t(l.Address.Zip), "county": t(l.Address.County)},
		},
		"event": map[string]any{"type": e.Type, "word": v.Event.Word, "key": v.Event.Key, "occurred": t(v.Event.Occurred), "priority": e.Priority.String()},
	}
}

// loose is a value as expressions see it: whole numbers are int, others float64.
func loose(v any) any {
	switch v := v.(type) {
	case lead.Decimal:
		if i, err := strconv.Atoi(string(v)); err == nil {
			return i
		}
		return v.Float()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = loose(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = loose(v[k])
		}
		return out
	}
	return v
}

// number is a computed number as a decimal; false when it is none that JSON can say.
func number(f float64) (any, bool) {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	return lead.Decimal(s), !strings.ContainsAny(s, "NI") && len(s) <= 40
}
