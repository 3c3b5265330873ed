package play

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// verification is the document's "Default Webhook Payload" (seeds/002 and 004). Only its first form is documented:
// the types other than verification.completed and the statuses other than VERIFIED are assumptions.
type verification struct {
	Type   string  `json:"type"`
	Status string  `json:"status"`
	Data   outcome `json:"data"`
}

type outcome struct {
	VerificationID string         `json:"verificationId"`
	SessionID      any            `json:"sessionId"`
	StepID         *int           `json:"stepId,omitempty"`
	Status         string         `json:"status"`
	ProofData      map[string]any `json:"proofData,omitempty"`
	FormattedData  map[string]any `json:"formattedData,omitempty"`
	Metadata       map[string]any `json:"metadata,omitempty"`
}

func cr3dentials() Partner {
	return Partner{
		Kind: "cr3dentials", Title: "Cr3dentials", Unit: "verification", Header: "secret", Schedule: cr3dentialsSchedule(),
		Events: []string{"completed", "failed", "expired", "manual_review"}, // "When Webhooks Are Triggered"
		checkID: func(id string) error {
			if len(id) > 100 {
				return errors.New("a sessionId of Cr3dentials has at most 100 characters here")
			}
			return nil
		},
		make: func(d dice, o Options) Notification {
			id := o.UpdateOf
			if id == "" {
				id = strconv.Itoa(d.between(100, 99_999_999))
			}
			event := o.Event
			if event == "" {
				event = pick(d, []string{"completed", "completed", "completed", "failed", "expired", "manual_review"})
			}
			return Notification{Lead: id, Event: event, Body: encode(verify(d, id, event))}
		},
	}
}

func verify(d dice, session, event string) verification {
	who := rollFor("cr3dentials " + session)
	v := verification{Type: "verification." + event, Status: "failed"}
	v.Data = outcome{VerificationID: fmt.Sprintf("ver_%016x", who.Uint64()), SessionID: session, StepID: optional(d, d.between(1, 999))}
	if n, err := strconv.Atoi(session); err == nil && strconv.Itoa(n) == session {
		v.Data.SessionID = n // the document's sample has a number
	}
	switch {
	case event == "expired":
		v.Data.Status = "EXPIRED"
	case event == "failed", event == "manual_review" && d.chance(40):
		v.Data.Status = "REJECTED"
	default:
		v.Status, v.Data.Status = "success", "VERIFIED"
	}
	source := pick(who, []string{"chase-bank", "wells-fargo", "adp-payroll", "irs-transcript", "credit-union-México"})
	if event != "expired" {
		v.Data.ProofData = proofData(d, source, v.Status == "success")
		v.Data.FormattedData = map[string]any{"incomeVerified": v.Status == "success", "verificationScore": d.IntN(101)}
	}
	if !d.chance(15) {
		v.Data.Metadata = map[string]any{"dataSource": source, "processingTimeMs": d.between(800, 90_000),
			"verifiedAt": who.when().Add(time.Duration(d.Int64N(int64(30 * day)))).Format(time.RFC3339)}
	}
	return v
}

// proofData varies by source, as "Raw verification data from the source" says.
func proofData(d dice, source string, verified bool) map[string]any {
	income := map[string]any{"monthlyAmount": d.between(900, 24_000), "verified": verified, "source": source}
	if d.chance(25) {
		income["monthlyAmount"] = dollars(d, 900, 24_000)
	}
	out := map[string]any{"income": income}
	if d.chance(30) {
		p := somebody(d)
		out["identity"] = map[string]any{"name": p.first + " " + p.last, "matched": verified}
	}
	return out
}
