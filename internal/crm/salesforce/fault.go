package salesforce

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"leadrelay/internal/crm"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
)

// said is one error as the API tells it: errorCode of a request, statusCode of an item (§2.2). Its message quotes values
// and is never passed on.
type said struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

func (s said) code() string {
	for _, code := range []string{s.ErrorCode, s.StatusCode} {
		if code != "" && len(code) <= 80 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
			return code
		}
	}
	return ""
}

// judge tells an answer in our kinds (§2.6); nil for 2xx.
func (c *CRM) judge(a httpclient.Answer) error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	var list []said
	if json.Unmarshal(a.Body, &list) != nil || len(list) == 0 {
		list = []said{{}}
	}
	s := list[0]
	if s.code() == "REQUEST_LIMIT_EXCEEDED" {
		c.gate.close(c.now(), "the org's calls of the day are used up (403 REQUEST_LIMIT_EXCEEDED)")
		return c.gate.closed(c.now())
	}
	if s.code() == "" {
		if err := a.Err(c.now()); a.Status != http.StatusMultipleChoices && lead.KindOf(err) != lead.Refused {
			return err
		}
	}
	err := c.fault(s, a.Status)
	if hint := c.hint(a.Status, s.code()); hint != "" {
		err.Err = errors.New(hint)
	}
	return err
}

// fault is an error of a request, or of an item, whose status is 400. It names fields that the map names, no others.
func (c *CRM) fault(s said, status int) *lead.Error {
	code := s.code()
	e := &lead.Error{Kind: kindOf(status, code), Code: told(status, code)}
	for _, field := range s.Fields {
		if c.known(field) && len(e.Faults) < lead.MaxFindings {
			e.Faults = append(e.Faults, lead.Fault{Field: field, Rule: "refused"})
		}
	}
	switch {
	case s.orphan():
		e.Kind, e.Err = lead.Unavailable, crm.ErrNoLead
	case c.raced(s):
		e.Kind, e.Err = lead.Unavailable, errors.New("somebody else has just made the record")
	}
	return e
}

// raced tells that two upserts made one new record at the same time: the loser's next try is an update. Any other unique
// field is a conflict that stays.
func (c *CRM) raced(s said) bool {
	return s.code() == "DUPLICATE_VALUE" && (strings.Contains(s.Message, c.mapping.KeyField()+" ") || strings.Contains(s.Message, c.event.key+" "))
}

// orphan tells that a parent that was there a moment ago is gone [mem].
func (s said) orphan() bool {
	return s.code() == "INVALID_FIELD" && strings.HasPrefix(s.Message, "Foreign key external ID")
}

// gone are the codes of a record that people have deleted or converted since it was looked up.
func gone(code string) bool {
	return code == "ENTITY_IS_DELETED" || code == "INVALID_CROSS_REFERENCE_KEY"
}

// kindOf is the table of §2.6. What it does not name goes by its status.
func kindOf(status int, code string) lead.Kind {
	switch code {
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT", "REQUEST_LIMIT_EXCEEDED", "ALL_OR_NONE_OPERATION_ROLLED_BACK":
		return lead.Unavailable
	case "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "NOT_FOUND", "INVALID_TYPE", "MALFORMED_QUERY", "INVALID_SESSION_ID",
		"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
		"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "UNSUPPORTED_API_VERSION":
		return lead.Address
	case "ENTITY_IS_DELETED": // Gone, though its status is 404
		return lead.Refused
	}
	switch status {
	case http.StatusMultipleChoices, http.StatusBadRequest:
		return lead.Refused
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return lead.Unavailable
	case http.StatusRequestEntityTooLarge:
		return lead.TooLarge
	}
	if status >= 500 || status < 200 {
		return lead.Unavailable
	}
	return lead.Address // 401, other 403, 404, 409, 410, 412, 415, 428: our configuration, or our own logic
}

// hint says where to look.
func (c *CRM) hint(status int, code string) string {
	switch {
	case status == http.StatusMultipleChoices:
		return "the key stands in several records: make " + c.mapping.KeyField() + " unique"
	case status == http.StatusUnauthorized:
		return "the org refuses a new token"
	case status == http.StatusGone:
		return "the API version is retired: set " + c.setting("API_VERSION")
	case code == "INVALID_FIELD", code == "INVALID_FIELD_FOR_INSERT_UPDATE", code == "NOT_FOUND":
		return "a field or object of the map is missing, or hidden from the run-as user: leadctl doctor names it"
	case status == http.StatusForbidden:
		return "the run-as user lacks a permission"
	}
	return ""
}

// told is a status with its code, "400 STRING_TOO_LONG".
func told(status int, code string) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + code)
}

// known tells the fields that we write.
func (c *CRM) known(field string) bool {
	return field == c.mapping.KeyField() || field == c.event.key || field == c.event.parent ||
		slices.ContainsFunc(c.mapping.Columns(), func(col mapping.Column) bool { return col.Field == field })
}
