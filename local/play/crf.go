package play

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/lead"
)

// crf is CRF Connect. Its events are the lead's statuses; an update is the same lead id with other content.
func crf() Partner {
	return Partner{
		Kind: "crf", Title: "CRF Connect", Unit: "lead", Header: "X-Api-Key", Schedule: crfSchedule(),
		Events: crfLookups().statuses,
		checkID: func(id string) error {
			if !lead.IsUUID(id) {
				return errors.New("a lead id of CRF Connect is a GUID")
			}
			return nil
		},
		make: func(d dice, o Options) Notification {
			id, status := o.UpdateOf, o.Event
			if id == "" {
				id = d.uuid()
			}
			if status == "" {
				status = crfStatus(d, o.UpdateOf != "")
			}
			l := applied(id)
			l.progress(d, status)
			return Notification{Lead: id, Event: status, Body: encode(l)}
		},
	}
}

// crfStatus is mostly Matched, "The initial state", for a new lead and never for an update.
func crfStatus(d dice, update bool) string {
	all := crfLookups().statuses
	if !update && d.chance(35) {
		return all[0]
	}
	return pick(d, all[1:])
}

// applied is the form as the applicant filled it in. All of it hangs on the lead's id, so it is the same in every update.
func applied(id string) *crfLead {
	who, v := rollFor("crf "+strings.ToLower(id)), crfLookups()
	p := somebody(who)
	hash := sha256.Sum256([]byte(p.email + p.phone))
	l := &crfLead{
		ID: id, SubmissionID: who.uuid(), DuplicateID: base64.StdEncoding.EncodeToString(hash[:]),
		DateCreated: crfTime(who.when()), State: "Submitted", RequestedAmount: amount(who),
		UseOfProceeds: oneOf(who, v.uses), FinanceNeededBy: oneOf(who, v.neededBy), HasBusinessPlan: optional(who, who.chance(50)),
		CollateralTypes: several(who, v.collateral), Ownership: several(who, v.ownership),
		NameOfBusiness: optional(who, company(who, p)), YearsInBusiness: oneOf(who, v.years), NumEmployees: optional(who, who.IntN(250)),
		Industry: oneOf(who, v.industries), BusinessType: oneOf(who, v.types), RevenueLastYear: oneOf(who, v.revenues),
		RevenueProjected: oneOf(who, v.revenues), FirstName: optional(who, p.first), LastName: optional(who, p.last),
		Email: optional(who, p.email), Phone: optional(who, p.phone), FicoScore: oneOf(who, v.fico), PriorBankruptcies: oneOf(who, v.bankruptcies),
		HowDidYouHear: oneOf(who, v.heard), ContactTime: oneOf(who, v.times), ContactMethod: oneOf(who, v.methods),
		Assistance: optional(who, who.chance(50)), AssistanceOptions: several(who, v.assistance),
		LeadSource: party(who, "Referral Partner"), ServicePartner: party(who, "Service Partner"),
		IPAddress: optional(who, fmt.Sprintf("%s.%d", pick(who, []string{"192.0.2", "198.51.100", "203.0.113"}), who.IntN(256))),
	}
	if !who.chance(12) {
		l.NetProfit = lead.Decimal(fmt.Sprintf("%d.%02d", who.between(-80_000, 400_000), who.IntN(100)))
	}
	locate(l, who)
	l.match(who)
	return l
}

// locate says where the business is; either part may be unknown.
func locate(l *crfLead, who dice) {
	at := pick(who, places())
	if !who.chance(5) {
		l.BusinessAddress = &crfAddress{Line1: optional(who, fmt.Sprintf("%d %s", who.between(1, 9999), pick(who, streets()))),
			City: optional(who, at.city), State: optional(who, at.state), Zip: optional(who, fmt.Sprintf("%s%02d", at.zip, who.IntN(100))), County: optional(who, at.county)}
		if who.chance(20) {
			suite := fmt.Sprintf("Suite %d", who.between(1, 400))
			l.BusinessAddress.Line2 = &suite
		}
	}
	if !who.chance(5) {
		l.Statistics = &crfStats{CensusTract: optional(who, fmt.Sprintf("%011d", who.Int64N(99_999_999_999))), CRA: who.chance(40), CDFI: optional(who, who.chance(40))}
		if !who.chance(10) {
			l.Statistics.Latitude = lead.Decimal(fmt.Sprintf("%.7f", at.lat+who.Float64()/10))
			l.Statistics.Longitude = lead.Decimal(fmt.Sprintf("%.7f", at.lon-who.Float64()/10))
		}
	}
}

// match is the product that the applicant chose.
func (l *crfLead) match(who dice) {
	if !who.chance(8) {
		months := who.between(6, 60)
		l.MatchedProduct = &crfProduct{ID: optional(who, who.uuid()), Name: oneOf(who, []string{"Some Product", "Microloan", "Growth Loan", "Préstamo Ágil", "SBA 7(a) Small Loan"}),
			Tags: several(who, []string{"Minneapolis Metro Team", "Rural", "Women-owned", "Equipo Español"}), Kind: optional(who, "Loan"),
			LoanType: oneOf(who, []string{"TermLoan", "LineOfCredit"}), Collateral: oneOf(who, []string{"Secured", "Unsecured"}),
			Frequency: oneOf(who, []string{"Monthly", "Weekly"})}
		if !who.chance(10) {
			l.MatchedProduct.TermRange = &crfTerm{Min: months, Max: optional(who, months+who.IntN(60)), Type: "Months"}
		}
		if !who.chance(10) {
			l.MatchedProduct.APRRange = &crfAPR{Min: percent(who, 3, 9), Max: percent(who, 10, 24), Type: pick(who, []string{"Fixed", "Variable"})}
		}
	}
	if !who.chance(15) {
		l.ProductSet = &crfSet{ID: who.uuid(), Name: pick(who, []string{"Some Active Fund", "Recovery Fund", "Main Street Fund"})}
	}
}

func party(d dice, suffix string) crfParty {
	name := pick(d, []string{"Some", "Hennepin", "Río Grande", "Great Lakes"}) + " " + suffix
	route := strings.ReplaceAll(strings.ToLower(name), " ", "-")
	return crfParty{ID: optional(d, d.uuid()), Name: &name, Route: optional(d, route)}
}

func percent(d dice, lo, hi int) lead.Decimal {
	return lead.Decimal(fmt.Sprintf("%d.%02d", d.between(lo, hi), d.IntN(100)))
}

// crfTime has seven digits of a second and an offset, as the sample's dateCreated.
func crfTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000-07:00") }
