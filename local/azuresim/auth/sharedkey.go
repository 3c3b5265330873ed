package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leadrelay/local/azuresim/wire"
)

// sharedKey checks "account:signature".
func sharedKey(r *wire.Request, a Account, o Options, scheme, rest string) (wire.Grant, *wire.Error) {
	name, sig, _ := strings.Cut(rest, ":")
	if name != a.Name {
		return wire.Grant{}, Failed("The account being accessed does not match the account of the Authorization header.")
	}
	if !o.VerifySharedKey {
		return wire.Grant{Owner: true}, nil
	}
	text := stringToSign(r, a.Name, strings.EqualFold(scheme, "SharedKeyLite"))
	if !verify(a.Key, text, sig) {
		return wire.Grant{}, Failed("The MAC signature found in the HTTP request '" + sig + "' is not the same as any computed signature. Server used following string to sign: '" + text + "'.")
	}
	return wire.Grant{Owner: true}, nil
}

// verify compares in constant time.
func verify(key []byte, text, sig string) bool {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	got, err := base64.StdEncoding.DecodeString(sig)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// stringToSign is what the two schemes sign ("Authorize with Shared Key" of the storage REST reference).
func stringToSign(r *wire.Request, account string, lite bool) string {
	h := r.Header.Get
	date := h("Date")
	if h("X-Ms-Date") != "" {
		date = ""
	}
	switch {
	case r.Service == wire.Table:
		when := h("X-Ms-Date")
		if when == "" {
			when = date
		}
		if lite {
			return when + "\n" + shortResource(r, account)
		}
		return strings.Join([]string{r.Method, h("Content-Md5"), h("Content-Type"), when, shortResource(r, account)}, "\n")
	case lite:
		return strings.Join([]string{r.Method, h("Content-Md5"), h("Content-Type"), date, msHeaders(r.Header) + shortResource(r, account)}, "\n")
	}
	length := h("Content-Length")
	if length == "0" {
		length = ""
	}
	return strings.Join([]string{r.Method, h("Content-Encoding"), h("Content-Language"), length, h("Content-Md5"), h("Content-Type"), date,
		h("If-Modified-Since"), h("If-Match"), h("If-None-Match"), h("If-Unmodified-Since"), h("Range"), msHeaders(r.Header) + longResource(r, account)}, "\n")
}

// msHeaders are the x-ms- headers in order, each with a line feed behind.
func msHeaders(h http.Header) string {
	var lines []string
	for name, values := range h {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-ms-") {
			lines = append(lines, n+":"+strings.TrimSpace(strings.Join(values, ","))+"\n")
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		x, _, _ := strings.Cut(a, ":")
		y, _, _ := strings.Cut(b, ":")
		return strings.Compare(x, y)
	})
	return strings.Join(lines, "")
}

// shortResource is the canonicalized resource of tables and of SharedKeyLite.
func shortResource(r *wire.Request, account string) string {
	path := "/" + account + r.RawPath
	if comp := r.Query.Get("comp"); comp != "" {
		path += "?comp=" + comp
	}
	return path
}

// longResource is the canonicalized resource of SharedKey for blobs and queues.
func longResource(r *wire.Request, account string) string {
	values := url.Values{}
	for _, p := range r.Query {
		values.Add(p.Name, p.Value)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("/" + account + r.RawPath)
	for _, name := range names {
		slices.Sort(values[name])
		b.WriteString("\n" + name + ":" + strings.Join(values[name], ","))
	}
	return b.String()
}
