package front

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"leadrelay/local/host/invoke"
	"leadrelay/local/host/newtonsoft"
	"leadrelay/local/host/route"
)

// httpPayload is a request in the JSON form (functions-host.md §2.5). body is nil when Content-Length was not more than 0, so also for chunked requests.
func httpPayload(binding string, r *http.Request, body []byte, params []route.Param) invoke.Payload {
	values := &newtonsoft.Object{} // each header's values, for Data
	joined := &newtonsoft.Object{} // one text each, for Metadata
	for _, name := range headerNames(r) {
		list := newtonsoft.Array{}
		for _, v := range headerValues(r, name) {
			list = append(list, v)
		}
		values.Set(name, list)
		joined.Set(name, strings.Join(headerValues(r, name), ","))
	}
	metadata := &newtonsoft.Object{Fold: true}
	req := &newtonsoft.Object{}
	req.Set("Url", "http://"+r.Host+r.URL.RequestURI())
	req.Set("Method", r.Method)
	query := &newtonsoft.Object{}
	req.Set("Query", query)
	req.Set("Headers", values)
	routed := &newtonsoft.Object{}
	req.Set("Params", routed)
	req.Set("Identities", newtonsoft.Array{anonymous()})
	if body != nil {
		text := bodyText(r.Header.Get("Content-Type"), body)
		req.Set("Body", text)
		for _, p := range invoke.Properties(text) {
			metadata.Set(p.Name, p.Value)
		}
	}
	for _, p := range queryPairs(r.URL.RawQuery) {
		query.Set(p.name, p.value)
		if !strings.EqualFold(p.name, "code") { // a key is no data
			metadata.Set(p.name, p.value)
		}
	}
	for _, p := range params {
		if p.Present {
			routed.Set(p.Name, p.Value)
			metadata.Set(p.Name, p.Value)
		} else {
			routed.Set(p.Name, nil)
		}
	}
	metadata.Set("Query", query)
	metadata.Set("Headers", joined)
	return invoke.Payload{Binding: binding, Value: req, BindingData: metadata}
}

func headerNames(r *http.Request) []string {
	names := []string{"Host"}
	for name := range r.Header {
		names = append(names, name)
	}
	if r.ContentLength > 0 && r.Header.Get("Content-Length") == "" {
		names = append(names, "Content-Length")
	}
	slices.Sort(names)
	return names
}

func headerValues(r *http.Request, name string) []string {
	switch {
	case name == "Host":
		return []string{r.Host}
	case name == "Content-Length" && r.Header.Get(name) == "":
		return []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	return r.Header[name]
}

// anonymous is the ClaimsIdentity of a caller who did not say who he is.
func anonymous() *newtonsoft.Object {
	o := &newtonsoft.Object{}
	o.Set("AuthenticationType", nil)
	o.Set("IsAuthenticated", false)
	o.Set("Actor", nil)
	o.Set("BootstrapContext", nil)
	o.Set("Claims", newtonsoft.Array{})
	o.Set("Label", nil)
	o.Set("Name", nil)
	o.Set("NameClaimType", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name")
	o.Set("RoleClaimType", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
	return o
}

// bodyText is base64 for octet streams and multipart, else text: UTF-8 unless a byte order mark says otherwise (§2.5).
func bodyText(contentType string, body []byte) string {
	media := strings.ToLower(strings.TrimSpace(contentType))
	if strings.HasPrefix(media, "application/octet-stream") || strings.HasPrefix(media, "multipart/") {
		return base64.StdEncoding.EncodeToString(body)
	}
	text := string(body)
	switch {
	case strings.HasPrefix(text, "\xef\xbb\xbf"):
		text = text[3:]
	case strings.HasPrefix(text, "\xff\xfe"):
		return utf16Text(body[2:], binary.LittleEndian)
	case strings.HasPrefix(text, "\xfe\xff"):
		return utf16Text(body[2:], binary.BigEndian)
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

func utf16Text(body []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = order.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units))
}
