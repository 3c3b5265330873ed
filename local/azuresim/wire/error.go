package wire

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"time"
)

// Error is a refusal of Azure's.
type Error struct {
	Status  int
	Code    string // x-ms-error-code
	Message string
	Details []Pair // further elements of the XML: AuthenticationErrorDetail, HeaderName, …
	Fields  []Field
}

func (e *Error) Error() string { return strconv.Itoa(e.Status) + " " + e.Code }

// Errorf makes a refusal.
func Errorf(status int, code, message string, details ...Pair) *Error {
	return &Error{Status: status, Code: code, Message: message, Details: details}
}

// The refusals that every service knows.
func InvalidURI() *Error {
	return Errorf(400, "InvalidUri", "The requested URI does not represent any resource on the server.")
}

// UnsupportedVerb is for a method that the resource does not have.
func UnsupportedVerb() *Error {
	return Errorf(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
}

// OutOfRange is for a query parameter out of its range.
func OutOfRange(name, value, least, most string) *Error {
	return Errorf(400, "OutOfRangeQueryParameterValue", "One of the query parameters specified in the request URI is outside the permissible range.",
		Pair{"QueryParameterName", name}, Pair{"QueryParameterValue", value}, Pair{"MinimumAllowed", least}, Pair{"MaximumAllowed", most})
}

// InvalidQuery is for a query parameter that is no value at all.
func InvalidQuery(name, value, reason string) *Error {
	return Errorf(400, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid.",
		Pair{"QueryParameterName", name}, Pair{"QueryParameterValue", value}, Pair{"Reason", reason})
}

// InvalidHeader is for a header that is no value at all.
func InvalidHeader(name, value string) *Error {
	return Errorf(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.",
		Pair{"HeaderName", name}, Pair{"HeaderValue", value})
}

// MissingHeader is for a header that must be there.
func MissingHeader(name string) *Error {
	return Errorf(400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified.", Pair{"HeaderName", name})
}

// TooLarge is for a body above a limit in bytes.
func TooLarge(limit int) *Error {
	return Errorf(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.", Pair{"MaxLimit", strconv.Itoa(limit)})
}

// InvalidXML is for a body that is not the XML it ought to be.
func InvalidXML() *Error {
	return Errorf(400, "InvalidXmlDocument", "XML specified is not syntactically valid.")
}

// Answer is the refusal as a service tells it: XML with x-ms-error-code, or OData's JSON for tables.
func (e *Error) Answer(r *Request) Answer {
	a := Answer{Status: e.Status, Fields: append([]Field(nil), e.Fields...)}
	if r.Service == Table {
		a.Body, a.Type = e.JSON(r, -1), "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
		return a
	}
	a = a.With("X-Ms-Error-Code", e.Code)
	if r.Method == "HEAD" || e.Status == 304 {
		return a // no body: the header alone tells
	}
	var b bytes.Buffer
	b.WriteString(Prolog + "<Error><Code>" + e.Code + "</Code><Message>")
	escape(&b, e.text(r))
	b.WriteString("</Message>")
	for _, d := range e.Details {
		b.WriteString("<" + d.Name + ">")
		escape(&b, d.Value)
		b.WriteString("</" + d.Name + ">")
	}
	b.WriteString("</Error>")
	a.Body, a.Type = b.Bytes(), "application/xml"
	return a
}

func (e *Error) text(r *Request) string {
	return e.Message + "\nRequestId:" + r.ID + "\nTime:" + r.Now.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// JSON is the body of a table's refusal; index is the operation of a transaction that failed, -1 outside of one.
func (e *Error) JSON(r *Request, index int) []byte {
	text := e.text(r)
	if index >= 0 {
		text = strconv.Itoa(index) + ":" + text
	}
	b := append([]byte(`{"odata.error":{"code":`), AppendJSON(nil, e.Code)...)
	b = append(b, `,"message":{"lang":"en-US","value":`...)
	b = AppendJSON(b, text)
	return append(b, `}}}`...)
}

func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Buffer never fails
}

// AppendXML appends a text with the three characters escaped that XML needs, and CR, which readers would turn into LF.
func AppendXML(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "&<>\r") {
		return append(b, s...)
	}
	for i := range len(s) {
		switch s[i] {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '\r':
			b = append(b, "&#xD;"...)
		default:
			b = append(b, s[i])
		}
	}
	return b
}

// AppendJSON appends a JSON string.
func AppendJSON(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// ETag makes the entity tag of queues and blobs, "0x8D…", of a version's tick of 100 ns.
func ETag(tick int64) string { return `"0x` + strings.ToUpper(strconv.FormatInt(tick, 16)) + `"` }

// Ticks are the units of 100 ns since the year 1.
func Ticks(t time.Time) int64 {
	const unixToYear1 = 62135596800
	return (t.Unix()+unixToYear1)*10_000_000 + int64(t.Nanosecond()/100)
}
