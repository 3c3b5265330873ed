package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// Bounds of a signing secret in bytes (Standard Webhooks, "Signature scheme"), and of how many may sign at once.
const (
	shortestKey = 24
	longestKey  = 64
	mostSecrets = 5
)

const secretPrefix = "whsec_"

// NewSecret makes a signing secret of 256 random bits, as a lender pastes it into its verifier.
func NewSecret() config.Secret {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: it crashes the program instead
	return config.Secret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

func parseSecrets(secrets []config.Secret) ([][]byte, error) {
	if len(secrets) == 0 || len(secrets) > mostSecrets {
		return nil, lead.Errorf(lead.Address, "a webhook is signed with 1 to %d secrets", mostSecrets)
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), secretPrefix))
		if err != nil {
			return nil, lead.Errorf(lead.Address, "signing secret %d is not %s and base64", i+1, secretPrefix)
		}
		if len(key) < shortestKey || len(key) > longestKey {
			return nil, lead.Errorf(lead.Address, "signing secret %d has %d bytes, not %d to %d", i+1, len(key), shortestKey, longestKey)
		}
		keys[i] = key
	}
	return keys, nil
}

// sign sets the three headers of Standard Webhooks: an HMAC-SHA256 over "id.timestamp.body" for each key.
func sign(h http.Header, keys [][]byte, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	var signatures []byte
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		if i > 0 {
			signatures = append(signatures, ' ')
		}
		signatures = append(signatures, "v1,"...)
		signatures = base64.StdEncoding.AppendEncode(signatures, mac.Sum(nil))
	}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", string(signatures))
}
