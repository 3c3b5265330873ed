package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

func TestEveryStatusHasItsKind(t *testing.T) {
	r := newReceiver(t)
	c := r.open()
	for code := 200; code < 600; code++ {
		r.answer(status(code))
		out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]
		want := lead.Refused
		switch {
		case code < 300:
			if out.Err != nil || out.ID == "" || (out.Result == crm.Created) != (code == 201) {
				t.Errorf("%d: got %+v", code, out)
			}
			continue
		case code < 400, code == 401, code == 403, code == 404, code == 405, code == 410:
			want = lead.Address
		case code == 408, code == 425, code == 429, code >= 500:
			want = lead.Unavailable
		case code == 413:
			want = lead.TooLarge
		}
		if out.Err == nil || lead.KindOf(out.Err) != want || strings.Contains(out.Err.Error(), "barbara") {
			t.Errorf("%d: want %s, got %v", code, want, out.Err)
		}
	}
}

func TestRetryAfterIsHonouredAndStopsTheOthers(t *testing.T) {
	for _, value := range []string{"90", now().Add(90 * time.Second).Format(http.TimeFormat)} {
		r := newReceiver(t)
		var passed atomic.Int64
		c, err := open(func() time.Time { return now().Add(time.Duration(passed.Load())) }, "URL="+r.url, "ALLOW_PRIVATE=true", "SECRET="+secret)
		if err != nil {
			t.Fatal(err)
		}
		r.answer(status(429, "Retry-After", value))
		out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]
		if lead.KindOf(out.Err) != lead.Unavailable || lead.RetryAfter(out.Err) != 90*time.Second {
			t.Errorf("%s: got %v", value, out.Err)
		}
		if err := c.Check(t.Context()); !errors.Is(err, crm.ErrPaused) || lead.RetryAfter(err) != 90*time.Second {
			t.Errorf("%s: got %v", value, err)
		}
		if out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]; !errors.Is(out.Err, crm.ErrPaused) || len(r.requests()) != 1 {
			t.Errorf("%s: got %v after %d requests", value, out.Err, len(r.requests()))
		}
		passed.Store(int64(90 * time.Second))
		if err := c.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestConflictIsWhatTheSettingSays(t *testing.T) {
	for setting, there := range map[string]bool{"CONFLICT=": false, "CONFLICT=refused": false, "CONFLICT=there": true} {
		r := newReceiver(t)
		r.answer(status(409))
		out := r.open(setting).Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]
		if there && (out.Err != nil || out.Result != crm.Unchanged) || !there && lead.KindOf(out.Err) != lead.Refused {
			t.Errorf("%s: got %+v", setting, out)
		}
	}
}

func TestSameChangeHasTheSameKeyAndAReturnHasAnother(t *testing.T) {
	r := newReceiver(t)
	c := r.open()
	a, b, again := change(lead.LeadEvent, `{"n":1}`), change(lead.LeadEvent, `{"n":2}`), change(lead.LeadEvent, `{"n":1}`)
	b.Version.Receipt, again.Version.Receipt = "01ARZ3NDEKTSV4RRFFQ69G5FAW", "01ARZ3NDEKTSV4RRFFQ69G5FAX"
	for _, ch := range []crm.Change{a, a, b, again} {
		if out := c.Upsert(t.Context(), []crm.Change{ch})[0]; out.Err != nil {
			t.Fatal(out.Err)
		}
	}
	got := r.requests()
	if got[0].idempotency != got[1].idempotency || got[0].idempotency == got[2].idempotency || got[0].idempotency == got[3].idempotency {
		t.Errorf("got %v", got)
	}
	if !strings.HasPrefix(got[0].idempotency, "acme:4626a582-afb9-48bf-8d86-87e6fe91a842:") || got[0].id != got[1].id || strings.Contains(got[0].id, ".") {
		t.Errorf("got %+v", got[0])
	}
}

func TestBodyIsWhatTheTemplateSays(t *testing.T) {
	mapping := file(t, "version: 1\ncrm: rest\nkey: {field: key, plain: crf}\nwrites:\n  - to: lead\n    on: ['*']\n    fields:\n      amount: {path: lead.amount, as: money}\n      none: {path: nothing}\n      loud: {expr: 'upper(lead.email)'}\n")
	template := file(t, `{"n":1.50,"amount":"${fields.amount}","gone":"${fields.none}","list":["${fields.none}","${payload.tags}"],
		"text":"<${fields.loud}> wants ${fields.amount} ${payload.x.y}","deep":{"zip":"${payload.a.zip}","whole":"${payload.a}"},"about":"${about}"}`)
	r := newReceiver(t)
	r.answer(status(200))
	c := r.open("MAPPING="+mapping, "TEMPLATE="+template)
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.Activity, `{"tags":["a"],"a":{"zip":"055","n":1.10}}`)})[0]; out.Err != nil {
		t.Fatal(out.Err)
	}
	want := `{"about":"activity","amount":25000.00,"deep":{"whole":{"zip":"055","n":1.10},"zip":"055"},"list":[null,["a"]],"n":1.50,"text":"<BARBARA@EXAMPLE.COM> wants 25000.00 "}`
	if got := r.requests()[0].body; got != want {
		t.Errorf("want %s\ngot  %s", want, got)
	}
}

func TestDefaultBodyTellsEverything(t *testing.T) {
	r := newReceiver(t)
	c := r.open()
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{"x":[1.0]}`)})[0]; out.Err != nil {
		t.Fatal(out.Err)
	}
	got := r.requests()[0].body
	if !json.Valid([]byte(got)) {
		t.Fatal(got)
	}
	for _, part := range []string{`"key":"4626a582-`, `"about":"lead"`, `"receipt":"01ARZ3NDEKTSV4RRFFQ69G5FAV"`, `"received":"2026-03-02T12:00:00Z"`, `"requestedAmount":25000.00`, `"payload":{"x":[1.0]}`} {
		if !strings.Contains(got, part) {
			t.Errorf("want %s in %s", part, got)
		}
	}
}

func TestMethodAddressAndHeadersAreOnesOwn(t *testing.T) {
	r := newReceiver(t)
	r.answer(status(200), status(404), status(404))
	c := r.open("METHOD=PUT", "URL="+r.url+"/v1/leads/{key}?code=s", "HEADER_1=X-Api-Key: letmein", "HEADER_7=Authorization:Bearer x", "SECRET=")
	odd := change(lead.LeadEvent, `{}`)
	odd.Event.Lead.ID = "../a b"
	if out := c.Upsert(t.Context(), []crm.Change{odd})[0]; out.Err != nil {
		t.Fatal(out.Err)
	}
	got := r.requests()[0]
	if got.method != "PUT" || got.path != "/v1/leads/_2e_2e_2fa_20b?code=s" || got.header.Get("X-Api-Key") != "letmein" || got.header.Get("Authorization") != "Bearer x" || got.id != "" {
		t.Errorf("got %+v", got)
	}
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.Activity, `{}`)})[0]; !errors.Is(out.Err, crm.ErrNoLead) || lead.KindOf(out.Err) != lead.Unavailable {
		t.Errorf("got %v", out.Err)
	}
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]; lead.KindOf(out.Err) != lead.Address {
		t.Errorf("got %v", out.Err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	r := newReceiver(t)
	r.answer(status(307, "Location", r.url+"/elsewhere"))
	if out := r.open().Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]; lead.KindOf(out.Err) != lead.Address || len(r.requests()) != 1 {
		t.Errorf("got %v after %d requests", out.Err, len(r.requests()))
	}
}

func TestPrivateAddressesAreRefusedUnlessAllowed(t *testing.T) {
	r := newReceiver(t)
	for _, address := range []string{r.url, "https://10.1.2.3/", "https://localhost/", "https://169.254.169.254/"} {
		if _, err := open(now, "URL="+address); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
	if len(r.requests()) != 0 {
		t.Error("it was called")
	}
}

func TestEndlessAnswersAreCutAndBrokenOnesTriedAgain(t *testing.T) {
	r := newReceiver(t)
	r.answer(func(w http.ResponseWriter) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) }, func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	c := r.open()
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]; out.Err != nil {
		t.Error(out.Err)
	}
	if out := c.Upsert(t.Context(), []crm.Change{change(lead.LeadEvent, `{}`)})[0]; lead.KindOf(out.Err) != lead.Unavailable {
		t.Errorf("got %v", out.Err)
	}
}

func TestCheckAsksOnceAMinuteAndShowsNoKey(t *testing.T) {
	r := newReceiver(t)
	c := r.open("HEADER_1=X-Api-Key: letmein", "URL="+r.url+"/secret/{key}")
	for range 3 {
		if err := c.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.requests(); len(got) != 1 || got[0].method != "HEAD" || got[0].path != "/" || got[0].header.Get("X-Api-Key") != "" {
		t.Errorf("got %+v", got)
	}
}

func TestSettingsAreReadStrictly(t *testing.T) {
	for want, setting := range map[string]string{
		"URL: is required": "URL=", "must begin with https": "URL=http://example.org", "no user or password": "URL=https://a:b@example.org", "METHOD": "METHOD=GET",
		"CONFLICT": "CONFLICT=maybe", "SECRET: must be": "SECRET=whsec_%%%", `HEADER_1: must be "Name: value"`: "HEADER_1=novalue", "set by us": "HEADER_1=Idempotency-Key: x",
		"TEMPLATE: open": "TEMPLATE=/no/such/file", "there is no ${nothing}": "TEMPLATE=" + file(t, `{"a":"${nothing}"}`),
		"there is no ${fields.nothing}": "TEMPLATE=" + file(t, `{"a":["${fields.nothing}"]}`), "must be a JSON object": "TEMPLATE=" + file(t, `[]`),
		"TEMPLATE: invalid: duplicate key": "TEMPLATE=" + file(t, `{"a":1,"a":2}`), "MAPPING: ": "MAPPING=" + file(t, "version: 2"), "no such setting": "HEADER_21=a: b",
	} {
		_, err := open(now, "URL=https://example.org/leads", setting)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "%%%") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := open(now, "URL=https://example.org/leads/{key}"); err != nil {
		t.Error(err)
	}
}
