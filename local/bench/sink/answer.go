package sink

import (
	"net/http"
	"strconv"
	"time"
)

// answer writes the answer to a request into c.out and says what it was.
func (c *conn) answer(r request) Op {
	switch c.service {
	case Queue:
		return c.queue(r)
	case Blob:
		return c.blob(r)
	case Table:
		return c.table(r)
	}
	c.head(int(c.sink.crm.Load()), "application/json", len("{}"))
	c.end("{}")
	return CallCRM
}

// noLength is for an answer that has no body and says nothing of its length: 204.
const noLength = -1

// head writes the status line and the fields that every answer has. More fields may follow, then [conn.end].
func (c *conn) head(status int, contentType string, length int) {
	b := append(c.out, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(append(b, ' '), http.StatusText(status)...)
	b = append(b, "\r\nServer: Windows-Azure-Queue/1.0 Microsoft-HTTPAPI/2.0\r\nX-Ms-Request-Id: "...)
	b = appendID(b, c.sink.serial.Add(1))
	b = append(b, "\r\nX-Ms-Version: 2026-06-06\r\nDate: "...)
	b = append(b, c.sink.clock.at(time.Now()).http...)
	if contentType != "" {
		b = append(append(b, "\r\nContent-Type: "...), contentType...)
	}
	if length != noLength {
		b = strconv.AppendInt(append(b, "\r\nContent-Length: "...), int64(length), 10)
	}
	c.out = append(b, "\r\n"...)
}

// field writes a further header field.
func (c *conn) field(name, value string) {
	c.out = append(append(append(append(c.out, name...), ": "...), value...), "\r\n"...)
}

// end ends the head and writes the body.
func (c *conn) end(body string) { c.out = append(append(c.out, "\r\n"...), body...) }

// endBytes is end of a body that was made in c.body.
func (c *conn) endBytes(body []byte) { c.out = append(append(c.out, "\r\n"...), body...) }

// plain is an answer without a body: 200, 201 and 202 name its length, 204 does not.
func (c *conn) plain(status int) {
	length := 0
	if status == http.StatusNoContent {
		length = noLength
	}
	c.head(status, "", length)
}

// prolog begins every XML body: Azure writes a byte order mark.
const prolog = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`

// refuse answers with an error of queues and blobs.
func (c *conn) refuse(status int, code, text string) {
	body := append(c.body[:0], prolog+"<Error><Code>"...)
	body = append(append(append(body, code...), "</Code><Message>"...), text...)
	body = append(c.why(body, "&#xA;"), "</Message></Error>"...)
	c.head(status, "application/xml", len(body))
	c.field("X-Ms-Error-Code", code)
	c.endBytes(body)
	c.body = body
}

// why appends what Azure puts behind the text of an error; line is a line break as the body writes it.
func (c *conn) why(b []byte, line string) []byte {
	b = appendID(append(append(b, line...), "RequestId:"...), c.sink.serial.Load())
	return time.Now().UTC().AppendFormat(append(append(b, line...), "Time:"...), moment)
}

func (c *conn) unknown() Op {
	c.refuse(400, "InvalidUri", "The sink of the benchmark does not know this request.")
	return Unknown
}
