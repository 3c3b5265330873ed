package table

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"leadrelay/local/azuresim/wire"
)

// maxChanges is how many operations one transaction holds (facts/azure-storage.md §8).
const maxChanges = 100

// transact does an entity group transaction: all of it or nothing.
func (s *Store) transact(r *wire.Request) (wire.Answer, *wire.Error) {
	parts, err := changeset(r)
	if err != nil {
		return wire.Answer{}, err
	}
	t, changes, failed, err := s.understand(parts)
	if err == nil {
		answers := make([]wire.Answer, 0, len(changes))
		failed, err = t.applyAll(changes, parts, &answers)
		if err == nil {
			return multipart(r, answers), nil
		}
	}
	return multipart(r, []wire.Answer{refused(err, r, failed)}), nil
}

// refused is the one answer that stands for a whole transaction that failed at an operation.
func refused(e *wire.Error, r *wire.Request, index int) wire.Answer {
	return wire.Answer{Status: e.Status, Body: e.JSON(r, index), Type: minimal.contentType()}
}

// understand reads all changes; failed is the one that is wrong.
func (s *Store) understand(parts []*wire.Request) (t *table, changes []change, failed int, err *wire.Error) {
	rows := map[string]bool{}
	for i, part := range parts {
		if part.Op, err = Route(part); err != nil {
			return nil, nil, i, err
		}
		for j := range len(part.Op.ByName) {
			if letter := part.Op.ByName[j : j+1]; !part.Grant.Has(letter) {
				return nil, nil, i, wire.Errorf(403, "AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission.")
			}
		}
		to, err := s.find(part.Op.Resource)
		if err != nil {
			return nil, nil, i, err
		}
		c, err := readChange(part)
		if err != nil {
			return nil, nil, i, err
		}
		switch {
		case t != nil && (t != to || changes[0].entity.partition != c.entity.partition):
			return nil, nil, i, wire.Errorf(400, "CommandsInBatchActOnDifferentPartitions", "All commands in a batch must operate on same entity group.")
		case rows[c.entity.row]:
			return nil, nil, i, wire.Errorf(400, "InvalidDuplicateRow", "The batch request contains multiple changes with same row key. An entity can appear only once in a batch request.")
		}
		t, rows[c.entity.row] = to, true
		changes = append(changes, c)
	}
	return t, changes, 0, nil
}

// applyAll does the changes, and undoes them when one fails.
func (t *table) applyAll(changes []change, parts []*wire.Request, answers *[]wire.Answer) (failed int, err *wire.Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := make([]*entity, len(changes))
	for i, c := range changes {
		k := key(c.entity.partition, c.entity.row)
		before[i], _ = t.rows.Get(k)
		e, err := t.apply(c, parts[i])
		if err != nil {
			t.undo(changes[:i], before)
			return i, err
		}
		*answers = append(*answers, c.answer(parts[i], t, e))
	}
	return 0, nil
}

func (t *table) undo(changes []change, before []*entity) {
	for i, c := range changes {
		k := key(c.entity.partition, c.entity.row)
		if before[i] == nil {
			t.rows.Delete(k)
		} else {
			t.rows.Set(k, before[i])
		}
	}
}

// changeset takes the operations out of the body of a batch.
func changeset(r *wire.Request) ([]*wire.Request, *wire.Error) {
	_, boundary, ok := strings.Cut(r.Header.Get("Content-Type"), "boundary=")
	inner, found := boundaryOf(r.Body)
	if !ok || boundary == "" || !found {
		return nil, badJSON()
	}
	var out []*wire.Request
	pieces := bytes.Split(r.Body, []byte("--"+inner))
	for _, piece := range pieces[1:] {
		if bytes.HasPrefix(piece, []byte("--")) {
			return out, tooMany(len(out))
		}
		part, err := operation(r, piece)
		if err != nil {
			return nil, err
		}
		out = append(out, part)
	}
	return nil, badJSON() // it has no end
}

func tooMany(n int) *wire.Error {
	if n > maxChanges {
		return wire.Errorf(400, "InvalidInput", "0:The batch request operation exceeds the maximum 100 changes per change set.")
	}
	if n == 0 {
		return badJSON()
	}
	return nil
}

// boundaryOf finds the boundary of the change set, which the first part names.
func boundaryOf(body []byte) (string, bool) {
	_, rest, ok := bytes.Cut(body, []byte("boundary="))
	if !ok {
		return "", false
	}
	line, _, ok := bytes.Cut(rest, []byte("\n"))
	return strings.Trim(string(bytes.TrimSpace(line)), `"`), ok
}

// operation reads one part: its own header, an HTTP request's line and header, and its body.
func operation(r *wire.Request, piece []byte) (*wire.Request, *wire.Error) {
	_, rest, ok := bytes.Cut(piece, []byte("\r\n\r\n"))
	head, body, split := bytes.Cut(rest, []byte("\r\n\r\n"))
	if !ok || !split {
		return nil, badJSON()
	}
	lines := strings.Split(string(head), "\r\n")
	words := strings.Fields(lines[0])
	if len(words) != 3 {
		return nil, badJSON()
	}
	u, err := url.Parse(words[1])
	if err != nil {
		return nil, badJSON()
	}
	path := strings.TrimPrefix(u.Path, "/")
	if base, err := url.Parse(r.Base); err == nil && base.Path != "" {
		path = strings.TrimPrefix("/"+path, base.Path+"/")
	}
	part := &wire.Request{Service: r.Service, Account: r.Account, Method: words[0], Path: path, Query: wire.ParseQuery(u.RawQuery),
		Header: http.Header{}, Body: bytes.TrimSpace(body), Base: r.Base, TLS: r.TLS, Now: r.Now, ID: r.ID, Grant: r.Grant}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		part.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return part, nil
}

// multipart writes the answers of a transaction.
func multipart(r *wire.Request, answers []wire.Answer) wire.Answer {
	outer, inner := "batchresponse_"+r.ID, "changesetresponse_"+r.ID
	var b bytes.Buffer
	b.Grow(640 * (len(answers) + 1))
	b.WriteString("--" + outer + "\r\nContent-Type: multipart/mixed; boundary=" + inner + "\r\n\r\n")
	for _, a := range answers {
		b.WriteString("--" + inner + "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n")
		b.WriteString("HTTP/1.1 " + strconv.Itoa(a.Status) + " " + http.StatusText(a.Status) + "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n")
		if a.Type != "" {
			b.WriteString("Content-Type: " + a.Type + "\r\n")
		}
		for _, f := range a.Fields {
			b.WriteString(f.Name + ": " + f.Value + "\r\n")
		}
		b.WriteString("\r\n")
		b.Write(a.Body)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + inner + "--\r\n--" + outer + "--\r\n")
	return wire.Answer{Status: 202, Type: "multipart/mixed; boundary=" + outer, Body: b.Bytes()}
}
