package referral

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"iter"
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
	signatures    string // "v1,<base64>", one behind a space after the other
}

// readSignature takes the three headers of one set, each once. Svix's come first; those of the other set count when
// Svix's are not all there, as in Svix's libraries.
func readSignature(r partner.Request) (signature, error) {
	sets := headerSets()
	set := sets[0]
	for _, name := range sets[0] {
		if values := r.Header[name]; len(values) == 0 || values[0] == "" {
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
	s := signature{id: values[0], timestamp: values[1], signatures: values[2]}
	if len(s.id) > 256 || strings.ContainsFunc(s.id, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '{' }) {
		return signature{}, lead.Errorf(lead.Unauthorized, "header %s is not an id", set[0])
	}
	for range s.known() {
		return s, nil
	}
	return signature{}, lead.Errorf(lead.Unauthorized, "header %s has no signature of version v1", set[2])
}

// known are the signatures of version v1, in base64.
func (s signature) known() iter.Seq[string] {
	return func(yield func(string) bool) {
		for one := range strings.SplitSeq(s.signatures, " ") {
			text, ok := strings.CutPrefix(one, "v1,")
			if ok && len(text) == signatureLen && !yield(text) {
				return
			}
		}
	}
}

// signatureLen is that of an HMAC-SHA256 in base64.
const signatureLen = (sha256.Size + 2) / 3 * 4

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

// by says whether one of the signatures is one of the keys' over id.timestamp.body. It compares each in constant time.
func (s signature) by(keys []partner.Signer, body []byte) bool {
	for _, key := range keys {
		sum := key.Sign(body, s.id, ".", s.timestamp, ".")
		var want [signatureLen]byte
		base64.StdEncoding.Encode(want[:], sum[:])
		for got := range s.known() {
			if subtle.ConstantTimeCompare(want[:], []byte(got)) == 1 {
				return true
			}
		}
	}
	return false
}

// readKeys reads SVIX_SECRET and SVIX_SECRET_OLD: base64 of 24 to 75 bytes, as Svix allows, after an optional whsec_.
func readKeys(s *config.Settings) []partner.Signer {
	var keys []partner.Signer
	for _, setting := range []string{"SVIX_SECRET", "SVIX_SECRET_OLD"} {
		for _, secret := range s.Secrets(setting) {
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
			if err != nil || len(key) < 24 || len(key) > 75 {
				s.Complain(setting, "must be the endpoint's signing secret: whsec_ and 24 to 75 bytes in base64")
			}
			keys = append(keys, partner.NewSigner(key))
		}
	}
	if s.Secret("SVIX_SECRET") == "" && len(keys) > 0 {
		s.Complain("SVIX_SECRET_OLD", "is set without %s", s.Key("SVIX_SECRET"))
	}
	return keys
}
