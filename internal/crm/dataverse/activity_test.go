package dataverse_test

import (
	"errors"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner/cr3dentials"
	sim "leadrelay/local/crmsim/dataverse"
)

func TestEventFindsItsLeadByThePartnersReference(t *testing.T) {
	w := newWorld(t, nil)
	made := w.must(t, crfLead(t))
	out := w.must(t, credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z"))
	if out.Result != crm.Updated || out.ID != made.ID {
		t.Errorf("want the lead updated, got %s of %q", out.Result, out.ID)
	}
	if got := w.lead(t); got["crf_credzuevent"] != "mortgage_ready" || got["leadqualitycode"] != "1" {
		t.Errorf("want a hot lead, got %q", got["leadqualitycode"])
	}
	if n, k := w.org.Records("annotations"), w.org.Records("tasks"); len(n) != 1 || n[0]["objectid"] != made.ID || len(k) != 1 || k[0]["regardingobjectid"] != made.ID {
		t.Errorf("want a note and a task at the lead, got %v and %v", n, k)
	}
}

func TestSameEventTwiceIsAsOnceAndWritesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	ch := credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z")
	w.must(t, ch)
	w.org.ForgetLog()
	if out := w.must(t, ch); out.Result != crm.Unchanged {
		t.Errorf("want unchanged, got %s", out.Result)
	}
	for _, e := range w.org.Log() {
		if e.Method == "PATCH" && e.Status != 412 {
			t.Errorf("wrote again: %s %s %d", e.Method, e.Path, e.Status)
		}
	}
	if n := len(w.org.Records("annotations")) + len(w.org.Records("tasks")); n != 2 {
		t.Errorf("want one note and one task, got %d records", n)
	}
}

func TestLateEventLeavesTheColumnsToTheNewerOneAndKeepsItsNote(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	w.must(t, credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z"))
	w.must(t, credzuEvent(t, "contract_signed", "2025-01-21T00:00:00Z"))
	if got := w.lead(t); got["crf_credzuevent"] != "mortgage_ready" || got["crf_lasteventat"] != "2025-01-22T17:38:12Z" || got["leadqualitycode"] != "1" {
		t.Errorf("want the newer event's columns, got %q %q %q", got["crf_credzuevent"], got["crf_lasteventat"], got["leadqualitycode"])
	}
	if n := len(w.org.Records("annotations")); n != 2 {
		t.Errorf("want two notes, got %d", n)
	}
}

func TestEventWithoutItsLeadMakesNothingAndWaits(t *testing.T) {
	w := newWorld(t, nil)
	out := w.one(t, credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z"))
	if !errors.Is(out.Err, crm.ErrNoLead) || lead.KindOf(out.Err) != lead.Unavailable {
		t.Errorf("want ErrNoLead of kind unavailable, got %v", out.Err)
	}
	if n := len(w.org.Records("leads")) + len(w.org.Records("annotations")) + len(w.org.Records("tasks")); n != 0 {
		t.Errorf("want nothing, got %d records", n)
	}
}

func TestEventAboutADeletedLeadDoesNotMakeItAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	w.org.Script(sim.Fault{Method: "PATCH", Path: "leads(", Status: 404, Code: "0x80040217"}) // deleted between reading and writing
	if out := w.one(t, credzuEvent(t, "contract_signed", "2025-01-22T17:38:12Z")); !errors.Is(out.Err, crm.ErrNoLead) {
		t.Errorf("want ErrNoLead, got %v", out.Err)
	}
}

func TestUnlinkedEventIsANoteOfItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	ch := change(t, "cr3dentials", cr3dentials.Sample())
	for _, want := range []crm.Result{crm.Created, crm.Unchanged} {
		if out := w.crm.Note(t.Context(), ch); out.Err != nil || out.Result != want || out.ID == "" {
			t.Errorf("want %s, got %+v", want, out)
		}
	}
	if n := w.org.Records("annotations"); len(n) != 1 || n[0]["objectid"] != "" {
		t.Errorf("want one note without a lead, got %v", n)
	}
	ch.Event.Type = "acme.something"
	if out := w.crm.Note(t.Context(), ch); lead.KindOf(out.Err) != lead.Refused {
		t.Errorf("what the map writes no note for is not lost silently: %v", out.Err)
	}
}

func TestEventWithoutATimeIsOrderedByWhenItCame(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	ch := credzuEvent(t, "contract_signed", "2025-01-22T17:38:12Z")
	ch.Event.Occurred = time.Time{}
	w.must(t, ch)
	if got := w.lead(t)["crf_lasteventat"]; got != "2026-03-02T11:00:00Z" {
		t.Errorf("want the time of receipt, got %q", got)
	}
}
