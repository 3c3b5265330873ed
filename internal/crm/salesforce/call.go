package salesforce

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

// request is one call of the REST API.
type request struct {
	method string
	path   string // behind /services/data/vN.0, escaped, with its query
	body   any    // as JSON; nil: none
	header http.Header
}

// way allows http and this machine to a simulator only.
func (c *CRM) way(ctx context.Context) context.Context {
	if c.private {
		return httpclient.WithPrivate(ctx)
	}
	return ctx
}

// call makes one call and reads its answer; every status but 2xx is an error. A session that has ended is renewed and
// the call repeated, once (§2.5). What the limit header says closes the gate for later Upserts.
func (c *CRM) call(ctx context.Context, q request) ([]byte, error) {
	var body []byte
	if q.body != nil {
		var err error
		if body, err = json.Marshal(q.body, json.Deterministic(true)); err != nil {
			return nil, lead.Errorf(lead.Refused, "a field cannot be written as JSON") // the error of json may quote the value
		}
	}
	token, err := c.token(ctx, "")
	if err != nil {
		return nil, err
	}
	a, err := c.send(ctx, q, body, token)
	if err == nil && a.Status == http.StatusUnauthorized {
		if token, err = c.token(ctx, token); err != nil {
			return nil, err
		}
		a, err = c.send(ctx, q, body, token)
	}
	if err != nil {
		return nil, err
	}
	if err := c.judge(a); err != nil {
		return nil, err
	}
	if a.Cut {
		return nil, lead.Errorf(lead.Unavailable, "the answer is longer than %d bytes", answerBytes)
	}
	c.mu.Lock()
	c.seen = c.now()
	c.mu.Unlock()
	return a.Body, nil
}

func (c *CRM) send(ctx context.Context, q request, body []byte, token string) (httpclient.Answer, error) {
	r, err := http.NewRequestWithContext(c.way(ctx), q.method, c.origin+"/services/data/"+c.version+q.path, bytes.NewReader(body))
	if err != nil {
		return httpclient.Answer{}, lead.Errorf(lead.Internal, "the request cannot be made")
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := httpclient.Do(c.client, r, httpclient.Limit{Bytes: answerBytes})
	if a.Status != 0 {
		c.usage(a.Header.Get("Sforce-Limit-Info"))
	}
	return a, err
}

// usage reads "api-usage=113/5000000" (§2.6). The allocation is the whole org's: past the configured share it is left to
// the others.
func (c *CRM) usage(header string) {
	for part := range strings.SplitSeq(header, ";") {
		text, ok := strings.CutPrefix(strings.TrimSpace(part), "api-usage=")
		if !ok {
			continue
		}
		used, limit, _ := strings.Cut(text, "/")
		u, err := strconv.ParseInt(used, 10, 64)
		l, err2 := strconv.ParseInt(limit, 10, 64)
		if err != nil || err2 != nil || l <= 0 {
			continue
		}
		if percent := float64(u) * 100 / float64(l); percent >= float64(c.share) {
			c.gate.close(c.now(), "the org has used "+strconv.FormatInt(u, 10)+" of its "+strconv.FormatInt(l, 10)+" calls of the day, past the "+
				strconv.Itoa(c.share)+" % of "+c.setting("USAGE_LIMIT"))
		} else {
			c.gate.good(c.now())
		}
	}
}
