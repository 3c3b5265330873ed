package salesforce

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const tokenPath = "/services/oauth2/token"

// token is the OAuth 2.0 token endpoint (§2.5 [doc]): client credentials and JWT bearer.
func (o *Org) token(r *http.Request, body []byte) reply {
	refuse := func(code, description string) reply {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": code, "error_description": description}}
	}
	if r.Method != http.MethodPost {
		return refuse("invalid_request", "must use HTTP POST")
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/x-www-form-urlencoded" {
		return refuse("invalid_request", "the body must be a form")
	}
	if r.URL.RawQuery != "" { // a secret in a URL stands in every log on the way
		return refuse("invalid_request", "parameters belong into the body")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return refuse("invalid_request", "the body is no form")
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		id, secret := form.Get("client_id"), form.Get("client_secret")
		if user, password, ok := r.BasicAuth(); ok {
			id, secret = user, password
		}
		if id != o.opts.ClientID {
			return refuse("invalid_client_id", "client identifier invalid")
		}
		if subtle.ConstantTimeCompare([]byte(secret), []byte(o.opts.ClientSecret)) == 0 {
			return refuse("invalid_client", "invalid client credentials")
		}
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		if why := o.judge(form.Get("assertion")); why != "" {
			return refuse("invalid_grant", why)
		}
	default:
		return refuse("unsupported_grant_type", "grant type not supported")
	}
	return reply{status: http.StatusOK, header: map[string]string{"Cache-Control": "no-cache, no-store"}, body: o.session(r)}
}

// session opens one. The answer has no expires_in (§2.5 [doc]).
func (o *Org) session(r *http.Request) map[string]any {
	o.serial++
	token := fmt.Sprintf("00Dsim000000001!AQEAQ.%06d", o.serial)
	o.sessions[token] = -1
	if o.opts.SessionCalls > 0 {
		o.sessions[token] = o.opts.SessionCalls
	}
	base := origin(r)
	return map[string]any{
		"access_token": token, "instance_url": base, "id": base + "/id/00Dsim000000001EAA/005sim000000001AAA", "token_type": "Bearer",
		"issued_at": strconv.FormatInt(o.opts.Now().UnixMilli(), 10), "signature": "c2ltdWxhdGVk", "scope": "api",
	}
}

// judge says why an assertion is refused (§2.5 [doc]): RS256 by the uploaded key, iss the consumer key, sub a user that is
// pre-authorised, aud a login host, exp at most five minutes ahead.
func (o *Org) judge(assertion string) string {
	if o.opts.JWTKey == nil {
		return "the flow is not enabled"
	}
	claims := &jwt.RegisteredClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(o.opts.Now))
	if _, err := parser.ParseWithClaims(assertion, claims, func(*jwt.Token) (any, error) { return o.opts.JWTKey, nil }); err != nil {
		return "invalid assertion"
	}
	switch {
	case claims.Issuer != o.opts.ClientID:
		return "invalid client identifier"
	case claims.Subject != o.opts.Username:
		return "user hasn't approved this consumer"
	case len(claims.Audience) != 1 || claims.Audience[0] != "https://login.salesforce.com" && claims.Audience[0] != "https://test.salesforce.com":
		return "audience is invalid"
	case claims.ExpiresAt.After(o.opts.Now().Add(5 * time.Minute)):
		return "expired or too far ahead"
	}
	return ""
}

// admit checks the session of a call and counts the call (§2.6).
func (o *Org) admit(r *http.Request) *problem {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	left, known := o.sessions[token]
	if !ok || !known || left == 0 {
		return fail(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	}
	if left > 0 {
		o.sessions[token] = left - 1
	}
	if o.used >= o.opts.DailyLimit { // no 429 and no Retry-After [3rd]
		return fail(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	}
	o.used++
	return nil
}

func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
