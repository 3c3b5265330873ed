package sink

import (
	"bytes"
)

// transaction answers an entity group transaction: every write in it is done.
func (c *conn) transaction(r request) Op {
	id := c.sink.serial.Add(1)
	boundary := func(b []byte, name string) []byte { return appendID(append(b, name...), id) }
	b := boundary(append(c.body[:0], "--"...), "batchresponse_")
	b = boundary(append(b, "\r\nContent-Type: multipart/mixed; boundary="...), "changesetresponse_")
	b = append(b, "\r\n\r\n"...)
	for rest := r.body; ; {
		w, after, ok := nextWrite(rest)
		if !ok {
			break
		}
		rest = after
		c.sink.counters.writes.Add(1)
		b = boundary(append(b, "--"...), "changesetresponse_")
		b = append(b, "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"...)
		b = c.appendWritten(b, w)
	}
	b = boundary(append(b, "--"...), "changesetresponse_")
	b = boundary(append(b, "--\r\n--"...), "batchresponse_")
	c.body = append(b, "--\r\n"...)
	c.head(202, "", len(c.body))
	c.out = append(boundary(append(c.out, "Content-Type: multipart/mixed; boundary="...), "batchresponse_"), "\r\n"...)
	c.endBytes(c.body)
	return Transaction
}

// write is one part of a transaction.
type write struct {
	method, target []byte
	rest           []byte // header fields, an empty line, the entity, and more
	quiet          bool
}

// nextWrite finds the next part by its request line, "POST http://…/table HTTP/1.1": no JSON holds a bare line break.
func nextWrite(body []byte) (write, []byte, bool) {
	line, rest, ok := bytes.Cut(body, []byte(" HTTP/1.1\r\n"))
	if !ok {
		return write{}, nil, false
	}
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	w := write{rest: rest}
	w.method, w.target, _ = bytes.Cut(line, []byte(" "))
	head, _, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	w.quiet = bytes.Contains(head, []byte("return-no-content"))
	return w, rest, true
}

// appendWritten appends what is said of one write. An insert that wants its entity back does not get it: no client of
// transactions reads that.
func (c *conn) appendWritten(b []byte, w write) []byte {
	b = append(b, "HTTP/1.1 204 No Content\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nDataServiceVersion: 3.0;\r\n"...)
	if string(w.method) != "DELETE" {
		b = append(append(append(b, "Etag: "...), c.etag()...), "\r\n"...)
	}
	if string(w.method) == "POST" {
		_, entity, _ := bytes.Cut(w.rest, []byte("\r\n\r\n"))
		_, name, _ := bytes.Cut(w.target, []byte(AccountName+"/"))
		where := c.location(bytes.TrimSuffix(name, []byte("()")), entity)
		b = append(append(append(b, "Location: "...), where...), "\r\n"...)
		if w.quiet {
			b = append(append(append(b, "Preference-Applied: return-no-content\r\nDataserviceid: "...), where...), "\r\n"...)
		}
	}
	return append(b, "\r\n\r\n"...)
}
