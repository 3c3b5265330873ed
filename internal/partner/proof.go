package partner

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// MinSecret is how short a header secret or path token may be, in characters.
const MinSecret = 16

// Gate holds the proofs that need no body: header secrets and a path token. All that is configured must be proven;
// of each, the current secret and the old one both open. It keeps hashes only, so printing it shows nothing.
type Gate struct {
	headers []headerProof
	tokens  Secrets
	proof   string
}

type headerProof struct {
	name    string
	secrets Secrets
}

// Header reads one header proof: its name from the setting named header (def when absent), its values from secret and
// secret+"_OLD". Without a secret there is no such proof.
func (g *Gate) Header(s *config.Settings, header, def, secret string) {
	name := s.String(header, def)
	secrets := readSecrets(s, secret)
	switch {
	case len(secrets) == 0:
		if s.String(header, "") != "" {
			s.Complain(header, "names a header, but there is no %s", s.Key(secret))
		}
		return
	case name == "" || strings.ContainsFunc(name, notInHeaderName):
		s.Complain(header, "must be the name of a header")
		return
	}
	for _, other := range g.headers {
		if strings.EqualFold(other.name, name) {
			s.Complain(header, "names the same header as another proof")
		}
	}
	g.headers = append(g.headers, headerProof{name: http.CanonicalHeaderKey(name), secrets: secrets})
	g.proves("header " + name)
}

// Token reads the path token: TOKEN and TOKEN_OLD. Without one, requests must carry none.
func (g *Gate) Token(s *config.Settings) {
	if g.tokens = readSecrets(s, "TOKEN"); len(g.tokens) > 0 {
		g.proves("path token")
	}
	for _, setting := range []string{"TOKEN", "TOKEN_OLD"} {
		if strings.ContainsFunc(s.Secret(setting).Reveal(), notInPath) {
			s.Complain(setting, "stands in a URL: letters, digits and -._~ only (openssl rand -hex 32)")
		}
	}
}

// Empty says that no proof is configured.
func (g *Gate) Empty() bool { return len(g.headers) == 0 && len(g.tokens) == 0 }

// Proof says what is proven, for people: "header X-Api-Key and path token".
func (g *Gate) Proof() string { return g.proof }

func (g *Gate) proves(by string) {
	if g.proof != "" {
		g.proof += " and "
	}
	g.proof += by
}

// Admit fails with Unauthorized unless each configured proof is there exactly once and right.
func (g *Gate) Admit(r Request) error {
	for _, h := range g.headers {
		value, err := OneHeader(r, h.name)
		if err != nil {
			return err
		}
		if !h.secrets.Match(value) {
			return lead.Errorf(lead.Unauthorized, "header %s has a wrong value", h.name)
		}
	}
	if len(g.tokens) == 0 && r.Token == "" {
		return nil
	}
	if !g.tokens.Match(r.Token) {
		return lead.Errorf(lead.Unauthorized, "no or a wrong path token")
	}
	return nil
}

// OneHeader is the value of a header that must be there exactly once; else it fails with Unauthorized. The name is in
// the form of http.CanonicalHeaderKey.
func OneHeader(r Request, name string) (string, error) {
	values := r.Header[name]
	switch {
	case len(values) == 0 || (len(values) == 1 && values[0] == ""):
		return "", lead.Errorf(lead.Unauthorized, "header %s is missing", name)
	case len(values) > 1:
		return "", lead.Errorf(lead.Unauthorized, "header %s is there more than once", name)
	}
	return values[0], nil
}

// Secrets are hashes of the values that open; several while one is being replaced.
type Secrets [][sha256.Size]byte

// Match compares in constant time, whatever the lengths.
func (s Secrets) Match(value string) bool {
	var room [64]byte // for a usual value; the hash needs it as bytes
	sum := sha256.Sum256(append(room[:0], value...))
	open := 0
	for i := range s {
		open |= subtle.ConstantTimeCompare(s[i][:], sum[:])
	}
	return open == 1
}

func readSecrets(s *config.Settings, setting string) Secrets {
	var out Secrets
	for _, secret := range Rotation(s, setting, MinSecret) {
		out = append(out, sha256.Sum256([]byte(secret.Reveal())))
	}
	return out
}

// Rotation reads a secret setting and the one named setting+"_OLD", at least shortest characters each.
func Rotation(s *config.Settings, setting string, shortest int) []config.Secret {
	old := setting + "_OLD"
	for _, name := range []string{setting, old} {
		if v := s.Secret(name).Reveal(); v != "" && len(v) < shortest {
			s.Complain(name, "must be at least %d characters (openssl rand -hex 32)", shortest)
		}
	}
	if s.Secret(setting) == "" && s.Secret(old) != "" {
		s.Complain(old, "is set without %s", s.Key(setting))
	}
	return s.Secrets(setting, old)
}

func notInHeaderName(c rune) bool {
	return !letterOrDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

func notInPath(c rune) bool { return !letterOrDigit(c) && !strings.ContainsRune("-._~", c) }

func letterOrDigit(c rune) bool {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}
