package play

import (
	"fmt"
	"time"

	"leadrelay/internal/lead"
)

// progress is where the lead stands, and what people on the way to there have written down: it is new in each update.
func (l *crfLead) progress(d dice, status string) {
	v := crfLookups()
	l.Status = status
	if d.chance(3) {
		l.State = "Removed"
	}
	if d.chance(80) {
		owner := somebody(d)
		name := owner.first + " " + owner.last
		l.LeadOwner = &name
	}
	if !d.chance(8) {
		l.FraudScore = fraud(d)
	}
	switch status {
	case "Funded":
		created, _ := time.Parse(time.RFC3339, l.DateCreated) // written above
		on := crfTime(created.Add(time.Duration(d.Int64N(int64(60 * day)))))
		l.Funded = &crfFunded{Amount: amount(d), InterestRate: percent(d, 3, 12), APR: percent(d, 3, 14),
			TermMonths: lead.Decimal(fmt.Sprint(d.between(6, 120))), Date: optional(d, on)}
		if !d.chance(30) {
			l.Funded.Amortization = l.Funded.TermMonths
		}
	case "Disqualified":
		l.Disqualified = new(pick(d, v.disqualified))
	case "Withdrawn":
		l.Withdrawn = new(pick(d, v.withdrawn))
	}
	if is(l.Disqualified, "Other") || is(l.Withdrawn, "Other") {
		l.OtherReasonText = new(pick(d, []string{"Moved out of state", "Found a partner instead — no loan needed", "No respondió a 3 llamadas", ""}))
	}
}

func is(s *string, value string) bool { return s != nil && *s == value }

// amount is a sum as people ask for it: mostly round.
func amount(d dice) lead.Decimal {
	if d.chance(70) {
		return lead.Decimal(fmt.Sprintf("%d00.00", d.between(20, 5_000)))
	}
	return dollars(d, 2_000, 500_000)
}

// fraud is 0 for most; "any lead at or above 0.85 will not be matched" (seeds/001, "Fraud Score").
func fraud(d dice) lead.Decimal {
	if d.chance(60) {
		return "0"
	}
	return lead.Decimal(fmt.Sprintf("0.%04d", d.IntN(8500)))
}
