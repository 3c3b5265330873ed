package play_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
	"leadrelay/local/play"
)

const (
	secret = "a-secret-of-32-characters-or-so!"
	token  = "a-token-of-some-length-0123456789"
	svix   = "whsec_Q3VycmVudC1zdml4LXNlY3JldC0wMTIzNDU2Nzg5"
)

// driver opens a real driver with settings, and says how its sender proves itself.
func driver(t testing.TB, kind string) (partner.Partner, play.Endpoint) {
	t.Helper()
	e := play.Endpoint{Client: play.NewClient()}
	open, settings := map[string]partner.Open{"crf": crf.Open, "credzu": credzu.Open, "cr3dentials": cr3dentials.Open, "referral": referral.Open}[kind], []string(nil)
	switch kind {
	case "crf":
		settings, e.Header, e.Secret = []string{"PARTNER_CRF_SECRET=" + secret}, "X-Api-Key", secret
	case "credzu":
		settings = []string{"PARTNER_CREDZU_TOKEN=" + token}
	case "cr3dentials":
		settings = []string{"PARTNER_CR3DENTIALS_SECRET=" + secret, "PARTNER_CR3DENTIALS_HMAC_SECRET=" + token}
		e.Header, e.Secret, e.HMACSecret = "secret", secret, token
	case "referral":
		settings, e.SvixSecret = []string{"PARTNER_REFERRAL_SVIX_SECRET=" + svix}, svix
	}
	env := config.New(settings)
	p := open(env.Instance("PARTNER", kind), time.Now)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	return p, e
}

func generate(t testing.TB, kind string, o play.Options) func(int) play.Notification {
	t.Helper()
	next, err := find(t, kind).Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestEveryPayloadIsWhatTheRealDriverExpects(t *testing.T) {
	for _, p := range play.Partners() {
		d, _ := driver(t, p.Kind)
		for _, event := range append(p.Events, "") {
			next := generate(t, p.Kind, play.Options{Seed: 3, Event: event})
			for i := range 300 {
				n := next(i)
				if err := lead.WellFormed(n.Body); err != nil {
					t.Fatalf("%s %s: %v", p.Kind, event, err)
				}
				e, err := d.Decode(partner.Request{Header: http.Header{}}, n.Body)
				if err != nil || len(e.Notes) > 0 {
					t.Fatalf("%s %s: %v, notes %v\n%s", p.Kind, event, err, e.Notes, n.Body)
				}
				if e.Lead.ID != n.Lead && n.Event != "disabled" {
					t.Errorf("%s %s: lead %q, said to be %q", p.Kind, event, e.Lead.ID, n.Lead)
				}
				if event != "" && n.Event != event {
					t.Errorf("%s: got %s, want %s", p.Kind, n.Event, event)
				}
			}
		}
	}
}

func TestEveryPostProvesItselfToTheRealDriver(t *testing.T) {
	for _, p := range play.Partners() {
		d, e := driver(t, p.Kind)
		var refused error
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			_, _ = body.ReadFrom(r.Body)
			q := partner.Request{Header: r.Header}
			if p.Kind == "credzu" {
				q.Token = strings.TrimPrefix(r.URL.Path, "/")
			}
			if refused = d.Admit(q); refused == nil {
				refused = d.Verify(q, body.Bytes())
			}
			_, _ = w.Write([]byte(`{"receipt":"01J0"}`))
		}))
		defer server.Close()
		e.URL = config.Secret(server.URL + "/" + map[bool]string{true: token}[p.Kind == "credzu"])
		next := generate(t, p.Kind, play.Options{Seed: 4})
		for i := range 5 {
			a := e.Post(t.Context(), next(i), time.Minute)
			if a.Err != nil || a.Status != 200 || a.Receipt != "01J0" || refused != nil {
				t.Errorf("%s: %v, receipt %q, driver: %v", p.Kind, a, a.Receipt, refused)
			}
		}
	}
}

func TestTheSameSeedMakesTheSameBytes(t *testing.T) {
	for _, p := range play.Partners() {
		a, b, other := generate(t, p.Kind, play.Options{Seed: 9}), generate(t, p.Kind, play.Options{Seed: 9}), generate(t, p.Kind, play.Options{Seed: 10})
		seen := map[string]bool{}
		for i := range 200 {
			j := 199 - i // in whatever order
			if x, y := a(j), b(j); !bytes.Equal(x.Body, y.Body) || x.MessageID != y.MessageID || x.Lead != y.Lead {
				t.Fatalf("%s: number %d differs", p.Kind, j)
			}
			if bytes.Equal(a(j).Body, other(j).Body) {
				t.Errorf("%s: number %d is the same for another seed", p.Kind, j)
			}
			seen[a(j).MessageID] = true
		}
		if len(seen) != 200 {
			t.Errorf("%s: only %d of 200 differ", p.Kind, len(seen))
		}
	}
}

// values counts what stands at each path of 500 payloads: "name=value" for strings and booleans, "name=null".
func values(t *testing.T, next func(int) play.Notification) map[string]int {
	t.Helper()
	seen := map[string]int{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, m := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), m)
			}
		case []any:
			if len(v) == 0 {
				seen[path+"=[]"]++
			}
			for _, m := range v {
				walk(path, m)
			}
		case string:
			seen[path+"="+v]++
		case nil:
			seen[path+"=null"]++
		}
	}
	for i := range 500 {
		var v any
		if err := json.Unmarshal(next(i).Body, &v); err != nil {
			t.Fatal(err)
		}
		walk("", v)
	}
	return seen
}

func TestCRFUsesEveryLookupValue(t *testing.T) {
	seen := values(t, generate(t, "crf", play.Options{Seed: 1}))
	for name, list := range map[string]string{
		"status":                         "Matched|Reviewed|Contacted|Qualified|Funded|Disqualified|Withdrawn",
		"state":                          "Removed|Submitted",
		"useOfProceeds":                  "Working Capital|Start a Business|Acquire a Business|Purchase Inventory|Purchase Machinery or Equipment|Make Building Improvements|Building Acquisition|Refinance Existing Debt|Other|null",
		"financeNeededBy":                "Today|InNextTwoWeeks|InNextTwoMonths|MultipleOptions|null",
		"collateralTypes":                "Commercial Real Estate|Residential Real Estate|Inventory|Accounts Receivable|Cash|Investment Accounts|New Equipment/Machinery|Furniture & Fixtures|Vehicles|Used Equipment/Machinery|Vacant Land|Leasehold Improvements|Other|null|[]",
		"ownershipDemographicTypes":      "Women|Veteran|LGBTQ|Black/African-American|Asian|Hispanic/Latino/Latinx|Native American|Alaskan Native|Native Hawaiian|Pacific Islander|Mixed-race|Other|null|[]",
		"yearsInBusiness":                "Startup|LessThanOne|OneToTwo|TwoToThree|ThreeOrMore|null",
		"industry":                       "Accomodation & Food Service|Agriculture|Business Services|Construction|Dentists/Physicians|Educational Services|Finance & Insurance|Gas Stations & Convenience Stores|Healthcare and Social Assistance|Hotels|Information Technology|Landlord|Manufacturing|Mining|Professional Services|Real Estate|Restaurant|Retail|Transportation & Warehousing|Utilities|Waste Management|Wholesale Trade|Other|null",
		"businessType":                   "SoleProprietorship|LLC|Corporation|NonProfit|Other|null",
		"revenueLastYear":                "LessThan100000|_100000To250000|_250000To500000|_500000To1000000|_1000000To5000000|MoreThan5000000|null",
		"revenueProjected":               "LessThan100000|_100000To250000|_250000To500000|_500000To1000000|_1000000To5000000|MoreThan5000000|null",
		"ficoScore":                      "_700Plus|_660To699|_640To659|_620To639|_580To619|Below580|null",
		"priorBankruptcies":              "None|_1Prior|_2OrMore|null",
		"howDidYouHear":                  "Google|Facebook|Ad|Email|Event|WordOfMouth|LenderReferral|Other|null",
		"preferredContactTime":           "Morning|Afternoon|Evening|null",
		"preferredContactMethod":         "Email|Phone|null",
		"withdrawnReason":                "BorrowerStoppedResponding|Duplicate|LostBidToCompetitor|FraudOrSpam|Other|null",
		"disqualifiedReason":             "EligibilityIssue|CreditIssue|CashFlowIssue|CollateralIssue|LoanUseIssue|PersonalGuaranteeIssue|Other|null",
		"technicalAssistanceOptions":     "Accounting|BusinessPlan|BuyOrSellABusiness|CashFlowManagement|CompanyFormation|CustomerRelations|CreditCounseling|FinancingOrCapital|Franchising|GovernmentContracting|HumanResourcesAndManagement|InternationalTrade|LegalIssues|MarketingOrSales|PrivateSectorProcurement|TaxPlanning|TechnologyAndECommerce|null|[]",
		"businessAddress":                "null",
		"businessAddress.line2":          "null",
		"statistics":                     "null",
		"statistics.latitude":            "null",
		"funded":                         "null",
		"matchedProduct":                 "null",
		"matchedProduct.termRange":       "null",
		"matchedProduct.aprRange.type":   "Fixed|Variable",
		"productSet":                     "null",
		"fraudScore":                     "null",
		"netProfit":                      "null",
		"hasBusinessPlan":                "null",
		"willReceiveTechnicalAssistance": "null",
	} {
		for value := range strings.SplitSeq(list, "|") {
			if seen[name+"="+value] == 0 {
				t.Errorf("%s is never %s", name, value)
			}
		}
	}
}

func TestTheOthersTellAllThatTheirDocumentsList(t *testing.T) {
	for kind, list := range map[string]string{
		"credzu":      "event=lead_received|event=client_account_created|event=credit_scan_completed|event=client_engaged_in_chat|event=contract_signed|event=escrow_funded|event=score_update|event=mortgage_ready",
		"cr3dentials": "type=verification.completed|type=verification.failed|type=verification.expired|type=verification.manual_review|status=success|status=failed|data.status=VERIFIED",
		"referral":    "status=CREATED|status=FAILED|event_name=REFERRAL_CREATED|contact.phone_number=null|company.name=null",
	} {
		seen := values(t, generate(t, kind, play.Options{Seed: 1}))
		for want := range strings.SplitSeq(list, "|") {
			if seen[want] == 0 {
				t.Errorf("%s: never %s", kind, want)
			}
		}
	}
}

func TestNamesAreNotAllASCII(t *testing.T) {
	for _, p := range play.Partners() {
		next, wide := generate(t, p.Kind, play.Options{Seed: 1}), 0
		for i := range 500 {
			if bytes.ContainsFunc(next(i).Body, func(c rune) bool { return c > 127 }) {
				wide++
			}
		}
		if wide < 20 || wide == 500 {
			t.Errorf("%s: %d of 500 have characters beyond ASCII", p.Kind, wide)
		}
	}
}

func TestUpdateIsTheSameLeadWithNewContent(t *testing.T) {
	for kind, id := range map[string]string{"crf": "4626a582-afb9-48bf-8d86-87e6fe91a842", "credzu": "44921", "cr3dentials": "123", "referral": "2cd722f4-c42a-4238-86fb-541575371ef8"} {
		d, _ := driver(t, kind)
		next, contacts, bodies := generate(t, kind, play.Options{Seed: 5, UpdateOf: id}), map[lead.Contact]bool{}, map[string]bool{}
		for i := range 50 {
			e, err := d.Decode(partner.Request{}, next(i).Body)
			if err != nil || e.Lead.ID != id {
				t.Fatalf("%s: lead %q, %v", kind, e.Lead.ID, err)
			}
			contacts[e.Lead.Contact], bodies[string(next(i).Body)] = true, true
			if kind == "crf" && e.Lead.Status == "Matched" {
				t.Error("an update goes back to the initial state")
			}
		}
		if len(contacts) != 1 {
			t.Errorf("%s: the updates are about %d people", kind, len(contacts))
		}
		if len(bodies) != 50 {
			t.Errorf("%s: only %d of 50 updates differ", kind, len(bodies))
		}
	}
}

func TestWhatAPartnerDoesNotTellIsRefused(t *testing.T) {
	for kind, o := range map[string]play.Options{"crf": {UpdateOf: "44921"}, "credzu": {UpdateOf: "-1"}, "cr3dentials": {Event: "closed"}, "referral": {Event: "CREATED"}} {
		if _, err := find(t, kind).Generate(o); err == nil {
			t.Errorf("%s takes %+v", kind, o)
		}
	}
	if _, err := play.Find("acme"); err == nil {
		t.Error("there is a partner acme")
	}
}
