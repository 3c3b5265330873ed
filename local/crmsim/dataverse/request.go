package dataverse

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// request is what a call asks for.
type request struct {
	method string
	header http.Header
	host   string
	raw    string // path and query as they came
	path   string // after Base, still escaped
	query  map[string]string
	body   map[string]jsontext.Value
	text   []byte
}

// answer is what a call gets.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

// failure is an error of the service.
type failure struct {
	status  int
	code    string
	message string
}

// answer writes the error as Dataverse does: innererror was removed (§1.7).
func (f *failure) answer() answer {
	body, err := json.Marshal(map[string]any{"error": map[string]string{"code": f.code, "message": f.message}}, json.Deterministic(true))
	if err != nil {
		panic(err) // two texts
	}
	return answer{status: f.status, header: map[string]string{"Content-Type": "application/json; odata.metadata=minimal"}, body: body}
}

func bad(code, message string) *failure { return &failure{http.StatusBadRequest, code, message} }

// Codes (facts/crm.md §1.7).
const (
	codePayload   = "0x80048d19" // the payload is not understood
	codeURL       = "0x80060888" // URL, resource or key is not understood
	codeNoRow     = "0x80040217"
	codeNoKeyRow  = "0x80060891"
	codeEtag      = "0x80060882"
	codeKeyTaken  = "0x80060892"
	codeDuplicate = "0x80040333"
	codePrimary   = "0x80040237"
	codeLong      = "0x80044331"
	codeInt       = "0x8004432f"
	codeMoney     = "0x80044330"
	codeChoice    = "0x8004431a"
	codeStatus    = "0x80048408"
)

// readRequest reads a call whole.
func readRequest(r *http.Request) (*request, *failure) {
	q := &request{method: r.Method, header: r.Header, host: r.Host, raw: r.URL.RequestURI(), query: map[string]string{}}
	escaped := r.URL.EscapedPath()
	path, ok := strings.CutPrefix(escaped, Base)
	if !ok {
		return q, &failure{http.StatusNotFound, "", "Resource not found for the segment."}
	}
	q.path = path
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, bad(codeURL, "The query is not valid.")
	}
	for name, v := range values {
		if len(v) != 1 {
			return q, bad(codeURL, "Query option '"+name+"' was specified more than once.")
		}
		q.query[name] = v[0]
	}
	q.text, err = io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return q, bad("", "The request body could not be read.")
	}
	if len(q.text) == 0 {
		return q, nil
	}
	return q, q.readBody()
}

func (q *request) readBody() *failure {
	kind, params, err := mime.ParseMediaType(q.header.Get("Content-Type"))
	if err != nil || kind != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return &failure{http.StatusUnsupportedMediaType, "", "The content type is not application/json in UTF-8."}
	}
	if err := json.Unmarshal(q.text, &q.body); err != nil || !utf8.Valid(q.text) { // double names are refused too
		return bad(codePayload, "An error occurred while validating input parameters: the body is no JSON object.")
	}
	return nil
}

// strict holds a call against the headers that Microsoft wants on every call (§1.1) and against its own grammar.
func (q *request) strict() *failure {
	h := q.header
	switch {
	case h.Get("OData-Version") != "4.0" || h.Get("OData-MaxVersion") != "4.0":
		return bad(codeURL, "strict: OData-Version and OData-MaxVersion must be 4.0.")
	case !strings.Contains(h.Get("Accept"), "application/json"):
		return bad(codeURL, "strict: Accept must name application/json.")
	case (q.method == http.MethodPost || q.method == http.MethodPatch) && q.body == nil:
		return bad(codePayload, "strict: the call needs a body.")
	case q.method == http.MethodGet && q.text != nil && len(q.text) > 0:
		return bad(codePayload, "strict: a GET has no body.")
	}
	for name := range q.query {
		switch name {
		case "$select", "$top", "$expand", "$filter", "tag":
		default:
			return bad(codeURL, "The query parameter "+name+" is not supported.")
		}
	}
	if h.Get("If-Match") != "" && present(h.Get("If-None-Match")) != "" {
		return bad(codeURL, "strict: If-Match and If-None-Match together.")
	}
	return nil
}

// present is If-None-Match without the null that Microsoft recommends for browsers (§1.1).
func present(v string) string {
	if v == "null" {
		return ""
	}
	return v
}

// prefers tells whether a Prefer header holds a preference.
func (q *request) prefers(what string) bool {
	for _, line := range q.header.Values("Prefer") {
		for p := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(p) == what {
				return true
			}
		}
	}
	return false
}
