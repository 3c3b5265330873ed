package blob

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"leadrelay/local/azuresim/wire"
)

func (s *Store) prefixed(prefix string) []string {
	var out []string
	for _, name := range s.Names() {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out
}

// list answers List Blobs: a page in order of name, with common prefixes where there is a delimiter.
func (c *container) list(r *wire.Request, page int) (wire.Answer, *wire.Error) {
	q := r.Query
	most := page
	if text, ok := q.Lookup("maxresults"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return wire.Answer{}, wire.OutOfRange("maxresults", text, "1", strconv.Itoa(maxPage))
		}
		most = min(most, n)
	}
	start, err := unmark(q.Get("marker"))
	if err != nil {
		return wire.Answer{}, err
	}
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	l := &listing{container: c, now: r.Now, meta: strings.Contains(q.Get("include"), "metadata")}
	next := ""
	skip := ""
	for name, b := range c.blobs.From(max(start, prefix)) {
		if !strings.HasPrefix(name, prefix) {
			if name > prefix {
				break
			}
			continue
		}
		if b.staged || skip != "" && strings.HasPrefix(name, skip) {
			continue
		}
		if l.n == most {
			next = name
			break
		}
		l.n++
		if i := strings.Index(name[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			skip = name[:len(prefix)+i+len(delimiter)]
			l.prefixes = append(append(wire.AppendXML(append(l.prefixes, "<BlobPrefix><Name>"...), skip), "</Name>"...), "</BlobPrefix>"...)
			continue
		}
		l.add(name, b)
	}
	return wire.XML(200, l.document(r, next)), nil
}

// mark makes a marker of the first name of the next page, and unmark reads it: opaque, as Azure's are.
func mark(name string) string {
	if name == "" {
		return ""
	}
	return "2!" + strconv.Itoa(len(name)) + "!" + base64.URLEncoding.EncodeToString([]byte(name))
}

func unmark(marker string) (string, *wire.Error) {
	if marker == "" {
		return "", nil
	}
	parts := strings.SplitN(marker, "!", 3)
	if len(parts) == 3 {
		if name, err := base64.URLEncoding.DecodeString(parts[2]); err == nil {
			return string(name), nil
		}
	}
	return "", wire.InvalidQuery("marker", marker, "Invalid ListBlobs marker.")
}

// listing is a page in the making.
type listing struct {
	container *container
	now       time.Time
	meta      bool
	n         int
	blobs     []byte
	prefixes  []byte
}

func (l *listing) document(r *wire.Request, next string) []byte {
	b := append(make([]byte, 0, len(l.blobs)+len(l.prefixes)+512), wire.Prolog...)
	b = append(wire.AppendXML(append(b, `<EnumerationResults ServiceEndpoint="`...), r.Base+"/"), `" ContainerName="`...)
	b = append(wire.AppendXML(b, l.container.name), `">`...)
	for _, name := range [][2]string{{"prefix", "Prefix"}, {"marker", "Marker"}, {"maxresults", "MaxResults"}, {"delimiter", "Delimiter"}} {
		b = field(b, name[1], r.Query.Get(name[0]))
	}
	b = append(b, "<Blobs>"...)
	b = append(append(b, l.blobs...), l.prefixes...)
	b = append(b, "</Blobs><NextMarker>"...)
	return append(append(b, mark(next)...), "</NextMarker></EnumerationResults>"...)
}

// field appends <name>value</name>, nothing for an empty value.
func field(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, '<'), name...), '>')
	b = wire.AppendXML(b, value)
	return append(append(append(b, "</"...), name...), '>')
}

func (l *listing) add(name string, o *blob) {
	b := append(l.blobs, "<Blob>"...)
	b = append(field(b, "Name", name), "<Properties>"...)
	b = field(b, "Creation-Time", wire.Time(o.created))
	b = field(b, "Last-Modified", wire.Time(o.modified))
	b = field(b, "Etag", strings.Trim(o.etag, `"`))
	b = field(b, "Content-Length", strconv.Itoa(len(o.data)))
	for i, names := range contentHeaders {
		b = field(b, strings.Replace(names[1], "Md5", "MD5", 1), o.headers[i])
	}
	b = field(b, "BlobType", o.kind())
	if !o.grows {
		b = append(b, "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"...)
	}
	b = field(b, "LeaseStatus", o.lease.status(l.now))
	b = field(b, "LeaseState", o.lease.state(l.now))
	b = append(b, "<ServerEncrypted>true</ServerEncrypted></Properties>"...)
	if l.meta && len(o.meta) > 0 {
		b = append(b, "<Metadata>"...)
		for key, value := range o.meta {
			b = field(b, key, value)
		}
		b = append(b, "</Metadata>"...)
	}
	l.blobs = append(b, "<OrMetadata /></Blob>"...)
}
