package crf_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/partnertest"
)

const (
	secret, oldSecret = "Current-crf-secret", "Former-crf-secret"
	second, oldSecond = "Current-second-secret", "Former-second-secret"
	token, oldToken   = "current-crf-path-Token", "former-crf-path-Token"
	wrong             = "Somebody-elses-secret"
)

func byHeader(name, current, old string) func(*partner.Request, []byte, time.Time, partnertest.Key) {
	return func(r *partner.Request, _ []byte, _ time.Time, k partnertest.Key) {
		r.Header.Set(name, partnertest.Pick(k, current, old, wrong))
	}
}

func byToken(r *partner.Request, _ []byte, _ time.Time, k partnertest.Key) {
	r.Token = partnertest.Pick(k, token, oldToken, wrong)
}

func setups() []partnertest.Setup {
	return []partnertest.Setup{
		{
			Name:     "header",
			Settings: map[string]string{"SECRET": secret, "SECRET_OLD": oldSecret},
			Prove:    byHeader("X-Api-Key", secret, oldSecret),
		},
		{
			Name:     "token",
			Settings: map[string]string{"TOKEN": token, "TOKEN_OLD": oldToken},
			Prove:    byToken,
		},
		{
			Name: "two headers and token",
			Settings: map[string]string{"HEADER": "Authorization", "SECRET": secret, "SECRET_OLD": oldSecret,
				"HEADER2": "x-second", "SECRET2": second, "SECRET2_OLD": oldSecond, "TOKEN": token, "TOKEN_OLD": oldToken},
			Prove: func(r *partner.Request, body []byte, at time.Time, k partnertest.Key) {
				byHeader("Authorization", secret, oldSecret)(r, body, at, k)
				byHeader("X-Second", second, oldSecond)(r, body, at, k)
				byToken(r, body, at, k)
			},
		},
	}
}

func harness() partnertest.Harness {
	return partnertest.Harness{
		Name:   "crf",
		Open:   crf.Open,
		Setups: setups(),
		Refused: []partnertest.Refused{
			{Name: "nothing", Says: "PARTNER_CRF_TOKEN"},
			{Name: "short secret", Settings: map[string]string{"SECRET": "short-secret"}, Says: "PARTNER_CRF_SECRET: must be at least 16"},
			{Name: "short token", Settings: map[string]string{"TOKEN": "short-token"}, Says: "PARTNER_CRF_TOKEN: must be at least 16"},
			{Name: "token no URL", Settings: map[string]string{"TOKEN": "with/a/slash/0123456789"}, Says: "PARTNER_CRF_TOKEN: stands in a URL"},
			{Name: "old alone", Settings: map[string]string{"TOKEN": token, "SECRET_OLD": oldSecret}, Says: "PARTNER_CRF_SECRET_OLD: is set without PARTNER_CRF_SECRET"},
			{Name: "header alone", Settings: map[string]string{"TOKEN": token, "HEADER": "X-Key"}, Says: "PARTNER_CRF_HEADER: names a header"},
			{Name: "no header name", Settings: map[string]string{"SECRET": secret, "HEADER": "X Key:"}, Says: "PARTNER_CRF_HEADER: must be the name"},
			{Name: "second without header", Settings: map[string]string{"SECRET": secret, "SECRET2": second}, Says: "PARTNER_CRF_HEADER2: must be the name"},
			{Name: "same header", Settings: map[string]string{"SECRET": secret, "SECRET2": second, "HEADER2": "x-api-key"}, Says: "PARTNER_CRF_HEADER2: names the same"},
		},
		Sample:   "lead.json",
		Required: []string{"id"},
		Invalid:  invalid(),
	}
}

func invalid() []partnertest.Invalid {
	fault := func(name, old, new, field, rule string) partnertest.Invalid {
		return partnertest.Invalid{Name: name, Old: old, New: new, Fault: lead.Fault{Field: field, Rule: rule}}
	}
	return []partnertest.Invalid{
		fault("no id", `"id": "4626a582-afb9-48bf-8d86-87e6fe91a842",`, ``, "id", "required"),
		fault("null id", `"4626a582-afb9-48bf-8d86-87e6fe91a842"`, `null`, "id", "required"),
		fault("empty id", `"4626a582-afb9-48bf-8d86-87e6fe91a842"`, `""`, "id", "uuid"),
		fault("wrong-case id", `"id": "4626`, `"ID": "4626`, "id", "required"),
		fault("id no guid", `4626a582-afb9`, `4626a582_afb9`, "id", "uuid"),
		fault("submission", `3295f494-0607`, `3295f494-060`, "submissionId", "uuid"),
		fault("lead source id", `94883922-a338`, `9488392z-a338`, "leadSource.id", "uuid"),
		fault("product set id", `668c6030-8b80`, `{668c6030-8b80`, "productSet.id", "uuid"),
		fault("date", `2020-05-08T23:09:15.4796701+00:00`, `2020-05-08`, "dateCreated", "datetimeoffset"),
		fault("date without zone", `2020-05-08T23:09:15.4796701+00:00`, `2020-05-08T23:09:15.4796701`, "dateCreated", "datetimeoffset"),
		fault("thirteenth month", `"fundedDate": "2020-05`, `"fundedDate": "2020-13`, "funded.fundedDate", "datetimeoffset"),
		fault("fraud above one", `0.15`, `1.01`, "fraudScore", "lte=1"),
		fault("fraud below zero", `0.15`, `-0.01`, "fraudScore", "gte=0"),
		fault("fraud beyond float64", `0.15`, `1e999`, "fraudScore", "lte=1"),
		fault("fraud as text", `0.15`, `"0.15"`, "fraudScore", "type: number"),
		fault("latitude", `44.9642757`, `90.5`, "statistics.latitude", "lte=90"),
		fault("longitude", `-93.2639915`, `-180.5`, "statistics.longitude", "gte=-180"),
		fault("amount as text", `25000.00`, `"25000.00"`, "requestedAmount", "type: number"),
		fault("half an employee", `"numEmployees": 3`, `"numEmployees": 3.5`, "numEmployees", "type: integer"),
		fault("half a month", `"max": 24`, `"max": 24.5`, "matchedProduct.termRange.max", "type: integer"),
		fault("one collateral", `[ "Inventory" ]`, `"Inventory"`, "collateralTypes", "type: array"),
		fault("second collateral", `[ "Inventory" ]`, `[ "Inventory", 2 ]`, "collateralTypes[1]", "type: string"),
		fault("yes for true", `"hasBusinessPlan": true`, `"hasBusinessPlan": "yes"`, "hasBusinessPlan", "type: boolean"),
	}
}

func TestSuite(t *testing.T) { partnertest.Run(t, harness()) }

func FuzzCRF(f *testing.F) { partnertest.Fuzz(f, harness()) }

func BenchmarkCost(b *testing.B) { partnertest.Cost(b, harness()) }

func TestAllocates(t *testing.T) { partnertest.Allocates(t, harness(), 0, 3) }

func open(t *testing.T) partner.Partner {
	t.Helper()
	env := config.New([]string{"PARTNER_CRF_SECRET=" + secret})
	p := crf.Open(env.Instance("PARTNER", "crf"), partnertest.Now)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	return p
}

// decode decodes the sample with one change.
func decode(t *testing.T, old, new string) lead.Event {
	t.Helper()
	if !bytes.Contains(crf.Sample(), []byte(old)) {
		t.Fatalf("the sample has no %s", old)
	}
	body := bytes.Replace(crf.Sample(), []byte(old), []byte(new), 1)
	e, err := open(t).Decode(partner.Request{}, body)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestUpdateIsAnotherEventOfTheSameLead(t *testing.T) {
	first, again, update := decode(t, "", ""), decode(t, "", ""), decode(t, `"Matched"`, `"Funded"`)
	if !first.Versioned || !slices.Equal(first.Key, again.Key) {
		t.Errorf("the same content is another event: %v %v", first.Key, again.Key)
	}
	if slices.Equal(first.Key, update.Key) || first.Lead.ID != update.Lead.ID {
		t.Errorf("an update is no new event of the same lead: %v %v", first.Key, update.Key)
	}
}

func TestGuidOfEitherCaseIsTheSameLead(t *testing.T) {
	if e := decode(t, "4626a582-afb9", "4626A582-AFB9"); e.Lead.ID != "4626a582-afb9-48bf-8d86-87e6fe91a842" || e.Key[0] != e.Lead.ID {
		t.Errorf("id %s", e.Lead.ID)
	}
}

func TestDecimalsKeepTheirDigits(t *testing.T) {
	for _, digits := range []string{"25000.00", "0.10", "12345678901234567890.123456789012345678901234567890", "1E+2", "0"} {
		if e := decode(t, "25000.00", digits); string(e.Lead.Amount) != digits || len(e.Notes) != 0 {
			t.Errorf("%s became %s, notes %v", digits, e.Lead.Amount, e.Notes)
		}
	}
}

func TestFraudScoreIncludesItsEnds(t *testing.T) {
	for _, digits := range []string{"0", "1", "0.0", "1.000", "-0", "1e-9"} {
		if e := decode(t, "0.15", digits); string(e.Lead.FraudScore) != digits {
			t.Errorf("%s became %s", digits, e.Lead.FraudScore)
		}
	}
}

func TestStatusAndStateGiveTheStage(t *testing.T) {
	for status, want := range map[string]lead.Stage{"Matched": lead.Open, "Reviewed": lead.Open, "Contacted": lead.Engaged,
		"Qualified": lead.Qualified, "Funded": lead.Won, "Disqualified": lead.Lost, "Withdrawn": lead.Lost} {
		if e := decode(t, `"Matched"`, `"`+status+`"`); e.Lead.Stage != want || len(e.Notes) != 0 {
			t.Errorf("%s is %v, want %v; notes %v", status, e.Lead.Stage, want, e.Notes)
		}
	}
	if e := decode(t, `"Submitted"`, `"Removed"`); e.Lead.Stage != lead.Lost {
		t.Errorf("a removed lead is %v", e.Lead.Stage)
	}
	e := decode(t, `"Matched"`, `"AddedYesterday"`)
	if e.Lead.Stage != lead.Unknown || e.Lead.Status != "AddedYesterday" {
		t.Errorf("an unknown status is %v, %s", e.Lead.Stage, e.Lead.Status)
	}
}

func TestEveryLookupNotesAnUnknownValue(t *testing.T) {
	for field, value := range map[string]string{
		"status": "Matched", "state": "Submitted", "useOfProceeds": "Working Capital", "financeNeededBy": "Today",
		"collateralTypes[0]": "Inventory", "ownershipDemographicTypes[0]": "Veteran", "yearsInBusiness": "LessThanOne",
		"industry": "Retail", "businessType": "Corporation", "revenueLastYear": "LessThan100000",
		"revenueProjected": "_100000To250000", "ficoScore": "_660To699", "priorBankruptcies": "None",
		"preferredContactTime": "Afternoon", "preferredContactMethod": "Phone", "technicalAssistanceOptions[0]": "BusinessPlan",
		"withdrawnReason": "BorrowerStoppedResponding",
	} {
		e := decode(t, `"`+value+`"`, `"bob@example.com"`)
		if want := []lead.Note{{Code: lead.NoteUnknownValue, Field: field}}; !slices.Equal(e.Notes, want) {
			t.Errorf("%s: notes %v", field, e.Notes)
		}
	}
	for _, field := range []string{"howDidYouHear", "disqualifiedReason"} {
		e := decode(t, `"`+field+`": null`, `"`+field+`": "AddedYesterday"`)
		if want := []lead.Note{{Code: lead.NoteUnknownValue, Field: field}}; !slices.Equal(e.Notes, want) {
			t.Errorf("%s: notes %v", field, e.Notes)
		}
	}
}

func TestPromisedFieldsAreNotedWhenAbsent(t *testing.T) {
	e, err := open(t).Decode(partner.Request{}, []byte(`{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","statistics":{},
		"matchedProduct":{"termRange":{},"aprRange":{"min":null}},"productSet":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	var absent []string
	for _, n := range e.Notes {
		if n.Code == lead.NoteAbsentField {
			absent = append(absent, n.Field)
		}
	}
	want := "dateCreated duplicateId leadSource matchedProduct.aprRange.min matchedProduct.aprRange.type matchedProduct.termRange.min " +
		"matchedProduct.termRange.type productSet.id productSet.name requestedAmount servicePartner state statistics.craEligibleTract status submissionId"
	if got := strings.Join(absent, " "); got != want {
		t.Errorf("noted %s\nwant  %s", got, want)
	}
}

func TestHugeArraysAndAstralTextPass(t *testing.T) {
	e := decode(t, `[ "Inventory" ]`, "["+strings.TrimSuffix(strings.Repeat(`"\u0000😀",`, 10_000), ",")+"]")
	if len(e.Notes) != lead.MaxFindings {
		t.Errorf("%d notes, want %d", len(e.Notes), lead.MaxFindings)
	}
}
