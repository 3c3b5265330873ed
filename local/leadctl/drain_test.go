package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner/crf"
	"leadrelay/local/azurite/azuritetest"
)

// lender is an account with a lane over a queue and one over a container, and the settings that name them.
type lender struct {
	*testing.T
	account *azure.Account
	sign    azure.Signer
}

func newLender(t *testing.T) *lender {
	t.Helper()
	connection := azuritetest.Start(t).ConnectionString()
	account, err := azure.ConnectAccount(connection, azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	sign, err := azure.NewSigner(connection)
	if err != nil {
		t.Fatal(err)
	}
	l := &lender{T: t, account: account, sign: sign}
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "INBOX_") || strings.HasPrefix(name, "PARTNER_") || strings.HasPrefix(name, "CRM_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range map[string]string{
		"AzureWebJobsStorage": connection, "LEADRELAY_HASH_KEY": key, "LEADRELAY_SEAL_KEY": key, "LEADRELAY_PREFIX": "leadrelay",
		"PARTNER_CRF_SECRET": strings.Repeat("s", 32), "PARTNER_CR3DENTIALS_SECRET": strings.Repeat("s", 32),
	} {
		t.Setenv(name, value)
	}
	if _, err := account.Queue("leads").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := account.Container("leads").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lender) queueLane(permissions string) {
	l.Setenv("INBOX_Q_KIND", "queue")
	l.Setenv("INBOX_Q_URL", l.sign.SignQueue("leads", permissions, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Reveal())
}

func (l *lender) containerLane(permissions string) {
	l.Setenv("INBOX_C_KIND", "blob")
	l.Setenv("INBOX_C_URL", l.sign.SignContainer("leads", permissions, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)).Reveal())
}

func (l *lender) put(body string) {
	l.Helper()
	if _, err := l.account.Queue("leads").EnqueueMessage(l.Context(), body, nil); err != nil {
		l.Fatal(err)
	}
}

// run runs a command and wants it to succeed.
func (l *lender) run(args ...string) string {
	l.Helper()
	out, err := leadctl(l.T, "", args...)
	if err != nil {
		l.Errorf("%v: %v\n%s", args, err, out)
	}
	return out
}

// numbered is the sample lead under another id.
func numbered(n int) string {
	return strings.Replace(string(crf.Sample()), "4626a582-afb9-48bf-8d86-87e6fe91a842", fmt.Sprintf("4626a582-afb9-48bf-8d86-%012d", n), 1)
}

func TestDrainEmptiesEveryLane(t *testing.T) {
	l := newLender(t)
	l.queueLane("rup")
	l.containerLane("rwdl")
	for n := range 3 {
		l.put(numbered(n))
		_, err := l.account.Container("leads").NewBlockBlobClient(fmt.Sprint("x/", n)).Upload(t.Context(), bodyReader{strings.NewReader(numbered(n + 3))}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	out := l.run("drain")
	for _, want := range []string{"q            taken 3: created 3,", "c            taken 3: created 3,", "left 0"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	var run shownRun
	if err := json.Unmarshal([]byte(l.run("drain", "q", "--once", "--json")), &run); err != nil || run.Lane != "q" || run.Taken != 0 || run.Left == nil || *run.Left != 0 {
		t.Errorf("%+v, %v", run, err)
	}
	if out, err := leadctl(t, "", "drain", "nobody"); err == nil || !strings.Contains(err.Error(), "there are: c q") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestPoisonIsListedShownRequeuedAndDropped(t *testing.T) {
	l := newLender(t)
	l.queueLane("rup")
	l.put(`{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","lastName":"Secretperson","tags":["Secretperson"],"status":5}`)
	l.run("drain", "--once")
	var b shownBuried
	if err := json.Unmarshal([]byte(l.run("poison", "list", "--json")), &b); err != nil || b.Lane != "q" || !strings.Contains(b.Reason, "status") {
		t.Fatalf("%+v, %v", b, err)
	}
	if out := l.run("poison", "show", b.Name); strings.Contains(out, "Secretperson") || !strings.Contains(out, "4626a582") {
		t.Errorf("shown\n%s", out)
	}
	if out := l.run("poison", "show", b.Name[10:], "--reveal"); strings.Count(out, "Secretperson") != 2 {
		t.Errorf("revealed\n%s", out)
	}
	if out, err := leadctl(t, "", "poison", "requeue", b.Name); err == nil || !strings.Contains(out, "refused again: invalid: status") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := leadctl(t, "", "poison", "drop", b.Name); err == nil || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("%v\n%s", err, out)
	}
	l.run("poison", "drop", b.Name, "--yes")
	if out := l.run("poison", "list"); !strings.Contains(out, "nothing is buried") {
		t.Error(out)
	}
}

// A lead that was buried by mistake comes back without overtaking what came after it.
func TestRequeuedKeepsItsTime(t *testing.T) {
	for _, permissions := range []string{"rup", "raup"} {
		l := newLender(t)
		l.queueLane(permissions)
		l.put(strings.Replace(numbered(1), `"Matched"`, `"Contacted"`, 1))
		l.run("drain", "--once")
		poison := &ledger.Poison{Container: l.account.Container("leadrelay-poison")}
		for n, body := range []string{numbered(1), numbered(2)} {
			if err := poison.Keep(t.Context(), ledger.Buried{Lane: "q", ID: fmt.Sprint(n), Inserted: time.Now().Add(-time.Hour), Reason: "by mistake", Body: []byte(body)}); err != nil {
				t.Fatal(err)
			}
		}
		l.run("poison", "requeue", "--lane", "q")
		l.run("drain", "--once")
		out := l.run("leads", "list")
		if strings.Count(out, "Contacted") != 1 || strings.Count(out, "Matched") != 1 {
			t.Errorf("%s: leads\n%s", permissions, out)
		}
		if out := l.run("poison", "list"); !strings.Contains(out, "nothing is buried") {
			t.Errorf("%s: %s", permissions, out)
		}
	}
}

func TestLinkTiesASessionToALead(t *testing.T) {
	l := newLender(t)
	l.queueLane("rup")
	l.put(numbered(1))
	l.run("drain", "--once")
	l.run("link", "--session", "123", "--lead", "crf|4626a582-afb9-48bf-8d86-000000000001")
	l.Setenv("INBOX_Q_PARTNER", "cr3dentials")
	l.put(`{"type":"verification.completed","status":"success","data":{"verificationId":"v1","sessionId":"123","status":"verified","score":1}}`)
	if out := l.run("drain", "--once"); !strings.Contains(out, "updated 1") {
		t.Error(out)
	}
}

func TestDoctorTellsWhatIsWrongAndWhatToDo(t *testing.T) {
	l := newLender(t)
	l.queueLane("p")
	l.containerLane("rdl")
	l.Setenv("INBOX_C_SCHEDULE", "0 0 2 * * *")
	out := l.run("doctor")
	for _, want := range []string{"warning  storage", "leadctl setup creates it", "lacks the permission u", "2 minutes", "lacks the permission w, to lease blobs",
		"ok       inboxes      c ", "ok       crm          lane q", "next at"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	l.run("setup")
	if out := l.run("doctor"); strings.Contains(out, "leadctl setup") {
		t.Errorf("after setup:\n%s", out)
	}
	l.Setenv("INBOX_C_SETTLE", "burn")
	l.Setenv("INBOX_Q_URL", l.sign.SignQueue("nowhere", "rup", time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 1)).Reveal())
	out, err := leadctl(t, "", "doctor", "--json")
	var faults []string
	for line := range strings.Lines(out) {
		var d struct{ Section, Level, Subject, Text string }
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		if d.Level == "fault" {
			faults = append(faults, d.Subject)
		}
	}
	if err == nil || !slices.Contains(faults, "INBOX_C_SETTLE") {
		t.Errorf("faults %v, %v", faults, err)
	}
	l.Setenv("INBOX_C_SETTLE", "")
	if out, err := leadctl(t, "", "doctor"); err == nil || !strings.Contains(out, "fault    inboxes      q ") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(out, "sig=") {
		t.Error("a signature is printed")
	}
}

func TestMappingShowsWhatWouldBeSent(t *testing.T) {
	file := t.TempDir() + "/lead.json"
	if err := os.WriteFile(file, []byte(numbered(7)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, crm := range []string{"dataverse", "salesforce"} {
		out, err := leadctl(t, "", "mapping", "show", "--crm", crm, "--lead", file)
		if err != nil || !strings.Contains(out, "4626a582-afb9-48bf-8d86-000000000007") || !strings.Contains(out, "Minneapolis") {
			t.Errorf("%s: %v\n%s", crm, err, out)
		}
		if out, err := leadctl(t, "", "mapping", "check", "--crm", crm); err != nil || !strings.HasPrefix(out, "ok") {
			t.Errorf("%s: %v\n%s", crm, err, out)
		}
	}
	if err := os.WriteFile(file, []byte("version: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := leadctl(t, "", "mapping", "check", file); err == nil {
		t.Errorf("a wrong file is sound: %s", out)
	}
}
