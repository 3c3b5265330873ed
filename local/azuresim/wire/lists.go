package wire

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Metadata are the x-ms-meta- headers, by name without that prefix.
func Metadata(h http.Header) map[string]string {
	var m map[string]string
	for name, values := range h {
		if rest, ok := strings.CutPrefix(name, "X-Ms-Meta-"); ok && rest != "" {
			if m == nil {
				m = map[string]string{}
			}
			m[rest] = strings.Join(values, ",")
		}
	}
	return m
}

// NameList is a listing of queues or containers: all in one page of at most 5,000, by marker.
func NameList(r *Request, plural, single string, names []string) []byte {
	most, err := strconv.Atoi(r.Query.Get("maxresults"))
	if err != nil || most < 1 || most > 5000 {
		most = 5000
	}
	b := append([]byte(Prolog), `<EnumerationResults ServiceEndpoint="`...)
	b = append(AppendXML(b, r.Base+"/"), `">`...)
	b = element(b, "Prefix", r.Query.Get("prefix"))
	b = element(b, "Marker", r.Query.Get("marker"))
	b = append(b, "<"+plural+">"...)
	next, n := "", 0
	for _, name := range names {
		if name < r.Query.Get("marker") {
			continue
		}
		if n == most {
			next = name
			break
		}
		n++
		b = append(b, "<"+single+">"...)
		b = append(element(b, "Name", name), "</"+single+">"...)
	}
	b = append(b, "</"+plural+"><NextMarker>"...)
	return append(AppendXML(b, next), "</NextMarker></EnumerationResults>"...)
}

// element appends <name>value</name>, nothing for an empty value.
func element(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, "<"+name+">"...)
	return append(AppendXML(b, value), "</"+name+">"...)
}

// Policy is a stored access policy.
type Policy struct {
	ID, Permission string
	Start, Expiry  time.Time
}

type identifiers struct {
	XMLName xml.Name `xml:"SignedIdentifiers"`
	List    []struct {
		ID     string `xml:"Id"`
		Access struct {
			Start, Expiry, Permission string
		} `xml:"AccessPolicy"`
	} `xml:"SignedIdentifier"`
}

// ParseACL reads SignedIdentifiers; there are at most five.
func ParseACL(body []byte) ([]Policy, *Error) {
	if len(body) == 0 {
		return nil, nil
	}
	var in identifiers
	if err := xml.Unmarshal(body, &in); err != nil || len(in.List) > 5 {
		return nil, InvalidXML()
	}
	var out []Policy
	for _, i := range in.List {
		p := Policy{ID: i.ID, Permission: i.Access.Permission}
		var ok bool
		if p.Start, ok = policyTime(i.Access.Start); !ok {
			return nil, InvalidXML()
		}
		if p.Expiry, ok = policyTime(i.Access.Expiry); !ok {
			return nil, InvalidXML()
		}
		out = append(out, p)
	}
	return out, nil
}

func policyTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// ACL writes SignedIdentifiers.
func ACL(policies []Policy) []byte {
	b := append([]byte(Prolog), "<SignedIdentifiers>"...)
	for _, p := range policies {
		b = append(b, "<SignedIdentifier>"...)
		b = append(element(b, "Id", p.ID), "<AccessPolicy>"...)
		if !p.Start.IsZero() {
			b = element(b, "Start", p.Start.UTC().Format(time.RFC3339Nano))
		}
		if !p.Expiry.IsZero() {
			b = element(b, "Expiry", p.Expiry.UTC().Format(time.RFC3339Nano))
		}
		b = append(element(b, "Permission", p.Permission), "</AccessPolicy></SignedIdentifier>"...)
	}
	return append(b, "</SignedIdentifiers>"...)
}
