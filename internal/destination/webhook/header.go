package webhook

import (
	"net/http"
	"net/textproto"
	"strings"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

const (
	mostHeaders   = 20
	longestHeader = 4096
)

// parseHeaders checks the lender's own headers. The errors name a header only when its name is one; values are secrets.
func parseHeaders(headers map[string]config.Secret) (http.Header, error) {
	if len(headers) > mostHeaders {
		return nil, lead.Errorf(lead.Address, "a webhook has at most %d headers", mostHeaders)
	}
	out := make(http.Header, len(headers)+5)
	for name, value := range headers {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !token(name):
			return nil, lead.Errorf(lead.Address, "a header has a name that is none")
		case ours(canonical):
			return nil, lead.Errorf(lead.Address, "the header %s is set by us or by HTTP itself", canonical)
		case out[canonical] != nil:
			return nil, lead.Errorf(lead.Address, "the header %s is there twice", canonical)
		case !fieldValue(value.Reveal()):
			return nil, lead.Errorf(lead.Address, "the header %s has a value that HTTP cannot carry", canonical)
		}
		out[canonical] = []string{value.Reveal()}
	}
	return out, nil
}

// ours are the names that a lender cannot have: of one connection (RFC 9110 §7.6.1), of the message, of the signature.
func ours(canonical string) bool {
	switch canonical {
	case "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Host", "Accept-Encoding":
		return true
	}
	for _, prefix := range []string{"Proxy-", "Content-", "Webhook-", "Http2-"} {
		if strings.HasPrefix(canonical, prefix) {
			return true
		}
	}
	return false
}

// token is RFC 9110 §5.6.2.
func token(name string) bool {
	return name != "" && len(name) <= 128 && !strings.ContainsFunc(name, func(c rune) bool {
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		return !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

// fieldValue is printable ASCII with spaces and tabs inside.
func fieldValue(value string) bool {
	return value != "" && len(value) <= longestHeader && value == strings.TrimSpace(value) &&
		!strings.ContainsFunc(value, func(c rune) bool { return c != '\t' && (c < ' ' || c > '~') })
}
