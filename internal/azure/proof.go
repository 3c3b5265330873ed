package azure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// proof proves our right to make a call by adding to its header; the call's fields are in the order of their names.
type proof interface {
	prove(ctx context.Context, c *call) error
}

// sharedKey signs with an account's key: the scheme SharedKey, or SharedKeyLite of tables, which is what their SDK speaks
// ("Authorize with Shared Key" of the storage REST reference).
type sharedKey struct {
	account string
	lite    bool
	mac     func() hash.Hash // a function, because fmt prints unexported fields
	pens    sync.Pool        // *pen
}

// pen is what a signature is written with.
type pen struct {
	mac  hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

func newSharedKey(account string, key []byte, lite bool) *sharedKey {
	return &sharedKey{account: account, lite: lite, mac: func() hash.Hash { return hmac.New(sha256.New, key) }}
}

func (k *sharedKey) prove(_ context.Context, c *call) error {
	p, _ := k.pens.Get().(*pen)
	if p == nil {
		p = &pen{mac: k.mac()}
	}
	defer k.pens.Put(p)
	scheme, text := "SharedKey ", p.text[:0]
	if k.lite {
		scheme, text = "SharedKeyLite ", append(append(text, c.get(dateField)...), '\n')
	} else {
		text = appendHead(text, c)
	}
	text = append(append(append(text, '/'), k.account...), c.url.RawPath...)
	if !k.lite {
		text = appendParameters(text, c.url.RawQuery)
	}
	p.mac.Write(text)
	sum := p.mac.Sum(p.sum[:0])
	p.mac.Reset()
	text = append(append(append(text[:0], scheme...), k.account...), ':')
	p.text = base64.StdEncoding.AppendEncode(text, sum)
	c.set("Authorization", string(p.text))
	return nil
}

// appendHead appends what SharedKey signs of the method and the header, line by line; most lines are always empty.
func appendHead(b []byte, c *call) []byte {
	b = append(append(b, c.request.Method...), "\n\n\n"...)
	if len(c.data) > 0 {
		b = strconv.AppendInt(b, int64(len(c.data)), 10)
	}
	b = append(append(append(b, "\n\n"...), c.get("Content-Type")...), "\n\n\n\n"...)
	b = append(append(b, c.get("If-None-Match")...), "\n\n\n"...)
	for _, f := range c.fields {
		if strings.HasPrefix(f.name, "x-ms-") {
			b = append(append(append(append(b, f.name...), ':'), f.value[0]...), '\n')
		}
	}
	return b
}

// appendParameters appends a query, whose names are in order, as SharedKey signs it.
func appendParameters(b []byte, query string) []byte {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		plain, _ := url.QueryUnescape(value) // escaped by us
		b = append(append(append(append(b, '\n'), name...), ':'), plain...)
	}
	return b
}

// get is a header field of the request.
func (c *call) get(name string) string {
	for i := range c.fields {
		if c.fields[i].name == name {
			return c.fields[i].value[0]
		}
	}
	return ""
}

// dateField is when the request was made; what is proved by other than a SAS has it.
const dateField = "x-ms-date"

// clock writes the date, once a second.
type clock struct{ last atomic.Pointer[tick] }

type tick struct {
	second int64
	text   string
}

func (k *clock) date(now time.Time) string {
	last := k.last.Load()
	if s := now.Unix(); last == nil || last.second != s {
		last = &tick{second: s, text: now.UTC().Format(http.TimeFormat)}
		k.last.Store(last)
	}
	return last.text
}
