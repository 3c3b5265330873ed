package azure

import (
	"encoding/base64"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/lead"
)

// malformed is an error of kind Address. Its text is fixed: no part of what was pasted can be in it.
func malformed(text string) error { return lead.Errorf(lead.Address, "%s", text) }

// ParseSAS reads a pasted SAS URL of the two documented forms (seeds/001): ".../queue/messages?..." and ".../container?...".
// It takes away one trailing "/messages" and "/", puts back the "+" of a signature that somebody has un-escaped, and
// undoes "&amp;" and a second escaping (facts/azure-storage.md §1a). Path-style URLs and http are for loopback only.
//
// An error is of kind Address and says what is wrong with the URL's form; it holds no part of its query. Whether the SAS
// is any good now, and for what, is for [SAS.Judge] and [SAS.Usable].
func ParseSAS(raw string, kind ServiceKind) (SAS, error) {
	u, err := url.Parse(strings.ReplaceAll(strings.TrimSpace(raw), "&amp;", "&"))
	if err != nil || u.Opaque != "" {
		return SAS{}, malformed("the address is not a URL")
	}
	s := SAS{kind: kind, scheme: u.Scheme, host: strings.ToLower(u.Host)}
	if err := s.parseHost(u); err != nil {
		return SAS{}, err
	}
	if err := s.parsePath(u); err != nil {
		return SAS{}, err
	}
	q, err := parseQuery(u.RawQuery)
	if err != nil {
		return SAS{}, err
	}
	if err := q.parseScope(kind); err != nil {
		return SAS{}, err
	}
	s.secret = func() *query { return q }
	return s, nil
}

func (s *SAS) parseHost(u *url.URL) error {
	name := strings.ToLower(u.Hostname())
	ip, ipErr := netip.ParseAddr(name)
	s.loopback = name == "localhost" || ipErr == nil && ip.IsLoopback()
	switch {
	case s.scheme != "https" && s.scheme != "http":
		return malformed("the address is no https URL")
	case name == "" || u.User != nil || u.Fragment != "":
		return malformed("the address is not a SAS URL: it needs a host and has no user and no fragment")
	case s.scheme == "http" && !s.loopback:
		return malformed("the address must be https: http is for this machine only")
	case !s.loopback && (ipErr == nil || !strings.Contains(name, ".")):
		return malformed("the address needs a full host name: IP addresses and bare names are for this machine only")
	}
	if other := otherService(name, s.kind); other != "" {
		return malformed("the address leads to the " + other + " service, the " + s.kind.service() + " service is wanted")
	}
	if _, port, err := net.SplitHostPort(u.Host); err == nil && port == "" {
		return malformed("the address has an empty port")
	}
	return nil
}

// otherService is the service that a host of Azure Storage names when it is not that of kind.
func otherService(host string, kind ServiceKind) string {
	for _, label := range strings.Split(host, ".")[1:] {
		if slices.Contains([]string{"queue", "blob", "table", "file", "dfs", "web"}, label) {
			if label == kind.service() {
				return ""
			}
			return label
		}
	}
	return ""
}

// storageName is the grammar of queue and container names (facts/azure-storage.md §2), 3 to 63 characters.
var storageName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,62}$`) })

func (s *SAS) parsePath(u *url.URL) error {
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	want := 1
	if s.loopback {
		want = 2 // /account/name
	}
	if s.kind == Queue && len(segments) == want+1 && segments[want] == "messages" {
		segments = segments[:want]
	}
	if len(segments) != want || u.Path != u.EscapedPath() {
		return malformed("the path must be that of one " + s.kind.String() + ", and nothing beneath it")
	}
	s.name = segments[want-1]
	if !storageName().MatchString(s.name) || len(s.name) > 63 || want == 2 && !storageName().MatchString(segments[0]) {
		return malformed("the path is not that of a " + s.kind.String() + ": names are 3 to 63 of a-z, 0-9 and single hyphens")
	}
	s.path = "/" + strings.Join(segments, "/")
	return nil
}

func parseQuery(raw string) (*query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, malformed("the query of the address cannot be read")
	}
	for _, v := range values {
		if len(v) > 1 {
			return nil, malformed("the query of the address says the same thing twice")
		}
	}
	sig, ok := repair(values.Get("sig"))
	if !ok {
		return nil, malformed("the address holds no signature (sig), or a broken one: paste it again, whole")
	}
	values.Set("sig", sig)
	q := &query{values: values, permissions: values.Get("sp"), policy: values.Has("si"), services: values.Get("ss"),
		resources: values.Get("srt"), httpsOnly: values.Get("spr") == "https", sourceAddress: values.Has("sip"), resourceLetter: values.Get("sr")}
	q.account = q.services != "" || q.resources != ""
	switch {
	case values.Get("sv") == "":
		return nil, malformed("the address names no version (sv)")
	case values.Get("se") == "" && !q.policy:
		return nil, malformed("the address names no expiry (se)")
	case q.permissions == "" && !q.policy:
		return nil, malformed("the address grants no permission (sp)")
	}
	if q.starts, err = parseTime(values.Get("st")); err != nil {
		return nil, malformed("the start of the address (st) is not a time")
	}
	if q.expires, err = parseTime(values.Get("se")); err != nil {
		return nil, malformed("the expiry of the address (se) is not a time")
	}
	return q, nil
}

// repair gives back what copying takes from a signature, 32 bytes in base64: a "+" that was read as a space, and the
// escaping of one that was escaped twice.
func repair(sig string) (string, bool) {
	if twice, err := url.PathUnescape(sig); err == nil {
		sig = twice
	}
	sig = strings.ReplaceAll(sig, " ", "+")
	mac, err := base64.StdEncoding.DecodeString(sig)
	return sig, err == nil && len(mac) == 32
}

// parseTime reads the forms of ISO 8601 that a SAS may hold, all in UTC; "" is the zero time.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, malformed("not a time")
}

// parseScope checks that what is signed is what the path names.
func (q *query) parseScope(kind ServiceKind) error {
	switch {
	case q.account && !strings.Contains(q.services, kind.service()[:1]):
		return malformed("the address is an account SAS that leaves out the " + kind.service() + " service (ss)")
	case q.account && !strings.Contains(q.resources, "o"):
		return malformed("the address is an account SAS that leaves out objects (srt)")
	case !q.account && kind == Container && q.resourceLetter != "c":
		return malformed("the address is not signed for a whole container (sr=c)")
	case kind == Queue && q.resourceLetter != "":
		return malformed("the address is signed for a blob or container (sr), a queue's has none")
	}
	return nil
}
