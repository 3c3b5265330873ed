package app

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
)

const (
	queueURL     = "https://acme.queue.core.windows.net/leads/messages?sp=rup&se=2100-01-01T00:00:00Z&sv=2020-02-10&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"
	containerURL = "https://acme.blob.core.windows.net/leads?sp=rdl&se=2100-01-01T00:00:00Z&sv=2020-08-04&sr=c&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"
)

// settings are those of a deployment without lanes, and more.
func settings(more ...string) []string {
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	return append([]string{"AzureWebJobsStorage=UseDevelopmentStorage=true", "LEADRELAY_SEAL_KEY=" + key, "LEADRELAY_HASH_KEY=" + key,
		"PARTNER_CRF_SECRET=" + strings.Repeat("s", 32)}, more...)
}

func TestLanesHaveTheirOwnInboxScheduleAndLimits(t *testing.T) {
	a, err := New(settings("INBOX_B_KIND=blob", "INBOX_B_URL="+containerURL, "INBOX_B_SCHEDULE=0 30 2 * * *", "INBOX_B_PREFIX=crf/", "INBOX_B_AT_ONCE=4",
		"INBOX_B_UNLINKED=note", "INBOX_A_URL="+queueURL, "INBOX_I_URL=https://acme.queue.core.windows.net/leads"), slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	lanes := a.Lanes()
	if len(lanes) != 3 || lanes[0].Name != "a" || lanes[1].Name != "b" || lanes[2].Name != "i" {
		t.Fatalf("lanes %+v", lanes)
	}
	for _, l := range lanes {
		if l.Inbox == nil || l.CRM == nil || l.Partner == nil || l.Runs == nil || l.Links == nil || l.CRMName != "table" {
			t.Errorf("lane %s is %+v", l.Name, l)
		}
	}
	if !lanes[0].Schedule.Always() || lanes[1].Schedule.Always() || lanes[1].InFlight != 4 || !lanes[1].Notes || lanes[0].Notes {
		t.Errorf("lanes %+v", lanes)
	}
}

func TestWhatIsWrongWithLanesIsToldAtOnce(t *testing.T) {
	_, err := New(settings("INBOX_A_KIND=tape", "INBOX_B_URL="+queueURL, "INBOX_B_SCHEDULE=now and then", "INBOX_B_CRM=nobody", "INBOX_B_PARTNER=acme",
		"INBOX_B_SETTLE=move", "INBOX_B_AT_ONCE=65", "INBOX_C_KIND=blob", "INBOX_C_URL="+containerURL, "INBOX_C_SETTLE=move", "INBOX_C_COLOUR=red", "CRM_X_KIND=abacus"),
		slog.New(slog.DiscardHandler), time.Now)
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{"INBOX_A_KIND", "INBOX_A_URL", "INBOX_B_SCHEDULE", "INBOX_B_CRM", "INBOX_B_PARTNER", "INBOX_B_URL", "INBOX_B_AT_ONCE",
		"INBOX_C_URL: address: the SAS of leads lacks the permission c", "INBOX_C_COLOUR", "CRM_X_KIND"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "sig=") {
		t.Error("a signature is told")
	}
}

func TestLanesThatNameOneCRMShareIt(t *testing.T) {
	env, made := config.New(settings("CRM_MAIN_KIND=memory", "CRM_MEMORY_COLOUR=red")), 0
	b := OpenBackend(env, time.Now)
	opened := openCRMs(env, b, map[string]crm.Open{"memory": func(s *config.Settings, o crm.Options) crm.CRM {
		s.String("COLOUR", "")
		if made++; o.Client == nil || o.Now == nil {
			t.Error("it gets no client or no clock")
		}
		return &crmtest.Memory{}
	}}, time.Now)
	if err := env.Err("CRM_"); err != nil || made != 2 || len(opened) != 3 {
		t.Errorf("%d made, %d opened, %v", made, len(opened), err)
	}
}
