package ledger

import (
	"cmp"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// leadState is a lead's row. The zero value is a lead of which nothing is known.
type leadState struct {
	Applied   lead.Version // the newest version that the CRM has
	Hash      string       // of the content that the CRM was last told; empty while that is not sure
	Activity  string       // hash of the last activity that the CRM was told
	Pending   lead.Version // the newest version that somebody began to tell; zero when that came to an end
	PendingAt time.Time    // when Pending was last touched
	Until     time.Time    // when the claim ends; zero when there is none
	Tries     int          // failed ones since the last success
}

// judge says what is to be done with a change at this moment, and for LeadBusy until when to wait.
func (st leadState) judge(c LeadChange, now time.Time) (LeadVerdict, time.Time) {
	switch {
	case st.Until.After(now):
		return LeadBusy, now.Add(min(claimWait, st.Until.Sub(now)))
	case c.Activity && c.Hash == st.Activity:
		return LeadUnchanged, time.Time{}
	case c.Activity:
		return LeadApply, time.Time{}
	case c.Version.Compare(st.Applied) < 0:
		return LeadStale, time.Time{}
	case c.Version.Compare(st.Pending) < 0 && now.Before(st.PendingAt.Add(pendingLimit)):
		return LeadBusy, now.Add(pendingWait)
	case c.Hash == st.Hash:
		return LeadUnchanged, time.Time{}
	}
	return LeadApply, time.Time{}
}

// claimed is the row while the change is being told. What the CRM holds is unsure from here on: were the hash kept,
// a crash after the call and a return to the former content would leave the CRM with the content in between.
func (st leadState) claimed(c LeadChange, now, until time.Time) leadState {
	st.Until = until
	if !c.Activity {
		st.Pending, st.PendingAt, st.Hash = c.Version, now, ""
	}
	return st
}

// settled is the row after the claim.
func (claim LeadClaim) settled(r LeadResult, now time.Time) leadState {
	if r == LeadUntried {
		st := claim.before
		st.Until = time.Time{}
		return st
	}
	st := claim.held
	st.Until = time.Time{}
	switch {
	case r == LeadApplied && claim.change.Activity:
		st.Activity, st.Tries = claim.change.Hash, 0
	case r == LeadApplied:
		st.Applied, st.Hash, st.Tries = claim.change.Version, claim.change.Hash, 0
		st.Pending, st.PendingAt = lead.Version{}, time.Time{}
	case r == LeadRefused && !claim.change.Activity:
		st.Pending, st.PendingAt = lead.Version{}, time.Time{}
	case r == LeadFailed:
		st.Tries++
		if !claim.change.Activity {
			st.PendingAt = now
		}
	}
	return st
}

// entity is the row. What is empty is left out; times are text, so that no digit is lost.
func (st leadState) entity(key string) *azure.Entity {
	e := azure.NewEntity(key, stateRowKey)
	for _, p := range [...]struct{ name, text string }{
		{"Applied", timeText(st.Applied.Time)}, {"AppliedReceipt", st.Applied.Receipt},
		{"Hash", st.Hash}, {"Activity", st.Activity},
		{"Pending", timeText(st.Pending.Time)}, {"PendingReceipt", st.Pending.Receipt},
		{"PendingAt", timeText(st.PendingAt)}, {"Until", timeText(st.Until)},
	} {
		if p.text != "" {
			e.Text(p.name, p.text)
		}
	}
	return e.Int("Tries", st.Tries)
}

// parseState reads a row.
func parseState(r azure.Row) (leadState, error) {
	st := leadState{
		Applied: lead.Version{Receipt: r.Text("AppliedReceipt")}, Pending: lead.Version{Receipt: r.Text("PendingReceipt")},
		Hash: r.Text("Hash"), Activity: r.Text("Activity"), Tries: r.Int("Tries"),
	}
	err := cmp.Or(
		parseTime(r.Text("Applied"), &st.Applied.Time), parseTime(r.Text("Pending"), &st.Pending.Time),
		parseTime(r.Text("PendingAt"), &st.PendingAt), parseTime(r.Text("Until"), &st.Until),
	)
	return st, err
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseTime(s string, t *time.Time) (err error) {
	if s != "" {
		*t, err = time.Parse(time.RFC3339Nano, s)
	}
	return err
}
