package crmtest

import (
	"testing"

	"leadrelay/internal/crm"
)

func activity(t *testing.T, h Harness) {
	if h.NoActivities {
		return
	}
	c := h.Open(t)
	one(t, c, leadChange("crf", plainID, 0, plain()))
	ch := activityChange("crf", plainID, "contract_signed", 1)
	wantResult(t, one(t, c, ch).Result, crm.Updated)
	if again := one(t, c, ch).Result; !h.Blind {
		wantResult(t, again, crm.Unchanged)
	}
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Matched", "credzu.contract_signed"})

	one(t, c, leadChange("crf", plainID, 2, said{privateEmail, "Minneapolis", "Qualified"}))
	wantRecords(t, h, c, Record{"crf", plainID, privateEmail, "Minneapolis", "Qualified", "credzu.contract_signed"})
}

func strangeIDs(t *testing.T, h Harness) {
	if h.NoStrangeKeys {
		return
	}
	c := h.Open(t)
	var changes []crm.Change
	var want []Record
	for _, id := range []string{
		"a/b", "a^2Fb", "a%2Fb", `a\b`, "a#b", "a?b", "a&b", "a+b", "a b", "a'b", "a''b", `a"b`, "a;b", "A;B", "a,b=c", "a)b",
		"..", "a\tb", "a\x00b", "a\u0085b", "é", "e\u0301", "日本", "\U0001F600", "44921", "044921", "<id>", "$batch",
	} {
		changes = append(changes, leadChange("crf", id, 0, plain()))
		want = append(want, Record{"crf", id, privateEmail, "Minneapolis", "Matched", ""})
	}
	for round, result := range []crm.Result{crm.Created, crm.Unchanged} {
		for i, o := range c.Upsert(t.Context(), changes) {
			if o.Err != nil {
				t.Fatalf("id %q: %v", want[i].ID, o.Err)
			}
			if round == 0 || !h.Blind {
				wantResult(t, o.Result, result)
			}
		}
	}
	wantRecords(t, h, c, want...)
}
