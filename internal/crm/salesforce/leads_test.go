package salesforce_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/salesforce"
)

func TestManyLeadsAreOneCall(t *testing.T) {
	w := newWorld(t, sim.Options{})
	changes := make([]crm.Change, 450)
	for i := range changes {
		changes[i] = leadOf(fmt.Sprintf("lead-%d", i), `"email":"a@example.com"`)
	}
	for i, o := range w.crm.Upsert(t.Context(), changes) {
		if o.Err != nil || o.Result != crm.Created {
			t.Fatalf("change %d: %+v", i, o)
		}
	}
	want := slices.Repeat([]string{"PATCH /composite/sobjects/Lead/CRF_Lead_Id__c"}, 3)
	if got := w.api(); !slices.Equal(got, want) {
		t.Errorf("want %v, got %v", want, got)
	}
}

func TestRepeatedKeyIsSentOnceWithWhatIsNewest(t *testing.T) {
	w := newWorld(t, sim.Options{})
	outs := w.crm.Upsert(t.Context(), []crm.Change{
		leadOf(leadID, `"phone":"1","businessAddress":{"city":"Duluth"}`), leadOf("other", ""), leadOf(leadID, `"phone":"2"`),
	})
	for i, o := range outs {
		if o.Err != nil || o.ID == "" {
			t.Fatalf("change %d: %+v", i, o)
		}
	}
	rows := w.org.Records("Lead")
	if len(rows) != 2 || rows[0]["Phone"] != "2" || rows[0]["City"] != "Duluth" || outs[0].ID != outs[2].ID {
		t.Errorf("got %v", rows)
	}
}

func TestOneBadLeadDoesNotKeepTheOthersOut(t *testing.T) {
	for name, bad := range map[string]string{
		"item refused": `"email":"no address"`, "whole call refused": `"dateCreated":"0001-01-01T00:00:00Z","netProfit":1e30`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sim.Options{})
			if name == "whole call refused" {
				w.org.Script(sim.Fault{Path: "composite", Status: 400, Code: "JSON_PARSER_ERROR"})
			}
			outs := w.crm.Upsert(t.Context(), []crm.Change{leadOf("a", ""), leadOf("b", bad), leadOf("c", "")})
			if outs[0].Err != nil || outs[2].Err != nil || lead.KindOf(outs[1].Err) != lead.Refused || outs[1].Err == nil {
				t.Errorf("got %+v", outs)
			}
			if n := len(w.org.Records("Lead")); n != 2 {
				t.Errorf("want two leads, got %d", n)
			}
		})
	}
}

func TestDefaultsNeverReplaceWhatPeopleTyped(t *testing.T) {
	w := newWorld(t, sim.Options{})
	first := leadOf(leadID, "")
	first.Payload = []byte(`{"id":"x","email":"a@example.com"}`)
	w.upsert(first)
	if r := w.only("Lead"); r["LastName"] != "(unknown)" || r["Company"] != "(not provided)" {
		t.Fatalf("got %v", r)
	}
	w.org.Set("Lead", w.only("Lead")["Id"].(string), map[string]any{"LastName": "Typed", "Company": "By People"})
	first.Payload = []byte(`{"id":"x","email":"b@example.com"}`)
	if out := w.upsert(first); out.Result != crm.Updated {
		t.Errorf("got %s", out.Result)
	}
	if r := w.only("Lead"); r["LastName"] != "Typed" || r["Company"] != "By People" || r["Email"] != "b@example.com" {
		t.Errorf("got %v", r)
	}
}

func TestOwnersJumpOnlyWhenNewLeadsAreToBeAssigned(t *testing.T) {
	for setting, want := range map[string]bool{"ASSIGNMENT=off": false, "ASSIGNMENT=on": true, "ASSIGNMENT=01Qsim000000001": true} {
		w := newWorld(t, sim.Options{}, setting)
		w.upsert(leadOf(leadID, ""))
		if got := w.only("Lead")["OwnerId"] == sim.AssignmentQueue; got != want {
			t.Errorf("%s: assigned: %v", setting, got)
		}
		w.org.Set("Lead", w.only("Lead")["Id"].(string), map[string]any{"OwnerId": "005000000000042AAA"})
		w.upsert(leadOf(leadID, `"phone":"1"`))
		w.upsert(eventOf(leadID, "contract_signed", noon()))
		if got := w.only("Lead"); got["OwnerId"] != "005000000000042AAA" || got["Phone"] != "1" || got["Rating"] != "Warm" {
			t.Errorf("%s: an update changed the owner: %v", setting, got)
		}
	}
}

func TestDuplicateRulesAreObeyedAsConfigured(t *testing.T) {
	for _, c := range []struct {
		rule, setting string
		pass          bool
	}{{"alert", "allow", true}, {"alert", "reject", false}, {"block", "allow", false}, {"", "reject", true}} {
		w := newWorld(t, sim.Options{DuplicateRule: c.rule}, "DUPLICATES="+c.setting)
		w.upsert(leadOf("one", ""))
		out := w.crm.Upsert(t.Context(), []crm.Change{leadOf("two", "")})[0]
		if (out.Err == nil) != c.pass || !c.pass && (lead.KindOf(out.Err) != lead.Refused || lead.CodeOf(out.Err) != "DUPLICATES_DETECTED") {
			t.Errorf("%+v: got %v", c, out.Err)
		}
	}
}

func TestActivityIsOneEventAndUpdatesItsLead(t *testing.T) {
	w := newWorld(t, sim.Options{})
	id := w.upsert(leadOf(leadID, "")).ID
	ch := eventOf(leadID, "mortgage_ready", noon())
	for _, want := range []crm.Result{crm.Updated, crm.Unchanged, crm.Unchanged} {
		if out := w.upsert(ch); out.Result != want || out.ID != id {
			t.Errorf("want %s of %s, got %+v", want, id, out)
		}
	}
	event, task, about := w.only("CRF_Event__c"), w.only("Task"), w.only("Lead")
	if event["CRF_Lead__c"] != id || event["CRF_Type__c"] != "credzu.mortgage_ready" || event["CRF_Payload__c"] != `{"n":1}` {
		t.Errorf("event %v", event)
	}
	if task["WhoId"] != id || task["ActivityDate"] != "2026-03-02" || task["Priority"] != "High" {
		t.Errorf("task %v", task)
	}
	if about["Rating"] != "Hot" || about["CRF_Last_Event__c"] != "credzu.mortgage_ready" {
		t.Errorf("lead %v", about)
	}
}

func TestLateEventLeavesTheNewerOnesFields(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.upsert(leadOf(leadID, ""))
	w.upsert(eventOf(leadID, "escrow_funded", noon()))
	w.upsert(eventOf(leadID, "client_engaged_in_chat", noon().Add(-time.Hour)))
	if r := w.only("Lead"); r["CRF_Credzu_Event__c"] != "escrow_funded" || r["CRF_Last_Event__c"] != "credzu.escrow_funded" {
		t.Errorf("got %v", r)
	}
	if n := len(w.org.Records("CRF_Event__c")); n != 2 {
		t.Errorf("want both events, got %d", n)
	}
}

func TestEventThatOvertakesItsLeadWritesNothing(t *testing.T) {
	w := newWorld(t, sim.Options{})
	if err := w.refuse(eventOf(leadID, "mortgage_ready", noon()), lead.Unavailable); !errors.Is(err, crm.ErrNoLead) {
		t.Errorf("got %v", err)
	}
	if len(w.org.Records("Lead"))+len(w.org.Records("CRF_Event__c"))+len(w.org.Records("Task")) != 0 {
		t.Error("something was written")
	}
	w.upsert(leadOf(leadID, ""))
	w.upsert(eventOf(leadID, "mortgage_ready", noon()))
	w.only("Task")
}

func TestLeadThatVanishesBetweenTwoCallsIsNoLead(t *testing.T) {
	w := newWorld(t, sim.Options{})
	id := w.upsert(leadOf(leadID, "")).ID
	w.org.Script(sim.Fault{Item: id, ItemCode: "ENTITY_IS_DELETED"})
	if err := w.refuse(eventOf(leadID, "contract_signed", noon()), lead.Unavailable); !errors.Is(err, crm.ErrNoLead) {
		t.Errorf("got %v", err)
	}
}

func TestConvertedLeadKeepsItsEventsAndTakesNoUpdates(t *testing.T) {
	w := newWorld(t, sim.Options{})
	id := w.upsert(leadOf(leadID, "")).ID
	w.org.Set("Lead", id, map[string]any{"IsConverted": true, "ConvertedContactId": "003sim000000001AAA"})
	if out := w.upsert(eventOf(leadID, "mortgage_ready", noon())); out.Result != crm.Updated {
		t.Errorf("got %+v", out)
	}
	if e := w.only("CRF_Event__c"); e["CRF_Lead__c"] != nil || e["CRF_Type__c"] != "credzu.mortgage_ready" {
		t.Errorf("got %v", e)
	}
	if w.only("Task")["WhoId"] != "003sim000000001AAA" || w.only("Lead")["Rating"] != nil {
		t.Errorf("got %v and %v", w.only("Task"), w.only("Lead"))
	}
	if err := w.refuse(leadOf(leadID, `"phone":"1"`), lead.Refused); lead.CodeOf(err) != "CANNOT_UPDATE_CONVERTED_LEAD" {
		t.Errorf("got %v", err)
	}
}

func TestRemovedLeadIsClosedAndKept(t *testing.T) {
	w := newWorld(t, sim.Options{})
	removed := leadOf(leadID, "")
	removed.Payload = []byte(strings.Replace(string(removed.Payload), "Submitted", "Removed", 1))
	if out := w.upsert(removed); out.Result != crm.Created { // the org has never seen it: an update alone makes its record
		t.Errorf("got %s", out.Result)
	}
	if r := w.only("Lead"); r["Status"] != "Closed - Not Converted" || r["CRF_State__c"] != "Removed" {
		t.Errorf("got %v", r)
	}
}

func TestDeletedLeadIsMadeAgainByItsNextEvent(t *testing.T) {
	w := newWorld(t, sim.Options{})
	id := w.upsert(leadOf(leadID, "")).ID
	w.org.Delete("Lead", id)
	if out := w.upsert(leadOf(leadID, "")); out.Result != crm.Created || out.ID == id {
		t.Errorf("got %+v", out)
	}
}

func TestKeyOfTwoRecordsIsAConflict(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for range 2 {
		w.org.Put("Lead", map[string]any{"CRF_Lead_Id__c": leadID, "LastName": "Twin", "Company": "c"})
	}
	w.refuse(leadOf(leadID, ""), lead.Refused)
	w.refuse(eventOf(leadID, "contract_signed", noon()), lead.Refused)
}

func TestActivityOfNoLeadCanBeANote(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for _, want := range []crm.Result{crm.Created, crm.Unchanged} {
		if out := w.crm.Note(t.Context(), eventOf(leadID, "mortgage_ready", noon())); out.Err != nil || out.Result != want {
			t.Errorf("want %s, got %+v", want, out)
		}
	}
	if e := w.only("CRF_Event__c"); e["CRF_Lead__c"] != nil {
		t.Errorf("got %v", e)
	}
}
