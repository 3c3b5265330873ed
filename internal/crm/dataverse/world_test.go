package dataverse_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
	sim "leadrelay/local/crmsim/dataverse"
)

const bearer = "SECRET-bearer-token"

// world is an organisation with a driver for it.
type world struct {
	org *sim.Server
	crm *dataverse.CRM
	url string
	now time.Time
	mu  sync.Mutex
}

// tokens is a credential that counts.
type tokens struct {
	mu    sync.Mutex
	asked []policy.TokenRequestOptions
	fail  error
}

func (k *tokens) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, o)
	return azcore.AccessToken{Token: bearer, ExpiresOn: time.Now().Add(time.Hour)}, k.fail
}

func defaultMap(t testing.TB) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Load("dataverse", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// newWorld starts an organisation; change may alter both sides' settings first.
func newWorld(t testing.TB, change func(*sim.Options, *dataverse.Config)) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	o := sim.Options{Token: bearer, Now: w.clock}
	c := dataverse.Config{Mapping: defaultMap(t), Credential: &tokens{}, Client: httpclient.NewClient(httpclient.Options{}), Now: w.clock}
	if change != nil {
		change(&o, &c)
	}
	w.org = sim.New(o)
	w.url = w.org.Start(false)
	t.Cleanup(w.org.Close)
	if c.URL == "" {
		c.URL = w.url + sim.Base
	}
	w.crm = dataverse.New(c)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// one tells the driver one change.
func (w *world) one(t testing.TB, ch crm.Change) crm.Outcome {
	t.Helper()
	return w.crm.Upsert(t.Context(), []crm.Change{ch})[0]
}

// must tells the driver one change, which must pass.
func (w *world) must(t testing.TB, ch crm.Change) crm.Outcome {
	t.Helper()
	out := w.one(t, ch)
	if out.Err != nil {
		t.Fatalf("%v\n%s", out.Err, w.last())
	}
	return out
}

// last is the organisation's last refusal, for a failing test.
func (w *world) last() string {
	for _, e := range w.org.Log() {
		if e.Problem != "" {
			return e.Method + " " + e.Path + ": " + e.Problem
		}
	}
	return ""
}

// lead is the one record of the organisation.
func (w *world) lead(t testing.TB) map[string]string {
	t.Helper()
	all := w.org.Records("leads")
	if len(all) != 1 {
		t.Fatalf("want one lead, got %d", len(all))
	}
	return all[0]
}

// calls are the method, path and status of each call since the log was emptied.
func (w *world) calls() []string {
	var out []string
	for _, e := range w.org.Log() {
		path, _, _ := strings.Cut(strings.TrimPrefix(e.Path, sim.Base), "?")
		out = append(out, fmt.Sprintf("%s %s %d", e.Method, path, e.Status))
	}
	return out
}

// partnerOf opens a partner's driver with throw-away secrets.
func partnerOf(t testing.TB, name string) partner.Partner {
	t.Helper()
	env := config.New([]string{"PARTNER_X_SECRET=0123456789abcdef0123456789abcdef", "PARTNER_X_TOKEN=0123456789abcdef0123456789abcdef0123456789abcdef",
		"PARTNER_X_SVIX_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	open := map[string]partner.Open{"crf": crf.Open, "credzu": credzu.Open, "cr3dentials": cr3dentials.Open, "referral": referral.Open}[name]
	return open(env.Instance("PARTNER", "x"), time.Now)
}

// change is a partner's payload as the drain would tell it.
func change(t testing.TB, name string, payload []byte) crm.Change {
	t.Helper()
	e, err := partnerOf(t, name).Decode(partner.Request{Header: http.Header{}}, payload)
	if err != nil {
		t.Fatal(err)
	}
	e.Lead.Partner = name
	return crm.Change{Event: e, Version: lead.Version{Time: time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)}, Payload: payload}
}

// crfLead is the document's sample lead with some texts replaced: old, new, old, new, …
func crfLead(t testing.TB, replace ...string) crm.Change {
	t.Helper()
	text := string(crf.Sample())
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the sample has no %s", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	return change(t, "crf", []byte(text))
}

// credzuEvent is Credzu's sample event of a name, about the sample lead.
func credzuEvent(t testing.TB, word, at string) crm.Change {
	t.Helper()
	return change(t, "credzu", []byte(strings.NewReplacer("mortgage_ready", word, "2025-01-22T17:38:12Z", at,
		"FBHL-55672", "4626A582-afb9-48bf-8d86-87e6fe91a842").Replace(string(credzu.Sample()))))
}

// keyParts undoes mapping.Key.
func keyParts(t testing.TB, key string) (partner, id string) {
	t.Helper()
	partner, rest, prefixed := strings.Cut(key, ".")
	if !prefixed {
		partner, rest = "crf", key
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		if rest[i] != '_' {
			b.WriteByte(rest[i])
			continue
		}
		raw, err := hex.DecodeString(rest[i+1 : i+3])
		if err != nil {
			t.Fatal(err)
		}
		b.Write(raw)
		i += 2
	}
	return partner, b.String()
}
