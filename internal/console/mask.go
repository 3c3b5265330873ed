package console

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// hidden stands for a value that is not shown.
const hidden = `"[hidden]"`

// shownMembers are the members whose values say how a lead or an event stands and nothing about a person. All others are
// hidden, unknown ones too: they may hold anything. Names are in lower case.
func shownMembers() []string {
	return []string{
		"id", "submissionid", "duplicateid", "datecreated", "status", "state", "requestedamount", "useofproceeds", "financeneededby", // CRF Connect
		"hasbusinessplan", "collateraltypes", "yearsinbusiness", "industry", "businesstype", "preferredcontactmethod", "preferredcontacttime",
		"howdidyouhear", "fraudscore", "disqualifiedreason", "withdrawnreason", "craeligibletract", "iscdfiinvestmentarea",
		"willreceivetechnicalassistance", "technicalassistanceoptions", "leadrelaytest",
		"event", "timestamp", "lead_id", "partner_lead_id", // Credzu
		"type", "verificationid", "sessionid", "stepid", "datasource", "processingtimems", "verifiedat", // Cr3dentials
		"event_name", "partner_id", "referral_id", "referral_date", "customer_type", "ccy_pair", "etv", "service_required", "country_moving_to", // referral
	}
}

// shownWhole are the members whose insides are about companies and products.
func shownWhole() []string {
	return []string{"leadsource", "servicepartner", "matchedproduct", "productset", "funded"}
}

// hiddenWhole are the members whose insides are about a person, whatever they are called.
func hiddenWhole() []string {
	return []string{"businessaddress", "address", "contact", "company", "proofdata", "formatteddata", "details"}
}

// veil is whether the values at some place are shown.
type veil uint8

const (
	byName veil = iota
	allShown
	allHidden
)

// Mask hides what a JSON payload says of a person: its form and its members' names stay, and the values of the members
// that are known to say nothing of one.
func Mask(payload []byte) ([]byte, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(payload))
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out, jsontext.WithIndent("  "))
	if err := maskValue(dec, enc, byName, ""); err != nil {
		return nil, errors.New("the payload cannot be masked: it is not JSON") // the error might quote it
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func maskValue(dec *jsontext.Decoder, enc *jsontext.Encoder, v veil, name string) error {
	switch dec.PeekKind() {
	case '{':
		return maskObject(dec, enc, v)
	case '[':
		return maskArray(dec, enc, v, name)
	}
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() != 'n' && (v == allHidden || (v == byName && !slices.Contains(shownMembers(), name))) {
		value = jsontext.Value(hidden)
	}
	return enc.WriteValue(value)
}

func maskObject(dec *jsontext.Decoder, enc *jsontext.Encoder, v veil) error {
	begin, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if err := enc.WriteToken(begin); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		member := strings.ToLower(name.String())
		if err := enc.WriteToken(name); err != nil {
			return err
		}
		if err := maskValue(dec, enc, v.inside(member), member); err != nil {
			return err
		}
	}
	return copyToken(dec, enc)
}

// inside is the veil over a member of what v lies on.
func (v veil) inside(member string) veil {
	switch {
	case v == allHidden || slices.Contains(hiddenWhole(), member):
		return allHidden
	case v == allShown || slices.Contains(shownWhole(), member):
		return allShown
	}
	return byName
}

func maskArray(dec *jsontext.Decoder, enc *jsontext.Encoder, v veil, name string) error {
	if err := copyToken(dec, enc); err != nil {
		return err
	}
	for kind := dec.PeekKind(); kind != ']' && kind != jsontext.KindInvalid; kind = dec.PeekKind() {
		if err := maskValue(dec, enc, v, name); err != nil {
			return err
		}
	}
	return copyToken(dec, enc)
}

func copyToken(dec *jsontext.Decoder, enc *jsontext.Encoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	return enc.WriteToken(token)
}
