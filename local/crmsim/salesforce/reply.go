package salesforce

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// reply is an answer on its way out.
type reply struct {
	status int
	header map[string]string
	body   any    // as JSON; nil: none
	raw    string // instead of body
	kind   string // content type of raw
}

// problem is one error: of a request, where its code is errorCode, or of one item, where it is statusCode (§2.2).
type problem struct {
	status  int // of a request
	code    string
	message string
	fields  []string
	matches []string // ids that a duplicate rule has found
}

func fail(status int, code, message string, fields ...string) *problem {
	return &problem{status: status, code: code, message: message, fields: fields}
}

// reply tells the problem of a whole request: always an array (§2.6).
func (p *problem) reply() reply {
	e := map[string]any{"message": p.message, "errorCode": p.code}
	if p.fields != nil {
		e["fields"] = p.fields
	}
	if p.code == "DUPLICATES_DETECTED" {
		e["duplicateResut"] = p.duplicates() // the name is misspelt on the wire (§2.4)
	}
	return reply{status: p.status, body: []any{e}}
}

// item tells the problem of one item.
func (p *problem) item() map[string]any {
	fields := p.fields
	if fields == nil {
		fields = []string{}
	}
	e := map[string]any{"statusCode": p.code, "message": p.message, "fields": fields}
	if p.code == "DUPLICATES_DETECTED" {
		e["duplicateResult"] = p.duplicates()
	}
	return e
}

func (p *problem) duplicates() map[string]any {
	var records []any
	for _, id := range p.matches {
		records = append(records, map[string]any{"record": map[string]any{"Id": id}})
	}
	return map[string]any{"allowSave": p.status == statusAlert, "matchResults": []any{map[string]any{"matchRecords": records}}}
}

func (r reply) write(w http.ResponseWriter, truncate bool) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	body, kind := []byte(r.raw), r.kind
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			panic("crmsim: an answer that is no JSON: " + err.Error())
		}
		kind = "application/json;charset=UTF-8"
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if r.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(r.status)
	if truncate {
		body = body[:len(body)/2]
	}
	if _, err := w.Write(body); err != nil || truncate {
		panic(http.ErrAbortHandler) // the caller has gone, or is to see a body that breaks off
	}
}
