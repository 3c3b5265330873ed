package receive

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"leadrelay/internal/lead"
)

// problem is application/problem+json (RFC 9457). It names fields and rules, never values.
type problem struct {
	Title   string       `json:"title"`
	Status  int          `json:"status"`
	Detail  string       `json:"detail,omitempty"`
	Receipt string       `json:"receipt,omitempty"` // of an event that is kept although it is refused
	Errors  []lead.Fault `json:"errors,omitempty"`
}

// respond writes the answer and says its status. 200 is exactly 200: Credzu takes nothing else (seeds/000). A 401 says
// nothing at all.
func respond(w http.ResponseWriter, q *request, fail *failure, kept bool) int {
	invalid := fail != nil && (fail.status == http.StatusBadRequest || fail.status == http.StatusUnprocessableEntity)
	if fail == nil || (kept && invalid && q.route.KeepInvalid) {
		return write(w, http.StatusOK, "application/json", []byte(`{"receipt":"`+q.receipt+`","status":"accepted"}`)) // a ULID needs no escape
	}
	switch fail.status {
	case http.StatusUnauthorized:
		w.WriteHeader(fail.status)
		return fail.status
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(fail.after/time.Second)))
	}
	p := problem{Title: http.StatusText(fail.status), Status: fail.status, Detail: fail.reason, Errors: fail.faults}
	if kept {
		p.Receipt = q.receipt
	}
	b, err := json.Marshal(p)
	if err != nil { // strings and numbers only: it cannot be
		fail.status, b = http.StatusInternalServerError, nil
	}
	return write(w, fail.status, "application/problem+json", b)
}

func write(w http.ResponseWriter, status int, contentType string, b []byte) int {
	w.Header().Set("Content-Type", contentType)
	if status != http.StatusOK { // that of an answer as short as 200 is net/http's to say
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(b) // the partner is gone: it will send again
	return status
}
