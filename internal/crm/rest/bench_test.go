package rest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/rest"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/lead"
)

// BenchmarkUpsert is one lead by the default map and template to an endpoint on this machine, whose cost is included.
func BenchmarkUpsert(b *testing.B) {
	payload, err := os.ReadFile("../../partner/crf/testdata/lead.json")
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	e := config.New([]string{"CRM_ACME_URL=" + server.URL, "CRM_ACME_ALLOW_PRIVATE=true"})
	c := rest.Open(e.Instance("CRM", "acme"), crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: now})
	if err := e.Err("CRM_"); err != nil {
		b.Fatal(err)
	}
	changes := []crm.Change{change(lead.LeadEvent, string(payload))}
	b.ReportAllocs()
	for b.Loop() {
		if out := c.Upsert(b.Context(), changes)[0]; out.Err != nil {
			b.Fatal(out.Err)
		}
	}
}
