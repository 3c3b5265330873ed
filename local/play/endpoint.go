package play

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// Endpoint is where a partner posts and how it proves itself. Secrets that are empty give no proof.
type Endpoint struct {
	URL        config.Secret // with the path token, where there is one
	Header     string        // the name of the header that carries Secret
	Secret     config.Secret // sent as it is
	HMACSecret config.Secret // signs the body: x-webhook-signature (seeds/004, "Verify Webhook Signatures")
	SvixSecret config.Secret // whsec_…: signs id, time and body (seeds/003, "Authentication")
	Client     *http.Client  // from NewClient, unless a test has its own
}

// NewClient posts as webhook senders do: it follows no redirect, since each is a failure (seeds/004, "Don't").
func NewClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Attempt is one post and its answer.
type Attempt struct {
	Status  int           // 0 when there was no answer
	Took    time.Duration // until the whole answer was there, or none came
	Receipt string        // what leadrelay answers; empty from other receivers
	Err     error         // why there was no answer; it names the host and nothing else of the URL
}

// String tells it in a few words: "200 in 12 ms".
func (a Attempt) String() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprintf("%d in %d ms", a.Status, a.Took.Milliseconds())
}

// Host is all of the URL that may be shown.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL.Reveal())
	if err != nil || u.Host == "" {
		return "no host"
	}
	return u.Host
}

// Check says whether the URL and the secrets are such that anything can be sent.
func (e Endpoint) Check() error {
	u, err := url.Parse(e.URL.Reveal())
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("the URL is not one of http or https") // it may hold a token
	}
	if _, err := http.NewRequest(http.MethodPost, e.URL.Reveal(), nil); err != nil {
		return errors.New("the URL is not one of http or https")
	}
	return e.prove(http.Header{}, Notification{MessageID: "msg_check"}, time.Now())
}

// Post sends one notification once, signed now, and waits for its answer no longer than timeout.
func (e Endpoint) Post(ctx context.Context, n Notification, timeout time.Duration) Attempt {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	started := time.Now()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, e.URL.Reveal(), bytes.NewReader(n.Body))
	if err != nil {
		return Attempt{Err: errors.New("the URL is not one")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "leadctl")
	if err := e.prove(req.Header, n, started); err != nil {
		return Attempt{Err: err}
	}
	resp, err := e.Client.Do(req)
	took := time.Since(started)
	switch {
	case err != nil && ctx.Err() == nil && limited.Err() != nil:
		return Attempt{Took: took, Err: fmt.Errorf("no answer within %v", timeout)}
	case err != nil:
		return Attempt{Took: took, Err: plainly(azure.Classify(err))}
	}
	defer resp.Body.Close()
	var answer struct {
		Receipt string `json:"receipt"`
	}
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // the status is the answer; another receiver may say anything
	_ = json.Unmarshal(b, &answer)
	return Attempt{Status: resp.StatusCode, Took: time.Since(started), Receipt: receipt(answer.Receipt)}
}

// plainly leaves out the kind, which tells a person nothing.
func plainly(err error) error {
	if told, ok := errors.AsType[*lead.Error](err); ok && told.Err != nil {
		return told.Err
	}
	return err
}

// receipt is what a far side called one, if it is short and plain enough to print.
func receipt(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return s
}

// prove adds the proofs for which there are secrets.
func (e Endpoint) prove(h http.Header, n Notification, now time.Time) error {
	if e.Secret != "" {
		h.Set(e.Header, e.Secret.Reveal())
	}
	if e.HMACSecret != "" {
		mac := hmac.New(sha256.New, []byte(e.HMACSecret.Reveal()))
		mac.Write(n.Body)
		h.Set("X-Webhook-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
	if e.SvixSecret != "" {
		hook, err := standardwebhooks.NewWebhook(e.SvixSecret.Reveal())
		if err != nil {
			return errors.New("the Svix secret is not whsec_ and base64") // the error of the library may quote it
		}
		signature, err := hook.Sign(n.MessageID, now, n.Body)
		if err != nil {
			return errors.New("the message cannot be signed")
		}
		h.Set("Svix-Id", n.MessageID)
		h.Set("Svix-Timestamp", strconv.FormatInt(now.Unix(), 10))
		h.Set("Svix-Signature", signature)
	}
	return nil
}

// Proofless says that nothing is there to prove who sends; a token may still stand in the URL.
func (e Endpoint) Proofless() bool { return e.Secret == "" && e.HMACSecret == "" && e.SvixSecret == "" }
