package referral

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// tolerance is how old or how young a signature may be, by Standard Webhooks and the Svix libraries.
const tolerance = 5 * time.Minute

// headerSets are the names under which a signature comes: Svix's own, and those of Standard Webhooks.
func headerSets() [2][3]string {
	return [2][3]string{
		{"Svix-Id", "Svix-Timestamp", "Svix-Signature"},
		{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"},
	}
}

// signature is what a request says about itself.
type signature struct {
	id, timestamp string
	signatures    []string // base64, of version v1
}

// readSignature takes the three headers of one set, each once. Svix's come first; those of the other set count when
// Svix's are not all there, as in Svix's libraries.
func readSignature(r partner.Request) (signature, error) {
	sets := headerSets()
	set := sets[0]
	for _, name := range set {
		if r.Header.Get(name) == "" {
			set = sets[1]
		}
	}
	var values [3]string
	for i, name := range set {
		value, err := partner.OneHeader(r, name)
		if err != nil {
			return signature{}, err
		}
		values[i] = value
	}
	s := signature{id: values[0], timestamp: values[1]}
	if len(s.id) > 256 || strings.ContainsFunc(s.id, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '{' }) {
		return signature{}, lead.Errorf(lead.Unauthorized, "header %s is not an id", set[0])
	}
	for _, one := range strings.Split(values[2], " ") {
		if text, ok := strings.CutPrefix(one, "v1,"); ok && len(text) == base64.StdEncoding.EncodedLen(sha256.Size) {
			s.signatures = append(s.signatures, text)
		}
	}
	if len(s.signatures) == 0 {
		return signature{}, lead.Errorf(lead.Unauthorized, "header %s has no signature of version v1", set[2])
	}
	return s, nil
}

// age fails with Unauthorized unless the timestamp, in seconds since 1970, is near now.
func (s signature) age(now time.Time) error {
	seconds, err := strconv.ParseInt(s.timestamp, 10, 64)
	if err != nil || strings.Trim(s.timestamp, "0123456789") != "" || len(s.timestamp) > 12 {
		return lead.Errorf(lead.Unauthorized, "the signature's timestamp is not a number of seconds")
	}
	switch age := now.Unix() - seconds; {
	case age > int64(tolerance.Seconds()):
		return lead.Errorf(lead.Unauthorized, "the signature is older than %v", tolerance)
	case -age > int64(tolerance.Seconds()):
		return lead.Errorf(lead.Unauthorized, "the signature is from the future by more than %v: compare the clocks", tolerance)
	}
	return nil
}

// by says whether one of the signatures is one of the keys' over id.timestamp.body, in constant time.
func (s signature) by(keys []signer, body []byte) bool {
	open := 0
	for _, sign := range keys {
		want := sign(s.id, s.timestamp, body)
		for _, got := range s.signatures {
			open |= subtle.ConstantTimeCompare(want, []byte(got))
		}
	}
	return open == 1
}

// signer makes a signature in base64; it holds its key where no printing finds it.
type signer func(id, timestamp string, body []byte) []byte

// readKeys reads SVIX_SECRET and SVIX_SECRET_OLD: base64 of 24 to 75 bytes, as Svix allows, after an optional whsec_.
func readKeys(s *config.Settings) []signer {
	var keys []signer
	for _, setting := range []string{"SVIX_SECRET", "SVIX_SECRET_OLD"} {
		for _, secret := range s.Secrets(setting) {
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
			if err != nil || len(key) < 24 || len(key) > 75 {
				s.Complain(setting, "must be the endpoint's signing secret: whsec_ and 24 to 75 bytes in base64")
			}
			keys = append(keys, func(id, timestamp string, body []byte) []byte {
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte(id + "." + timestamp + "."))
				mac.Write(body)
				return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
			})
		}
	}
	if s.Secret("SVIX_SECRET") == "" && len(keys) > 0 {
		s.Complain("SVIX_SECRET_OLD", "is set without %s", s.Key("SVIX_SECRET"))
	}
	return keys
}
