package blob

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leadrelay/local/azuresim/wire"
)

func split(resource string) (container, blob string) {
	container, blob, _ = strings.Cut(resource, "/")
	return container, blob
}

// checkPut checks what can be checked without the blob that is there.
func checkPut(r *wire.Request) *wire.Error {
	switch kind := r.Header.Get("X-Ms-Blob-Type"); {
	case kind == "":
		return wire.MissingHeader("x-ms-blob-type")
	case kind != "BlockBlob" && (kind != "AppendBlob" || len(r.Body) > 0):
		return wire.InvalidHeader("x-ms-blob-type", kind)
	}
	if want := r.Header.Get("Content-Md5"); want != "" && want != sum(r.Body) {
		return wire.Errorf(400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
			wire.Pair{Name: "UserSpecifiedMd5", Value: want}, wire.Pair{Name: "ServerCalculatedMd5", Value: sum(r.Body)})
	}
	return nil
}

func sum(data []byte) string {
	m := md5.Sum(data)
	return base64.StdEncoding.EncodeToString(m[:])
}

// put writes a whole blob: what a SAS without w may only do where nothing is (facts/azure-storage.md §1c).
func (c *container) put(r *wire.Request, name string, old *blob, data []byte) (wire.Answer, *wire.Error) {
	if old != nil && old.staged {
		old = nil
	}
	if old != nil {
		if !r.Grant.Has("w") {
			return wire.Answer{}, wire.Errorf(403, "UnauthorizedBlobOverwrite", "This request is not authorized to perform blob overwrites.")
		}
		if err := old.lease.mayWrite(r); err != nil {
			return wire.Answer{}, err
		}
	} else if r.Header.Get("X-Ms-Lease-Id") != "" {
		return wire.Answer{}, wire.Errorf(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
	}
	if err := checkConditions(r, old); err != nil {
		return wire.Answer{}, err
	}
	b := &blob{data: data, meta: wire.Metadata(r.Header), md5: sum(data), created: r.Now, grows: r.Header.Get("X-Ms-Blob-Type") == "AppendBlob"}
	b.setHeaders(r)
	if b.headers[0] == "" {
		if b.headers[0] = r.Header.Get("Content-Type"); b.headers[0] == "" {
			b.headers[0] = "application/octet-stream"
		}
	}
	if b.headers[5] == "" {
		b.headers[5] = b.md5
	}
	if old != nil {
		b.lease, b.created = old.lease, old.created
	}
	b.etag, b.modified = c.version(r.Now)
	c.blobs.Set(name, b)
	return wire.Answer{Status: 201}.With("Etag", b.etag).With("Last-Modified", wire.Time(b.modified)).With("Content-Md5", b.md5).
		With("X-Ms-Request-Server-Encrypted", "true"), nil
}

func (b *blob) setHeaders(r *wire.Request) {
	for i, names := range contentHeaders {
		b.headers[i] = r.Header.Get(names[0])
	}
}

// checkConditions holds the four conditions against a blob, nil for none. A failed one is 412, 304 when reading, and 409
// when something must not be there (facts/azure-storage.md §3).
func checkConditions(r *wire.Request, b *blob) *wire.Error {
	h := r.Header
	failed := wire.Errorf(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	same := func(tags string) bool {
		for tag := range strings.SplitSeq(tags, ",") {
			tag = strings.TrimSpace(tag)
			if b != nil && (tag == "*" || tag == b.etag || `"`+tag+`"` == b.etag) { // list gives tags without quotes
				return true
			}
		}
		return false
	}
	if tag := h.Get("If-Match"); tag != "" && !same(tag) {
		return failed
	}
	if tag := h.Get("If-None-Match"); tag != "" && same(tag) {
		switch {
		case reading:
			failed.Status = http.StatusNotModified
			return failed
		case tag == "*":
			return wire.Errorf(409, "BlobAlreadyExists", "The specified blob already exists.")
		}
		return failed
	}
	if b == nil {
		return nil
	}
	changed := b.modified.Truncate(time.Second)
	if at, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && changed.After(at) {
		return failed
	}
	if at, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil && !changed.After(at) {
		if reading {
			failed.Status = http.StatusNotModified
		}
		return failed
	}
	return nil
}

// read answers GET and HEAD.
func (b *blob) read(r *wire.Request) (wire.Answer, *wire.Error) {
	a := wire.Answer{Status: 200, Type: b.headers[0]}.With("Etag", b.etag).With("Last-Modified", wire.Time(b.modified)).
		With("Accept-Ranges", "bytes").With("X-Ms-Creation-Time", wire.Time(b.created)).With("X-Ms-Blob-Type", b.kind()).
		With("X-Ms-Lease-Status", b.lease.status(r.Now)).With("X-Ms-Lease-State", b.lease.state(r.Now)).With("X-Ms-Server-Encrypted", "true")
	if r.Method == http.MethodHead {
		a = a.With("X-Ms-Access-Tier", "Hot").With("X-Ms-Access-Tier-Inferred", "true")
	}
	a = withMeta(a, b.meta)
	part, whole, err := b.part(r)
	if err != nil {
		return wire.Answer{}, err
	}
	md5Header := "Content-Md5"
	if !whole {
		a.Status, md5Header = http.StatusPartialContent, "X-Ms-Blob-Content-Md5"
		from := cap(b.data) - cap(part)
		a = a.With("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(from+len(part)-1)+"/"+strconv.Itoa(len(b.data)))
	}
	for i, names := range contentHeaders {
		switch {
		case i == 5:
			a = a.With(md5Header, b.headers[i])
		case i > 0:
			a = a.With(names[1], b.headers[i])
		}
	}
	if r.Method == http.MethodHead {
		a.Length = int64(len(b.data))
	} else {
		a.Body = part
	}
	return a, nil
}

// part is the range that a request asks for, and whether it is everything.
func (b *blob) part(r *wire.Request) (data []byte, whole bool, e *wire.Error) {
	text := r.Header.Get("X-Ms-Range")
	if text == "" {
		text = r.Header.Get("Range")
	}
	text, isBytes := strings.CutPrefix(text, "bytes=")
	if !isBytes || r.Method == http.MethodHead {
		return b.data, true, nil
	}
	low, high, _ := strings.Cut(text, "-")
	from, errFrom := strconv.Atoi(low)
	to, errTo := strconv.Atoi(high)
	if high == "" {
		to, errTo = len(b.data)-1, nil
	}
	if errFrom != nil || errTo != nil || from >= len(b.data) || to < from {
		return nil, false, wire.Errorf(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
	}
	return b.data[from : min(to, len(b.data)-1)+1], false, nil
}
