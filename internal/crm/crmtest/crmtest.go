// Package crmtest is what every CRM promises, as tests, and a CRM in memory that keeps the promises.
package crmtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
)

// Record is a CRM's record of one lead, as far as the suite looks at it.
type Record struct{ Partner, ID, Email, City, Status, LastEvent string }

// Harness connects the suite with a driver.
type Harness struct {
	// Open gives the driver with a far side that is up and empty.
	Open func(t *testing.T) crm.CRM
	// Down gives the driver with a far side that cannot be reached, or answers 503.
	Down func(t *testing.T) crm.CRM
	// Records reads every record of what Open gave, in any order.
	Records func(t *testing.T, c crm.CRM) []Record

	Secrets       []string // of the driver's settings: none may stand in an error
	Blind         bool     // the CRM cannot tell an unchanged record from an updated one
	NoActivities  bool     // the driver takes activities in a way of its own
	NoStrangeKeys bool     // the CRM's keys are GUIDs or the like; such ids are refused
}

// Run checks the promises of [crm.CRM].
func Run(t *testing.T, h Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"CheckPassesWhenTheCRMIsUp":           checkPasses,
		"NewLeadIsCreated":                    newLead,
		"SameChangeTwiceIsAsOnce":             sameTwice,
		"UpdateChangesFieldsOfTheOneRecord":   update,
		"AbsentFieldErasesNothing":            absent,
		"LeadsOfTwoPartnersNeverCollide":      partners,
		"EveryChangeOfABatchHasItsOutcome":    batch,
		"FarSideDownIsUnavailable":            down,
		"EndedContextIsHonoured":              ended,
		"NoErrorHoldsPersonalData":            private,
		"NoticeMakesNoRecord":                 notice,
		"StrangeIDsAreKeptApart":              strangeIDs,
		"ActivityUpdatesTheRecordOfItsLead":   activity,
		"ActivityWithoutItsLeadMakesNoRecord": noLead,
	} {
		t.Run(name, func(t *testing.T) { test(t, h) })
	}
}

// one upserts a single change that must pass.
func one(t *testing.T, c crm.CRM, ch crm.Change) crm.Outcome {
	t.Helper()
	outcomes := c.Upsert(t.Context(), []crm.Change{ch})
	if len(outcomes) != 1 {
		t.Fatalf("want one outcome, got %d", len(outcomes))
	}
	if outcomes[0].Err != nil {
		t.Fatalf("upsert of %s/%s: %v", ch.Event.Lead.Partner, ch.Event.Lead.ID, outcomes[0].Err)
	}
	return outcomes[0]
}

func wantResult(t *testing.T, got, want crm.Result) {
	t.Helper()
	if got != want {
		t.Errorf("want %s, got %s", want, got)
	}
}

// wantRecords compares what the CRM holds with what it should hold, by partner and id.
func wantRecords(t *testing.T, h Harness, c crm.CRM, want ...Record) {
	t.Helper()
	got := h.Records(t, c)
	if len(got) != len(want) {
		t.Fatalf("want %d records, got %d: %+v", len(want), len(got), got)
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || g == w
		}
		if !found {
			t.Errorf("want the record %+v among %+v", w, got)
		}
	}
}

// The id of the suite's plain lead.
const plainID = "4626a582-afb9-48bf-8d86-87e6fe91a842"

func plain() said { return said{privateEmail, "Minneapolis", "Matched"} }

func checkPasses(t *testing.T, h Harness) {
	if err := h.Open(t).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func newLead(t *testing.T, h Harness) {
	c := h.Open(t)
	out := one(t, c, leadChange("crf", plainID, 0, plain()))
	wantResult(t, out.Result, crm.Created)
	if out.ID == "" {
		t.Error("want the record's id")
	}
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Matched", ""})
}

func sameTwice(t *testing.T, h Harness) {
	c := h.Open(t)
	first := one(t, c, leadChange("crf", plainID, 0, plain()))
	second := one(t, c, leadChange("crf", plainID, 0, plain()))
	if second.Result == crm.Created || !h.Blind && second.Result != crm.Unchanged {
		t.Errorf("want unchanged, got %s", second.Result)
	}
	if first.ID != second.ID {
		t.Errorf("want the same record, got %s and %s", first.ID, second.ID)
	}
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Matched", ""})
}

func update(t *testing.T, h Harness) {
	c := h.Open(t)
	one(t, c, leadChange("crf", plainID, 0, plain()))
	out := one(t, c, leadChange("crf", plainID, 1, said{"new@example.com", "Saint Paul", "Qualified"}))
	wantResult(t, out.Result, crm.Updated)
	wantRecords(t, h, c, Record{"crf", plainID, "new@example.com", "Saint Paul", "Qualified", ""})
}

func absent(t *testing.T, h Harness) {
	c := h.Open(t)
	one(t, c, leadChange("crf", plainID, 0, plain()))
	one(t, c, leadChange("crf", plainID, 1, said{status: "Contacted"}))
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Contacted", ""})
}

func partners(t *testing.T, h Harness) {
	c := h.Open(t)
	one(t, c, leadChange("crf", plainID, 0, plain()))
	out := one(t, c, leadChange("other", plainID, 1, said{"other@example.com", "Duluth", "Reviewed"}))
	wantResult(t, out.Result, crm.Created)
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Matched", ""},
		Record{"other", plainID, "other@example.com", "Duluth", "Reviewed", ""})
}

func batch(t *testing.T, h Harness) {
	c := h.Open(t)
	const n = 32
	id := func(i int) string { return plainID[:34] + string(rune('a'+i/8%6)) + string(rune('0'+i%8)) }
	one(t, c, leadChange("crf", id(3), 0, plain()))
	changes := make([]crm.Change, n)
	want := make([]Record, n)
	for i := range n {
		city := "City " + string(rune('A'+i%26))
		changes[i] = leadChange("crf", id(i), 1, said{privateEmail, city, "Matched"})
		want[i] = Record{"crf", id(i), privateEmail, city, "Matched", ""}
	}
	outcomes := c.Upsert(t.Context(), changes)
	if len(outcomes) != n {
		t.Fatalf("want %d outcomes, got %d", n, len(outcomes))
	}
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatalf("change %d: %v", i, o.Err)
		}
		if want := crm.Created; i == 3 {
			wantResult(t, o.Result, crm.Updated)
		} else {
			wantResult(t, o.Result, want)
		}
	}
	wantRecords(t, h, c, want...)
	if out := c.Upsert(t.Context(), nil); len(out) != 0 {
		t.Errorf("want no outcome of no change, got %d", len(out))
	}
}

func down(t *testing.T, h Harness) {
	c := h.Down(t)
	start := time.Now()
	if err := c.Check(t.Context()); lead.KindOf(err) != lead.Unavailable {
		t.Errorf("Check: want an error of kind unavailable, got %v", err)
	}
	for _, o := range c.Upsert(t.Context(), []crm.Change{leadChange("crf", plainID, 0, plain()), leadChange("crf", plainID+"x", 0, plain())}) {
		if lead.KindOf(o.Err) != lead.Unavailable || o.ID != "" {
			t.Errorf("want an error of kind unavailable and no id, got %+v", o)
		}
		h.wantClean(t, o.Err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("a driver does not try again and again: it took %s", took)
	}
}

func ended(t *testing.T, h Harness) {
	c := h.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range c.Upsert(ctx, []crm.Change{leadChange("crf", plainID, 0, plain()), leadChange("crf", plainID+"y", 0, plain())}) {
		if o.Err == nil || lead.KindOf(o.Err) == lead.Refused || lead.KindOf(o.Err) == lead.Address {
			t.Errorf("want an error that lets the change be tried again, got %v", o.Err)
		}
		h.wantClean(t, o.Err)
	}
	wantRecords(t, h, c)
}

func notice(t *testing.T, h Harness) {
	c := h.Open(t)
	ch := crm.Change{Event: lead.Event{Type: "svix.notice", About: lead.Notice, Lead: lead.Lead{Partner: "crf"}}, Version: version(0), Payload: []byte(`{}`)}
	wantResult(t, one(t, c, ch).Result, crm.Unchanged)
	wantRecords(t, h, c)
}

// wantClean checks that an error holds nothing private.
func (h Harness) wantClean(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, s := range append([]string{privateEmail, privatePhone, privateName}, h.Secrets...) {
		if strings.Contains(err.Error(), s) {
			t.Errorf("an error holds %q: %v", s, err)
		}
	}
}

func private(t *testing.T, h Harness) {
	ch := leadChange("crf", "", 0, plain()) // no id: no CRM can take it
	for _, c := range []crm.CRM{h.Open(t), h.Down(t)} {
		for _, o := range c.Upsert(t.Context(), []crm.Change{ch}) {
			if o.Err == nil {
				t.Error("want an error for a lead without an id")
			}
			h.wantClean(t, o.Err)
		}
	}
}

func noLead(t *testing.T, h Harness) {
	if h.NoActivities {
		return
	}
	c := h.Open(t)
	out := c.Upsert(t.Context(), []crm.Change{activityChange("crf", plainID, "contract_signed", 0)})[0]
	if !errors.Is(out.Err, crm.ErrNoLead) || lead.KindOf(out.Err) != lead.Unavailable {
		t.Errorf("want ErrNoLead, of kind unavailable; got %v", out.Err)
	}
	h.wantClean(t, out.Err)
	wantRecords(t, h, c)
}
