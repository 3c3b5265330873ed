package azure

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// The versions of the two documented URLs (seeds/001). The SDK signs its newest layout whatever version it is told, so
// these are signed here (facts/azure-storage.md §1a).
const (
	queueVersion     = "2020-02-10"
	containerVersion = "2020-08-04"
)

// Signer makes SAS URLs of the two documented forms with an account's key.
type Signer struct {
	account     string
	key         func() []byte // a function, so that printing a signer shows an address
	queue, blob string        // endpoints without a slash at the end
}

// NewSigner reads the account, its key and its endpoints in a connection string: explicit endpoints (Azurite's, which are
// path-style) or host-style ones of DefaultEndpointsProtocol and EndpointSuffix.
func NewSigner(connection string) (Signer, error) {
	c, err := parseConnection(connection)
	if err != nil || len(c.key) == 0 || c.account == "" {
		return Signer{}, lead.Errorf(lead.Internal, "the connection string holds no AccountName and AccountKey to sign with")
	}
	return Signer{account: c.account, key: func() []byte { return c.key }, queue: c.endpoint("queue"), blob: c.endpoint("blob")}, nil
}

// SignQueue makes ".../<queue>/messages?sp=…&st=…&se=…&sv=2020-02-10&sig=…". Permissions are letters of "raup" in that
// order; the times count in whole seconds.
func (s Signer) SignQueue(queue, permissions string, from, until time.Time) config.Secret {
	st, se := sasTime(from), sasTime(until)
	sig := s.sign(permissions, st, se, "/queue/"+s.account+"/"+queue, "", "", "", queueVersion)
	return config.Secret(s.queue + "/" + queue + "/messages?sp=" + permissions + "&st=" + st + "&se=" + se +
		"&sv=" + queueVersion + "&sig=" + sig)
}

// SignContainer makes ".../<container>?sp=…&st=…&se=…&spr=https&sv=2020-08-04&sr=c&sig=…"; spr is left out where the
// account is reached over http. Permissions are letters of "racwdl" in that order; the times count in whole seconds.
func (s Signer) SignContainer(container, permissions string, from, until time.Time) config.Secret {
	st, se, spr, protocol := sasTime(from), sasTime(until), "", ""
	if strings.HasPrefix(s.blob, "https:") {
		spr, protocol = "&spr=https", "https"
	}
	// si, sip, spr, sv, sr, snapshot, rscc, rscd, rsce, rscl, rsct
	sig := s.sign(permissions, st, se, "/blob/"+s.account+"/"+container, "", "", protocol, containerVersion, "c", "", "", "", "", "", "")
	return config.Secret(s.blob + "/" + container + "?sp=" + permissions + "&st=" + st + "&se=" + se + spr +
		"&sv=" + containerVersion + "&sr=c&sig=" + sig)
}

// sign is the escaped HMAC-SHA256 over the lines.
func (s Signer) sign(lines ...string) string {
	mac := hmac.New(sha256.New, s.key())
	mac.Write([]byte(strings.Join(lines, "\n")))
	return url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func sasTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
