package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"

	"leadrelay/local/crmsim/dataverse"
	"leadrelay/local/crmsim/salesforce"
)

// crmSim is a simulated organisation that the demo lender's lane drains into, in the place of the leads table.
type crmSim struct {
	name     string
	settings []string
	records  func() []map[string]any // of its leads
	close    func()
}

// startCRM starts the simulator of a CRM: dataverse or salesforce. Empty is the leads table, which needs none.
func startCRM(kind, secret string) (*crmSim, error) {
	switch kind {
	case "":
		return nil, nil
	case "dataverse":
		org := dataverse.New(dataverse.Options{Token: secret})
		url, err := org.StartAt("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		return &crmSim{name: kind, settings: []string{"CRM_DEMO_KIND=dataverse", "CRM_DEMO_URL=" + url, "CRM_DEMO_TOKEN=" + secret},
			records: func() []map[string]any { return loose(org.Records("leads")) }, close: org.Close}, nil
	case "salesforce":
		org := salesforce.New(salesforce.Options{})
		server := httptest.NewServer(org)
		return &crmSim{name: kind, settings: []string{"CRM_DEMO_KIND=salesforce", "CRM_DEMO_URL=" + server.URL,
			"CRM_DEMO_CLIENT_ID=" + salesforce.DefaultClientID, "CRM_DEMO_CLIENT_SECRET=" + salesforce.DefaultClientSecret},
			records: func() []map[string]any { return org.Records("Lead") }, close: server.Close}, nil
	}
	return nil, fmt.Errorf("there is no simulator of %s; there are dataverse and salesforce", kind)
}

func loose(records []map[string]string) []map[string]any {
	var out []map[string]any
	for _, r := range records {
		one := map[string]any{}
		for name, v := range r {
			one[name] = v
		}
		out = append(out, one)
	}
	return out
}

// ErrNoSuchLead says that the CRM has no lead of an id.
var ErrNoSuchLead = errors.New("the CRM has no such lead")

// CRM is the name of the CRM that the demo lender's lane drains into: "table", or a simulated one.
func (s *Stack) CRM() string {
	if s.crm == nil {
		return "table"
	}
	return s.crm.name
}

// Lead looks for a lead in that CRM and describes it in a few words.
func (s *Stack) Lead(ctx context.Context, id string) (string, error) {
	if s.crm != nil {
		for _, r := range s.crm.records() {
			for _, name := range slices.Sorted(maps.Keys(r)) {
				if fmt.Sprint(r[name]) == id {
					return fmt.Sprintf("a record with %d fields, %s", len(r), name), nil
				}
			}
		}
		return "", ErrNoSuchLead
	}
	for l, err := range s.backend.Leads.List(ctx) {
		if err != nil {
			return "", err
		}
		if l.ID == id {
			return fmt.Sprintf("%s %s, %s, requested %s", l.FirstName, l.LastName, l.Status, l.RequestedAmount), nil
		}
	}
	return "", ErrNoSuchLead
}
