package azuresim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"leadrelay/internal/azure"
	"leadrelay/local/azuresim"
)

// world is a storage account, real or not, as its owner sees it.
type world struct {
	t       testing.TB
	account *azure.Account
	signer  azure.Signer
	client  *http.Client
	base    map[string]string // endpoint by service
	kept    map[string]string // what an earlier step has left for a later one
}

// newWorld opens an account; way is nil for sockets.
func newWorld(t testing.TB, connection string, way http.RoundTripper) *world {
	t.Helper()
	w := &world{t: t, client: azure.NewClient(), base: map[string]string{}, kept: map[string]string{}}
	if way != nil {
		w.client.Transport = way
	}
	var err error
	if w.account, err = azure.ConnectAccount(connection, w.client); err != nil {
		t.Fatal(err)
	}
	if w.signer, err = azure.NewSigner(connection); err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(connection, ";") {
		if name, value, ok := strings.Cut(part, "Endpoint="); ok {
			w.base[strings.ToLower(name)] = strings.TrimRight(value, "/")
		}
	}
	return w
}

// inMemory is a fresh server without sockets.
func inMemory(t testing.TB, o azuresim.Options) (*azuresim.Server, *world) {
	t.Helper()
	s := azuresim.New(o)
	t.Cleanup(s.Close)
	return s, newWorld(t, s.ConnectionString(), s.Process())
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	w.t.Cleanup(cancel)
	return ctx
}

var partAnswer = regexp.MustCompile(`(?s)HTTP/1\.1 ([45]\d\d) .*?"code"\s*:\s*"([A-Za-z]+)".*?"value"\s*:\s*"(\d*):`)

// told is what an answer of the SDK says: "ok", or status and code; of a transaction, those of the part and its index.
func told(err error) string {
	if err == nil {
		return "ok"
	}
	resp, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return err.Error()
	}
	if resp.StatusCode == http.StatusAccepted {
		body, _ := runtime.Payload(resp.RawResponse)
		if m := partAnswer.FindSubmatch(body); m != nil {
			return fmt.Sprintf("part %s: %s %s", m[3], m[1], m[2])
		}
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, resp.ErrorCode)
}

// deref is *p, or the zero value.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

var xmlCode = regexp.MustCompile(`<Code>(\w+)</Code>|"code":"(\w+)"`)

// raw sends a request without the SDK and gives status, code and, of an answer that succeeds, the body.
func (w *world) raw(method, address, body string, header ...string) string {
	req, err := http.NewRequestWithContext(w.ctx(), method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	if resp.StatusCode < 400 {
		return fmt.Sprint(resp.StatusCode)
	}
	code := resp.Header.Get("x-ms-error-code")
	if m := xmlCode.FindSubmatch(b); code == "" && m != nil {
		code = string(m[1]) + string(m[2])
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, code)
}
