package receive

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// checkType refuses bodies that are not plain JSON in UTF-8. An absent Content-Type passes: the body decides.
func checkType(h http.Header) error {
	for _, encoding := range h.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(encoding), "identity") {
			return errors.New("encoded bodies are not understood; send plain JSON")
		}
	}
	value := h.Get("Content-Type")
	if value == "" || value == "application/json" { // most say just this
		return nil
	}
	media, params, err := mime.ParseMediaType(value)
	if err != nil || (media != "application/json" && media != "text/json" && !(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))) {
		return errors.New("the Content-Type must be application/json")
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") && !strings.EqualFold(c, "utf8") {
		return errors.New("the charset must be utf-8")
	}
	return nil
}

const (
	// maxDiscard is how much of a body that is too large is read away, so that its sender gets to read the answer.
	maxDiscard = 4 << 20
	// maxKept is the longest body whose room is kept.
	maxKept = 64 << 10
)

func (h *Handler) readBody(r *http.Request, q *request) *failure {
	limit := q.route.MaxBody
	body, err := []byte(nil), error(nil)
	switch {
	case r.ContentLength >= 0 && r.ContentLength <= limit:
		body = h.bodyRoom(q, int(r.ContentLength))
		_, err = io.ReadFull(r.Body, body)
	case r.ContentLength < 0:
		body, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	}
	switch {
	case err != nil:
		return &failure{status: http.StatusBadRequest, reason: "the body ended early", cause: errors.New("read body")}
	case r.ContentLength > limit || int64(len(body)) > limit:
		_, _ = io.CopyN(io.Discard, r.Body, maxDiscard) // its end is as good as its limit
		return &failure{status: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the body may have at most %d bytes", limit)}
	}
	q.body = body
	return nil
}

// bodyRoom is room for a body of n bytes, until the request ends.
func (h *Handler) bodyRoom(q *request, n int) []byte {
	if n > maxKept {
		return make([]byte, n)
	}
	if q.room, _ = h.bodies.Get().(*[]byte); q.room == nil {
		q.room = new([]byte)
	}
	*q.room = slices.Grow((*q.room)[:0], n)[:n]
	return *q.room
}
