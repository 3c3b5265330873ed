package dataverse_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/referral"
	sim "leadrelay/local/crmsim/dataverse"
)

var update = flag.Bool("update", false, "write the golden transcripts instead of comparing with them")

// transcript writes calls as a person reads them; ids that the organisation made up are <guid>.
func transcript(log []sim.Exchange, made ...string) string {
	var b strings.Builder
	for _, e := range log {
		fmt.Fprintf(&b, "%s %s\n", e.Method, e.Path)
		for _, name := range slices.Sorted(maps.Keys(e.Header)) {
			fmt.Fprintf(&b, "%s: %s\n", name, e.Header[name])
		}
		fmt.Fprintf(&b, "\n%s\n--> %d\n%s\n\n", e.Body, e.Status, e.Answer)
	}
	text := b.String()
	for _, id := range made {
		text = strings.ReplaceAll(text, id, "<guid>")
	}
	return text
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the calls are\n%s\nwant\n%s", name, got, want)
	}
}

func TestCallsAreThoseOfTheGoldenTranscripts(t *testing.T) {
	for name, changes := range map[string][]crm.Change{
		"crf_lead":         {crfLead(t)},
		"crf_removed":      {crfLead(t, `"Submitted"`, `"Removed"`)},
		"credzu_event":     {crfLead(t), credzuEvent(t, "mortgage_ready", "2025-01-22T17:38:12Z")},
		"referral_created": {change(t, "referral", referral.Sample())},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			for _, ch := range changes {
				w.org.ForgetLog()
				w.must(t, ch)
			}
			golden(t, name, transcript(w.org.Log(), w.lead(t)["leadid"]))
		})
	}
}

func TestLeadKeepsItsDigitsAndItsWords(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	got := w.lead(t)
	for column, want := range map[string]string{
		"crf_leadid": "4626a582-afb9-48bf-8d86-87e6fe91a842", "subject": "Loan - Some Company LLC. - Working Capital", "lastname": "Lastnameson",
		"estimatedamount": "25000.00", "address1_latitude": "44.96428", "address1_longitude": "-93.26399", "crf_fraudscore": "0.15",
		"numberofemployees": "3", "preferredcontactmethodcode": "3", "purchasetimeframe": "0", "leadsourcecode": "4", "crf_ficoscore": "_660To699",
		"crf_collateraltypes": "Inventory", "crf_hasbusinessplan": "true", "crf_datecreated": "2020-05-08T23:09:15Z", "statecode": "0", "statuscode": "1",
		"crf_duplicateid": "Ks645Ke3aO0TOfUcdHKvQpPOd9QhOu9/RklhkHxHz2Q=", "crf_producttags": "Minneapolis Metro Team", "crf_fundedinterestrate": "1.5",
	} {
		if got[column] != want {
			t.Errorf("%s: want %q, got %q", column, want, got[column])
		}
	}
	for _, column := range []string{"crf_ownershipdemographics", "crf_ipaddress", "crf_payload", "industrycode", "address1_line2", "crf_howdidyouhear", "qualificationcomments"} {
		if got[column] != "" {
			t.Errorf("%s should not be written, and is", column)
		}
	}
	for _, e := range w.org.Log() {
		for _, private := range []string{"Veteran", "127.0.0.1"} {
			if strings.Contains(e.Body, private) {
				t.Errorf("protected data left the house: %q", private)
			}
		}
	}
}

func TestStateIsBroughtInASecondStepAndOnlyWhenItDiffers(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t, `"Matched"`, `"Withdrawn"`))
	if got := w.lead(t); got["statecode"] != "2" || got["statuscode"] != "5" {
		t.Errorf("want 2/5, Cannot Contact; got %s/%s", got["statecode"], got["statuscode"])
	}
	w.org.ForgetLog()
	w.must(t, crfLead(t, `"Matched"`, `"Withdrawn"`, "bob@", "rob@"))
	if got := w.calls(); len(got) != 1 {
		t.Errorf("the state is right already: want one call, got %v", got)
	}
	w.must(t, crfLead(t)) // it is open again: the partner took it back
	if got := w.lead(t); got["statecode"] != "0" || got["statuscode"] != "1" {
		t.Errorf("want 0/1, got %s/%s", got["statecode"], got["statuscode"])
	}
}

func TestNewNeverReplacesWhatPeopleHaveSet(t *testing.T) {
	w := newWorld(t, nil)
	out := w.must(t, crfLead(t))
	w.org.Edit("leads", out.ID, map[string]string{"statuscode": "2"})
	w.must(t, crfLead(t, "bob@", "rob@"))
	if got := w.lead(t)["statuscode"]; got != "2" {
		t.Errorf("want Contacted kept, got %s", got)
	}
	w.must(t, crfLead(t, `"Matched"`, `"Qualified"`))
	if got := w.lead(t); got["statuscode"] != "2" || got["crf_status"] != "Qualified" {
		t.Errorf("qualifying is a person's decision: got %s, %s", got["statuscode"], got["crf_status"])
	}
}

func TestRemovedLeadIsCanceledAndNothingIsDeleted(t *testing.T) {
	for name, before := range map[string]bool{"known": true, "never seen": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			if before {
				w.must(t, crfLead(t))
			}
			w.must(t, crfLead(t, `"Submitted"`, `"Removed"`))
			if got := w.lead(t); got["statecode"] != "2" || got["statuscode"] != "7" || got["crf_state"] != "Removed" || got["lastname"] != "Lastnameson" {
				t.Errorf("want a canceled lead with its data, got %s/%s %s", got["statecode"], got["statuscode"], got["crf_state"])
			}
		})
	}
}

func TestDefaultsAndWriteOnceAreForNewRecordsOnly(t *testing.T) {
	text, err := mapping.Default("dataverse")
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapping.Parse([]byte(strings.Replace(string(text), "crf_leadowner: {path: leadOwner,", "crf_leadowner: {path: leadOwner, writeOnce: true,", 1)))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Mapping = m })
	nameless := []string{`"Lastnameson"`, `null`}
	if out := w.must(t, crfLead(t, nameless...)); out.Result != crm.Created {
		t.Errorf("want created, got %s", out.Result)
	}
	if got := w.lead(t); got["lastname"] != "(unknown)" || got["crf_leadowner"] != "Bob Productownerson" {
		t.Errorf("want the default and the owner, got %q, %q", got["lastname"], got["crf_leadowner"])
	}
	w.must(t, crfLead(t))
	if out := w.must(t, crfLead(t, append(nameless, "Bob Productownerson", "Eve Other")...)); out.Result != crm.Updated {
		t.Errorf("want updated, got %s", out.Result)
	}
	if got := w.lead(t); got["lastname"] != "Lastnameson" || got["crf_leadowner"] != "Bob Productownerson" {
		t.Errorf("an update wrote over what is for new records only: %q, %q", got["lastname"], got["crf_leadowner"])
	}
}

func TestLostRaceForANewKeyIsRepeatedOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.org.Script(sim.Fault{Method: "PATCH", Status: 412, Code: "0x80060892"})
	w.must(t, crfLead(t))
	if got := w.calls(); len(got) != 2 {
		t.Errorf("want two calls, got %v", got)
	}
	w.org.Script(sim.Fault{Method: "PATCH", Status: 412, Code: "0x80060892", Times: 2})
	if out := w.one(t, crfLead(t)); lead.KindOf(out.Err) != lead.Refused {
		t.Errorf("a key that is taken for good is a conflict: %v", out.Err)
	}
}

func TestDuplicateRulesRefuseOnlyWhereTheLenderWantsIt(t *testing.T) {
	for _, reject := range []bool{false, true} {
		w := newWorld(t, func(_ *sim.Options, c *dataverse.Config) { c.Duplicates = reject })
		w.must(t, crfLead(t))
		out := w.one(t, crfLead(t, "4626a582", "5626a582"))
		if refused := lead.KindOf(out.Err) == lead.Refused; out.Err != nil != reject || refused != reject {
			t.Errorf("reject %t: %v", reject, out.Err)
		}
	}
}

func TestReferralIsALeadOfItsOwn(t *testing.T) {
	w := newWorld(t, nil)
	ch := change(t, "referral", referral.Sample())
	ch.Version.Time = time.Now()
	w.must(t, ch)
	if got := w.lead(t); !strings.HasPrefix(got["crf_leadid"], "referral.") || got["companyname"] != "Downweed Ltd." || got["crf_dateofbirth"] != "" {
		t.Errorf("want the referral without its date of birth, got %s", got["crf_leadid"])
	}
}

func TestVerificationWritesItsOutcomeAndNeverItsProofs(t *testing.T) {
	w := newWorld(t, nil)
	w.must(t, crfLead(t))
	ch := change(t, "cr3dentials", cr3dentials.Sample())
	ch.Event.Lead.Partner, ch.Event.Lead.ID = "crf", "4626a582-afb9-48bf-8d86-87e6fe91a842" // as the drain links it
	w.must(t, ch)
	if got := w.lead(t); got["crf_verificationstatus"] != "VERIFIED" || got["crf_verificationscore"] != "95" || got["crf_verifiedat"] != "2024-01-15T14:30:00Z" {
		t.Errorf("want the outcome, got %q %q %q", got["crf_verificationstatus"], got["crf_verificationscore"], got["crf_verifiedat"])
	}
	notes := w.org.Records("annotations")
	if len(notes) != 1 || !strings.Contains(notes[0]["notetext"], "verificationScore") {
		t.Errorf("want one note with the formatted data, got %d", len(notes))
	}
	for _, e := range w.org.Log() {
		if strings.Contains(e.Body, "monthlyAmount") {
			t.Error("proofs left the house")
		}
	}
}
