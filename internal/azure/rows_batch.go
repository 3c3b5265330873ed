package azure

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/wire"
)

// Write is one part of a transaction: an insert where Match is empty, else a merge at that ETag.
type Write struct {
	Entity *Entity
	Match  azcore.ETag
}

// MaxWrites is how many writes one transaction holds.
const MaxWrites = 100

// Transact does all the writes, which are rows of one partition, or none. It gives the ETag of each, in order. Its error is
// that of the first write that failed. No writes are done at once.
func (t *Rows) Transact(ctx context.Context, writes []Write) ([]azcore.ETag, error) {
	if len(writes) == 0 {
		return nil, nil
	}
	path := t.at.path + "/$batch"
	c := t.at.call(http.MethodPost, path, path, t.at.query(""))
	defer c.done()
	id := strconv.FormatUint(rand.Uint64(), 16)
	c.data = append(append(append(append(append(c.data, "--batch_"...), id...), "\r\nContent-Type: multipart/mixed; boundary=changeset_"...), id...), "\r\n\r\n"...)
	for i := range writes {
		c.data = append(append(append(c.data, "--changeset_"...), id...), "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"...)
		c.data = t.appendWrite(c.data, &writes[i])
	}
	c.data = append(append(append(append(append(c.data, "--changeset_"...), id...), "--\r\n--batch_"...), id...), "--\r\n"...)
	c.set("Content-Type", "multipart/mixed; boundary=batch_"+id)
	c.set("DataServiceVersion", "3.0")
	if err := c.send(ctx, http.StatusAccepted); err != nil {
		return nil, err
	}
	return c.parts(len(writes))
}

// appendWrite appends one write as a request of its own.
func (t *Rows) appendWrite(b []byte, w *Write) []byte {
	if w.Match == "" {
		b = append(t.appendURL(append(b, "POST "...)), " HTTP/1.1\r\nPrefer: return-no-content\r\n"...)
	} else {
		b = append(t.appendURL(append(b, "PATCH "...)), "(PartitionKey='"...)
		b = append(append(b, url.PathEscape(quoted(w.Entity.Partition))...), "',RowKey='"...)
		b = append(append(b, url.PathEscape(quoted(w.Entity.Key))...), "') HTTP/1.1\r\nIf-Match: "...)
		b = append(append(b, w.Match...), "\r\n"...)
	}
	b = append(append(append(b, "Accept: "...), t.at.accept...), "\r\nContent-Type: application/json\r\nDataServiceVersion: 3.0\r\n\r\n"...)
	return append(w.Entity.AppendJSON(b), "\r\n"...)
}

func (t *Rows) appendURL(b []byte) []byte {
	return append(append(append(append(b, t.at.scheme...), "://"...), t.at.host...), t.path...)
}

// parts reads the answers of a transaction's n writes: all of them went well, or there is one, of the first that did not.
func (c *call) parts(n int) ([]azcore.ETag, error) {
	body := c.answer.bytes()
	if bytes.HasPrefix(body, []byte("{")) { // a refusal as a whole, for all that its status says
		return nil, c.refused()
	}
	etags := make([]azcore.ETag, 0, n)
	for {
		_, rest, more := bytes.Cut(body, []byte("HTTP/1.1 "))
		if !more {
			break
		}
		head, tail, whole := bytes.Cut(rest, []byte("\r\n\r\n"))
		status, err := strconv.Atoi(string(head[:min(3, len(head))]))
		switch {
		case err != nil || !whole:
			return nil, c.unreadable("that of a transaction")
		case status >= http.StatusBadRequest:
			json, _, _ := bytes.Cut(tail, []byte("\r\n--"))
			return nil, told(status, errorWord(wordOfJSON(json)), c.answer.Head, c.request.Method, c.at.host)
		}
		etags = append(etags, azcore.ETag(wire.Head(head).Get("ETag")))
		body = tail
	}
	if len(etags) != n {
		return nil, c.unreadable("that of a transaction")
	}
	return etags, nil
}
