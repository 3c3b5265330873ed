package rest

import (
	_ "embed" // the default map
	"net/http"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/http/httpguts"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/mapping"
)

//go:embed rest.yaml
var defaultMap []byte

// mostHeaders is how many CRM_<NAME>_HEADER_<n> there may be, from 1.
const mostHeaders = 20

// Open reads CRM_<NAME>_URL (https; {key} in it is the lead's key), _METHOD (POST, PUT, PATCH), _HEADER_1 … _HEADER_20
// ("Name: value", secrets), _SECRET (whsec_…, to sign by Standard Webhooks), _CONFLICT: refused, or there when 409 says that the
// endpoint has the lead already, _TEMPLATE (a JSON file), _MAPPING (a map with `crm: rest`), _ALLOW_PRIVATE: http and private
// addresses are called too.
func Open(s *config.Settings, o crm.Options) crm.CRM {
	c := &CRM{name: s.Name(), client: o.Client, now: o.Now, private: s.Bool("ALLOW_PRIVATE", false)}
	c.method = s.OneOf("METHOD", http.MethodPost, http.MethodPut, http.MethodPatch)
	c.there = s.OneOf("CONFLICT", "refused", "there") == "there"
	c.readURL(s)
	c.readHeaders(s)
	if secret := s.Secret("SECRET"); secret != "" {
		var err error
		if c.signer, err = standardwebhooks.NewWebhook(secret.Reveal()); err != nil {
			s.Complain("SECRET", "must be whsec_ and base64")
		}
	}
	c.readBody(s)
	if _, guarded := o.Client.Transport.(*httpclient.Transport); !guarded {
		s.Complain("URL", "needs a client that refuses private addresses: a fault of leadrelay's own")
	}
	return c
}

func (c *CRM) readURL(s *config.Settings) {
	address := s.Secret("URL").Reveal() // a query may be its secret
	if address == "" {
		s.Complain("URL", "is required")
		return
	}
	u, err := httpclient.ParseURL(address, c.private)
	if err != nil {
		s.Complain("URL", "%v", err)
		return
	}
	c.address, c.origin = address, u.Scheme+"://"+u.Host
}

func (c *CRM) readHeaders(s *config.Settings) {
	c.headers = http.Header{}
	for n := 1; n <= mostHeaders; n++ {
		setting := "HEADER_" + strconv.Itoa(n)
		text := s.Secret(setting).Reveal()
		if text == "" {
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || value == "":
			s.Complain(setting, `must be "Name: value"`)
		case ours(name):
			s.Complain(setting, "%s is set by us or by HTTP itself", name)
		case c.headers[name] != nil:
			s.Complain(setting, "%s is there twice", name)
		default:
			c.headers[name] = []string{value}
		}
	}
}

// ours are the names that settings cannot have: of one connection (RFC 9110 §7.6.1), of the message, of the signature.
func ours(name string) bool {
	prefixed := slices.ContainsFunc([]string{"Content-", "Webhook-", "Proxy-"}, func(p string) bool { return strings.HasPrefix(name, p) })
	return prefixed || slices.Contains([]string{"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Host",
		"Accept-Encoding", "Idempotency-Key"}, name)
}

func (c *CRM) readBody(s *config.Settings) {
	var err error
	if path := s.String("MAPPING", ""); path == "" {
		c.mapping, err = mapping.Parse(defaultMap)
	} else {
		c.mapping, err = mapping.Load("rest", path)
	}
	if err != nil {
		s.Complain("MAPPING", "%v", err)
		return
	}
	var columns []string
	for _, col := range c.mapping.Columns() {
		if columns = append(columns, col.Field); col.Object != "lead" {
			s.Complain("MAPPING", "object %s: an endpoint has leads only", col.Object)
		}
	}
	text := defaultTemplate
	if path := s.String("TEMPLATE", ""); path != "" {
		if text, err = os.ReadFile(path); err != nil {
			s.Complain("TEMPLATE", "%v", err)
			return
		}
	}
	if c.template, err = parseTemplate(text, columns); err != nil {
		s.Complain("TEMPLATE", "%v", err)
	}
}
