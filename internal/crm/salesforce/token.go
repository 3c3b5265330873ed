package salesforce

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"leadrelay/internal/config"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

const (
	tokenPath   = "/services/oauth2/token"
	jwtGrant    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	jwtLife     = 3 * time.Minute // Salesforce takes at most five (§2.5)
	answerBytes = 4 << 20
)

// auth is how a token is asked for: by the app's secret, or by an assertion that the app's key signs.
type auth struct {
	clientID string
	secret   config.Secret
	key      *rsa.PrivateKey
	username string
	audience string
}

func readAuth(s *config.Settings, origin string) auth {
	a := auth{clientID: s.Required("CLIENT_ID"), secret: s.Secret("CLIENT_SECRET"), username: s.String("USERNAME", ""), audience: audience(origin)}
	pem := s.Secret("JWT_KEY")
	switch {
	case pem == "" && a.secret == "":
		s.Complain("CLIENT_SECRET", "is required, or %s and %s instead", s.Key("JWT_KEY"), s.Key("USERNAME"))
	case pem == "":
		if a.username != "" {
			s.Complain("USERNAME", "goes with %s; the app's own user runs the client credentials flow", s.Key("JWT_KEY"))
		}
	case a.secret != "":
		s.Complain("JWT_KEY", "and %s exclude each other", s.Key("CLIENT_SECRET"))
	default:
		var err error
		// An app setting is often one line: \n stands for its ends.
		if a.key, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(strings.ReplaceAll(pem.Reveal(), `\n`, "\n"))); err != nil {
			s.Complain("JWT_KEY", "must be an RSA private key in PEM")
		}
		if a.username == "" {
			s.Complain("USERNAME", "is required with %s", s.Key("JWT_KEY"))
		}
	}
	return a
}

// audience is the login host that an assertion is for (§2.5): sandboxes and scratch orgs have their own.
func audience(origin string) string {
	if strings.Contains(origin, ".sandbox.") || strings.Contains(origin, ".scratch.") {
		return "https://test.salesforce.com"
	}
	return "https://login.salesforce.com"
}

// form is the body of the token call.
func (a auth) form(now time.Time) (url.Values, error) {
	if a.key == nil {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {a.clientID}, "client_secret": {a.secret.Reveal()}}, nil
	}
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: a.clientID, Subject: a.username, Audience: jwt.ClaimStrings{a.audience}, ExpiresAt: jwt.NewNumericDate(now.Add(jwtLife)),
	}).SignedString(a.key)
	if err != nil {
		return nil, lead.Errorf(lead.Address, "the token assertion cannot be signed")
	}
	return url.Values{"grant_type": {jwtGrant}, "assertion": {assertion}}, nil
}

// session is the token that calls are made with. Its answer names no end (§2.5), so it is used until a call is told 401.
type session struct {
	turn chan struct{} // one fetch at a time
	mu   *sync.Mutex
	now  *string
}

func newSession() session {
	return session{turn: make(chan struct{}, 1), mu: &sync.Mutex{}, now: new(string)}
}

func (s session) get() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.now
}

func (s session) set(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.now = token
}

// token is the session's token, or a new one in place of stale. Who comes while one is fetched waits for it.
func (c *CRM) token(ctx context.Context, stale string) (string, error) {
	select {
	case c.session.turn <- struct{}{}:
		defer func() { <-c.session.turn }()
	case <-ctx.Done():
		return "", &lead.Error{Kind: lead.Unavailable, Err: ctx.Err()}
	}
	if t := c.session.get(); t != "" && t != stale {
		return t, nil
	}
	t, err := c.fetchToken(ctx)
	if err == nil {
		c.session.set(t)
	}
	return t, err
}

func (c *CRM) fetchToken(ctx context.Context) (string, error) {
	form, err := c.auth.form(c.now())
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(c.way(ctx), http.MethodPost, c.origin+tokenPath, strings.NewReader(form.Encode()))
	if err != nil {
		return "", lead.Errorf(lead.Address, "%s is no address that can be called", c.setting("URL"))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	a, err := httpclient.Do(c.client, r, httpclient.Limit{Bytes: 64 << 10})
	if err != nil {
		return "", err
	}
	var said struct {
		Token    string `json:"access_token"`
		Instance string `json:"instance_url"`
		Error    string `json:"error"`
	}
	parseErr := json.Unmarshal(a.Body, &said)
	if err := a.Err(c.now()); err != nil {
		return "", c.refusedToken(a.Status, said.Error, err)
	}
	if parseErr != nil || said.Token == "" {
		return "", lead.Errorf(lead.Unavailable, "the token answer cannot be read")
	}
	if u, err := url.Parse(said.Instance); err != nil || u.Scheme+"://"+u.Host != c.origin {
		return "", lead.Errorf(lead.Address, "the token is for another host than %s: set it to the org's My Domain address", c.setting("URL"))
	}
	return said.Token, nil
}

// refusedToken is AuthFailed for every 4xx but those that ask us to come later (§2.5).
func (c *CRM) refusedToken(status int, code string, err error) error {
	if lead.KindOf(err) == lead.Unavailable {
		return err
	}
	if len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		code = ""
	}
	return &lead.Error{Kind: lead.Address, Code: told(status, code),
		Err: errors.New("no token: see the app's consumer key, its secret or certificate, its flow and its run-as user (" + c.setting("CLIENT_ID") + ")")}
}
