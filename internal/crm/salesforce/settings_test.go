package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/lead"
	sim "leadrelay/local/crmsim/salesforce"
)

func keyPair(t *testing.T) (*rsa.PublicKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return &key.PublicKey, strings.ReplaceAll(string(text), "\n", `\n`)
}

func TestJWTBearerGetsATokenWithoutASecret(t *testing.T) {
	public, private := keyPair(t)
	w := newWorld(t, sim.Options{JWTKey: public}, "CLIENT_SECRET=", "JWT_KEY="+private, "USERNAME="+sim.DefaultUsername)
	w.upsert(leadOf(leadID, ""))
	for _, c := range w.org.Calls() {
		if strings.Contains(c.Body, "client_secret") {
			t.Error("a secret was sent")
		}
	}
	_, other := keyPair(t)
	for name, settings := range map[string][]string{
		"another key":  {"CLIENT_SECRET=", "JWT_KEY=" + other, "USERNAME=" + sim.DefaultUsername},
		"another user": {"CLIENT_SECRET=", "JWT_KEY=" + private, "USERNAME=someone@example.com"},
		"another app":  {"CLIENT_SECRET=", "JWT_KEY=" + private, "USERNAME=" + sim.DefaultUsername, "CLIENT_ID=x"},
		"wrong secret": {"CLIENT_SECRET=wrong"},
	} {
		err := w.open(settings...).Check(t.Context())
		if lead.KindOf(err) != lead.Address || !strings.Contains(err.Error(), "400 invalid_") || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFailingTokenEndpointIsUnavailable(t *testing.T) {
	for _, f := range []sim.Fault{{Path: "token", Status: 503}, {Path: "token", DropBefore: true}, {Path: "token", Truncate: true}, {Path: "token", Status: 200, Body: "<html>"}} {
		w := newWorld(t, sim.Options{})
		w.org.Script(f)
		if err := w.crm.Check(t.Context()); lead.KindOf(err) != lead.Unavailable || err == nil {
			t.Errorf("%+v: got %v", f, err)
		}
		if err := w.crm.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestSettingsAreReadStrictly(t *testing.T) {
	good := []string{"URL=https://acme.my.salesforce.com", "CLIENT_ID=a", "CLIENT_SECRET=b"}
	for want, settings := range map[string][]string{
		"":                           nil,
		"CRM_MAIN_URL: is required":  {"URL="},
		"must begin with https":      {"URL=http://acme.my.salesforce.com"},
		"My Domain address alone":    {"URL=https://acme.my.salesforce.com/services/data"},
		"private or reserved":        {"URL=https://10.0.0.1"},
		"CLIENT_ID: is required":     {"CLIENT_ID="},
		"CLIENT_SECRET: is required": {"CLIENT_SECRET="},
		"exclude each other":         {"JWT_KEY=x"},
		"USERNAME: goes with":        {"USERNAME=x"},
		"RSA private key":            {"CLIENT_SECRET=", "JWT_KEY=nonsense", "USERNAME=u"},
		"USERNAME: is required":      {"CLIENT_SECRET=", "JWT_KEY=nonsense"},
		"API_VERSION":                {"API_VERSION=67"},
		"ASSIGNMENT":                 {"ASSIGNMENT=maybe"},
		"DUPLICATES":                 {"DUPLICATES=perhaps"},
		"USAGE_LIMIT":                {"USAGE_LIMIT=101"},
		"EVENT_OBJECT":               {"EVENT_OBJECT=Happening__c"},
		"MAPPING":                    {"MAPPING=/no/such/file"},
		"no such setting":            {"CLIENT_SECERT=x"},
	} {
		_, err := open(time.Now, slices.Concat(good, settings)...)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v: want %q, got %v", settings, want, err)
		}
	}
}

func levels(findings []crm.Finding) (faults, warnings []string) {
	for _, f := range findings {
		switch f.Level {
		case crm.Fault:
			faults = append(faults, f.Subject+" "+f.Text)
		case crm.Warning:
			warnings = append(warnings, f.Subject+" "+f.Text)
		}
	}
	return faults, warnings
}

func TestPreflightPassesAnOrgThatIsReady(t *testing.T) {
	w := newWorld(t, sim.Options{})
	findings := w.crm.Preflight(t.Context())
	if faults, warnings := levels(findings); len(faults)+len(warnings) > 0 || len(findings) != 4 {
		t.Errorf("got %+v", findings)
	}
	if len(w.org.Records("Lead")) != 0 {
		t.Error("it wrote something")
	}
}

func TestPreflightNamesWhatIsWrong(t *testing.T) {
	for want, spoil := range map[string]func(o []sim.Object){
		"field Lead.CRF_Lead_Id__c must be an External ID":       func(o []sim.Object) { o[0].Field("CRF_Lead_Id__c").ExternalID = false },
		"field Lead.CRF_Lead_Id__c must be Unique":               func(o []sim.Object) { o[0].Field("CRF_Lead_Id__c").Unique = false },
		"field Lead.CRF_Lead_Id__c is missing":                   func(o []sim.Object) { o[0].Field("CRF_Lead_Id__c").Name = "X" },
		"field Lead.CRF_Status__c is missing":                    func(o []sim.Object) { o[0].Field("CRF_Status__c").Name = "X" },
		"field Lead.CRF_State__c takes 5 characters":             func(o []sim.Object) { o[0].Field("CRF_State__c").Length = 5 },
		"field Lead.CRF_Net_Profit__c is a string":               func(o []sim.Object) { o[0].Field("CRF_Net_Profit__c").Type = "string" },
		"field Lead.Company may not be written":                  func(o []sim.Object) { o[0].Field("Company").ReadOnly = true },
		"field Lead.Status is a restricted picklist without":     func(o []sim.Object) { o[0].Field("Status").Values = o[0].Field("Status").Values[:2] },
		"object CRF_Event__c is missing":                         func(o []sim.Object) { o[1].Name = "X" },
		"field CRF_Event__c.CRF_Lead__c must be a lookup":        func(o []sim.Object) { o[1].Field("CRF_Lead__c").References = "Account" },
		"field CRF_Event__c.CRF_Event_Key__c must be a text":     func(o []sim.Object) { o[1].Field("CRF_Event_Key__c").Type = "double" },
		"field CRF_Event__c.CRF_Payload__c takes 255 characters": func(o []sim.Object) { o[1].Field("CRF_Payload__c").Length = 255 },
	} {
		objects := sim.Schema()
		spoil(objects)
		w := newWorld(t, sim.Options{Objects: objects})
		faults, _ := levels(w.crm.Preflight(t.Context()))
		if len(faults) != 1 || !strings.HasPrefix(faults[0], want) {
			t.Errorf("want %q, got %q", want, faults)
		}
	}
	w := newWorld(t, sim.Options{}, "CLIENT_SECRET=wrong")
	if faults, _ := levels(w.crm.Preflight(t.Context())); len(faults) != 1 || !strings.HasPrefix(faults[0], "token ") {
		t.Errorf("got %q", faults)
	}
}
