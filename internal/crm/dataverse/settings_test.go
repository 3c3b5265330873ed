package dataverse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/dataverse"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/mapping"
	sim "leadrelay/local/crmsim/dataverse"
)

// open reads settings without their prefix and gives what is wrong with them.
func open(settings ...string) (crm.CRM, error) {
	var environ []string
	for _, s := range settings {
		environ = append(environ, "CRM_MAIN_"+s)
	}
	env := config.New(environ)
	s := env.Instance("CRM", "main")
	s.String("KIND", "")
	c := dataverse.Open(s, crm.Options{Client: httpclient.NewClient(httpclient.Options{}), Now: time.Now})
	return c, env.Err("CRM_")
}

func TestSettingsOpenADriverThatWorks(t *testing.T) {
	org := sim.New(sim.Options{Token: "local"})
	url := org.Start(false)
	defer org.Close()
	c, err := open("KIND=dataverse", "URL="+url, "TOKEN=local", "CONCURRENCY=2", "KEY=crf_leadid")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSettingsThatCannotWorkAreComplainedOfWithoutTheirSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	text, err := mapping.Default("salesforce")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	const url = "URL=https://org.crm.dynamics.com"
	for settings, says := range map[string]string{
		"KIND=dataverse":                      "URL: is required",
		"URL=http://org.crm.dynamics.com":     "https://",
		"URL=org.crm.dynamics.com":            "must be the environment's address",
		"URL=https://SECRET:SECRET@org.test/": "must be the environment's address",
		url + "/main.aspx":                    "path",
		url + " TOKEN=SECRET":                 "this machine only",
		url + " CLIENT_SECRET=SECRET":         "needs CRM_MAIN_TENANT",
		url + " CLIENT_SECRET=SECRET TENANT=t CLIENT_ID=c AUTHORITY=http://x": "https://",
		url + " CONCURRENCY=9":       "1 to 8",
		url + " DUPLICATES=maybe":    "allow, reject",
		url + " KEY=not-a-column":    "a column's name, or primary",
		url + " MAPPING=/nowhere":    "no such file",
		url + " MAPPING=" + file:     "is for the crm",
		url + " SECRET=SECRET":       "there is no such setting",
		url + " TENANT=t CLIENT_ID=": "",
	} {
		_, err := open(strings.Fields(settings)...)
		if says == "" {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "=SECRET") || strings.Contains(err.Error(), "SECRET@") {
			t.Errorf("%s: want a complaint that says %q, got %v", settings, says, err)
		}
	}
}
