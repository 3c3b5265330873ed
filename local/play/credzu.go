package play

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"leadrelay/internal/lead"
)

// credzuBody is the document's "Webhook Payload Structure" (seeds/000).
type credzuBody struct {
	Event         string         `json:"event"`
	Timestamp     string         `json:"timestamp"`
	LeadID        int            `json:"lead_id"`
	PartnerLeadID *string        `json:"partner_lead_id,omitempty"` // "if provided when creating the lead"
	Details       map[string]any `json:"details"`
}

func credzu() Partner {
	return Partner{
		Kind: "credzu", Title: "Credzu", Unit: "event", Schedule: credzuSchedule(),
		Events: []string{"lead_received", "client_account_created", "credit_scan_completed", "client_engaged_in_chat",
			"contract_signed", "escrow_funded", "score_update", "mortgage_ready"},
		checkID: func(id string) error {
			if n, err := strconv.Atoi(id); err != nil || n <= 0 {
				return errors.New("a lead_id of Credzu is a whole number above 0")
			}
			return nil
		},
		make: func(d dice, o Options) Notification {
			id := o.UpdateOf
			if id == "" {
				id = strconv.Itoa(d.between(10_000, 9_999_999))
			}
			event := o.Event
			if event == "" {
				event = pick(d, credzu().Events)
			}
			who := rollFor("credzu " + id)
			b := credzuBody{Event: event, Details: credzuDetails(d, event)}
			b.LeadID, _ = strconv.Atoi(id) // it was made or checked above
			if who.chance(80) {
				ref := fmt.Sprintf("FBHL-%05d", who.IntN(100_000))
				b.PartnerLeadID = &ref
			}
			b.Timestamp = who.when().Add(time.Duration(d.Int64N(int64(90 * day)))).Format(time.RFC3339)
			return Notification{Lead: id, Event: event, Body: encode(b)}
		},
	}
}

// credzuDetails invents what the document only says to vary by event.
func credzuDetails(d dice, event string) map[string]any {
	switch event {
	case "client_account_created":
		return map[string]any{"client_name": pick(d, firstNames()) + " " + pick(d, lastNames())}
	case "credit_scan_completed":
		return map[string]any{"scores": scores(d), "negative_items": d.IntN(25)}
	case "client_engaged_in_chat":
		return map[string]any{"messages": d.between(1, 12), "last_message": pick(d, []string{"How long will it take?", "¿Cuándo empieza?", "Thanks! 👍", "ok", ""})}
	case "contract_signed":
		return map[string]any{"contract_id": fmt.Sprintf("CTR-%06d", d.IntN(1_000_000)), "service_fee": dollars(d, 300, 2_500)}
	case "escrow_funded":
		return map[string]any{"amount": dollars(d, 300, 2_500), "method": pick(d, []string{"ach", "card", "wire"})}
	case "score_update":
		return map[string]any{"scores": scores(d), "gain": d.between(-20, 85), "next_update_days": 45}
	case "mortgage_ready":
		return map[string]any{"scores": scores(d), "goal_reached": true, "loan_officer": optional(d, pick(d, firstNames()))}
	default:
		return map[string]any{}
	}
}

func scores(d dice) map[string]any {
	return map[string]any{"equifax": d.between(480, 810), "experian": optional(d, d.between(480, 810)), "transunion": d.between(480, 810)}
}

// dollars has two decimals, whatever its value.
func dollars(d dice, lo, hi int) lead.Decimal {
	cents := 0
	if d.chance(30) {
		cents = d.IntN(100)
	}
	return lead.Decimal(fmt.Sprintf("%d.%02d", d.between(lo, hi), cents))
}
