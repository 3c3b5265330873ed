package dataverse

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// window is the sliding window of service protection (§1.7).
const window = 5 * time.Minute

// admit holds a call against the token and the service's protection; false: the answer is the refusal.
func (s *Server) admit(q *request) (answer, bool) {
	now := s.opts.Now()
	s.calls = slices.DeleteFunc(s.calls, func(t time.Time) bool { return now.Sub(t) >= window })
	if !s.authorised(q) {
		a := (&failure{http.StatusUnauthorized, "", "Unauthorized"}).answer()
		a.header["WWW-Authenticate"] = `Bearer authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`
		return a, false
	}
	s.calls = append(s.calls, now)
	if len(s.calls) > s.opts.Burst { // §1.7: going on lengthens the wait
		a := (&failure{http.StatusTooManyRequests, "0x80072322", "Number of requests exceeded the limit of 6000 over the time window of 300 seconds."}).answer()
		a.header["Retry-After"] = "30"
		return a, false
	}
	return answer{}, true
}

func (s *Server) authorised(q *request) bool {
	token, ok := strings.CutPrefix(q.header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || token == "":
		return false
	case s.opts.ClientID != "":
		left, known := s.tokens[token]
		if !known || left == 0 {
			return false
		}
		s.tokens[token] = left - 1
		return true
	}
	return s.opts.Token == "" || token == s.opts.Token
}

// authority is Entra's part: where the metadata of a tenant lies, and client credentials for a token.
func (s *Server) authority(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root := "https://" + r.Host + "/" + s.opts.Tenant
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		_, _ = w.Write([]byte(`{"token_endpoint":"` + root + `/oauth2/v2.0/token","authorization_endpoint":"` + root + `/oauth2/v2.0/authorize","issuer":"` + root + `/v2.0"}`))
		return
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.Path != "/"+s.opts.Tenant+"/oauth2/v2.0/token" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch f := r.PostForm; {
	case f.Get("grant_type") != "client_credentials", !slices.Contains(strings.Fields(f.Get("scope")), "https://"+r.Host+"/.default"):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_scope","error_description":"AADSTS70011: The provided value for scope is not valid."}`))
	case f.Get("client_id") != s.opts.ClientID || f.Get("client_secret") != s.opts.ClientSecret:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`))
	default:
		token := "sim-" + newID()
		s.tokens[token] = s.opts.TokenCalls
		if s.opts.TokenCalls == 0 {
			s.tokens[token] = 1 << 30
		}
		_, _ = w.Write([]byte(`{"token_type":"Bearer","expires_in":3599,"access_token":"` + token + `"}`))
	}
}
