package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// hiddenValue stands for what is not shown.
const hiddenValue = "[hidden]"

// shownKeys are the members whose values say what a message is and nothing about a person. All others are hidden: an
// unknown partner's field may hold anything.
func shownKeys() []string {
	return []string{"specversion", "source", "type", "id", "subject", "time", "datacontenttype", "event", "status", "state", "kind",
		"submissionid", "datecreated", "timestamp", "lead_id", "partner_lead_id", "verificationid", "sessionid", "referral_id", "v"}
}

// masked is a body as JSON of the same shape with its values hidden; what is no JSON is hidden as a whole.
func masked(body []byte) any {
	v, ok := parsed(body)
	if !ok {
		return fmt.Sprintf("[%d bytes that are no JSON, hidden]", len(body))
	}
	return mask("", v)
}

// revealed is a body as it is: JSON, a text, or bytes that JSON writes as base64.
func revealed(body []byte) any {
	switch v, ok := parsed(body); {
	case ok:
		return v
	case utf8.Valid(body):
		return string(body)
	}
	return body
}

func parsed(body []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	err := dec.Decode(&v)
	return v, err == nil && !dec.More()
}

func mask(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			v[k] = mask(k, member)
		}
		return v
	case []any:
		for i, element := range v {
			v[i] = mask(key, element)
		}
		return v
	case nil:
		return nil
	}
	if slices.Contains(shownKeys(), strings.ToLower(key)) {
		return v
	}
	return hiddenValue
}
