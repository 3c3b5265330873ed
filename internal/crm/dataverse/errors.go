package dataverse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/crm"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

// Codes that decide more than their status does (facts/crm.md §1.7). The list is short on purpose: public lists contradict
// one another, so everything else goes by its status.
const (
	codePayload   = "0x80048d19" // the payload is not understood
	codeURL       = "0x80060888" // the URL, the resource or the key is not understood
	codeNoRow     = "0x80040217"
	codeNoKeyRow  = "0x80060891"
	codeEtag      = "0x80060882"
	codeKeyTaken  = "0x80060892"
	codeDuplicate = "0x80040333"
	codePrimary   = "0x80040237"
	codeDeadlock  = "0x80044150"
	codeTimeout   = "0x80044151"
)

// meaning is what a code or a status means to us.
type meaning struct {
	kind lead.Kind
	text string
}

func byCode(code string) (meaning, bool) {
	m, ok := map[string]meaning{
		codePayload:   {lead.Refused, "the payload is not understood"},
		codeURL:       {lead.Address, "the URL, the table or its key is not known to the organisation"},
		"0x80044331":  {lead.Refused, "a value is too long"},
		"0x8004432f":  {lead.Refused, "a number is out of the column's range"},
		"0x80044330":  {lead.Refused, "an amount is out of the column's range"},
		"0x8004431a":  {lead.Refused, "a choice is not among the column's options"},
		"0x80048408":  {lead.Refused, "the status does not belong to the state: see the lookups of the map"},
		"0x80040265":  {lead.Refused, "the organisation's own logic refuses it"},
		"0x80040220":  {lead.Address, "a privilege is missing: see the security role of the application user"},
		"0x80072560":  {lead.Address, "the user is no member of the organisation"},
		codeNoKeyRow:  {lead.Unavailable, "a record that is referred to is not there yet"},
		codeEtag:      {lead.Unavailable, "somebody else has just changed the record"},
		codeKeyTaken:  {lead.Refused, "conflict: another record has the key"},
		codeDuplicate: {lead.Refused, "conflict: a duplicate rule refuses it"},
		codePrimary:   {lead.Refused, "conflict: another record has the id"},
		codeDeadlock:  {lead.Unavailable, "the organisation's database is busy"},
		codeTimeout:   {lead.Unavailable, "the organisation's database is busy"},
	}[code]
	return m, ok
}

func byStatus(status int) meaning {
	switch {
	case status == http.StatusTooManyRequests:
		return meaning{lead.Unavailable, "the service's limits are reached"}
	case status == http.StatusUnauthorized:
		return meaning{lead.Address, "the token is refused: is the application user in this environment?"}
	case status == http.StatusForbidden:
		return meaning{lead.Address, "forbidden: see the security role of the application user"}
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		return meaning{lead.Address, "the URL is not that of a Web API that knows the table"}
	case status == http.StatusRequestEntityTooLarge:
		return meaning{lead.Refused, "the record is too large"}
	case status == http.StatusPreconditionFailed:
		return meaning{lead.Unavailable, "somebody else has just changed the record"}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500, status < 200:
		return meaning{lead.Unavailable, "the organisation is failing"}
	case status < 400:
		return meaning{lead.Address, "a redirect: the URL is not that of the Web API"}
	}
	return meaning{lead.Refused, "refused"}
}

// judge tells an answer that is none of 2xx. Its message is the organisation's and may quote a person: only the columns that
// we sent and that it names are told.
func (c *CRM) judge(q call, a httpclient.Answer) error {
	var said struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &said) // a gateway's answer need not be JSON
	code := ""
	if regexp.MustCompile(`^0x[0-9A-Fa-f]{8}$`).MatchString(said.Error.Code) {
		code = strings.ToLower(said.Error.Code)
	}
	m, known := byCode(code)
	if !known || a.Status == http.StatusTooManyRequests || a.Status == http.StatusUnauthorized {
		m = byStatus(a.Status)
	}
	e := &lead.Error{Kind: m.kind, Code: strings.TrimSpace(strconv.Itoa(a.Status) + " " + code), Err: errors.New(m.text)}
	if m.kind == lead.Refused {
		for _, column := range columnsIn(said.Error.Message, q.body) {
			e.Faults = append(e.Faults, lead.Fault{Field: column, Rule: "refused"})
		}
	}
	if m.kind == lead.Unavailable {
		e.RetryAfter = lead.RetryAfter(a.Err(c.Now()))
	}
	if a.Status == http.StatusTooManyRequests {
		e.RetryAfter = c.token.pause(e.RetryAfter)
	}
	return told(q.what, e)
}

// columnsIn are the columns of a body that a message names.
func columnsIn(message string, body map[string]any) []string {
	var out []string
	for _, word := range strings.FieldsFunc(message, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		if _, ok := body[word]; ok && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// told puts our name and the object before an error.
func told(what string, err error) error {
	if what == "" {
		return fmt.Errorf("dataverse: %w", err)
	}
	return fmt.Errorf("dataverse: %s: %w", what, err)
}

// coded tells whether an error is an answer with a status and one of some codes; without codes any.
func coded(err error, status int, codes ...string) bool {
	first, code, _ := strings.Cut(lead.CodeOf(err), " ")
	return first == strconv.Itoa(status) && (len(codes) == 0 || slices.Contains(codes, code))
}

// gone tells that there is no record at an address.
func gone(err error) bool { return coded(err, http.StatusNotFound, codeNoRow, codeNoKeyRow) }

// noLead is [crm.ErrNoLead] as the contract wants it.
func noLead() error { return told("", &lead.Error{Kind: lead.Unavailable, Err: crm.ErrNoLead}) }

// suspect looks at an error that could be the lead's fault or the organisation's: when columns of the map are missing
// there, no lead can pass, and the error is of kind Address.
func (c *CRM) suspect(ctx context.Context, err error) error {
	if !coded(err, http.StatusBadRequest, codePayload) {
		return err
	}
	if wrong := c.learn(ctx, true); lead.KindOf(wrong) == lead.Address {
		return wrong
	}
	return err
}

// decode reads an answer; numbers keep their digits.
func decode(text []byte) (map[string]any, error) {
	numbers := json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		n, err := dec.ReadValue()
		*v = lead.Decimal(n)
		return err
	}))
	var out map[string]any
	err := json.Unmarshal(bytes.TrimSpace(text), &out, numbers)
	return out, err
}
