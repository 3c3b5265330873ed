package azuresim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/local/azuresim"
)

// signed is a query with its signature over lines.
func signed(query url.Values, lines ...string) string {
	key, _ := base64.StdEncoding.DecodeString(azuresim.AccountKey) // a constant
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(lines, "\n")))
	query.Set("sig", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return query.Encode()
}

const message = "<QueueMessage><MessageText>x</MessageText></QueueMessage>"

// TestEveryRefusalOfASASIsAzures names what Azurite does not know, or says otherwise (facts/azure-storage.md §1c).
func TestEveryRefusalOfASASIsAzures(t *testing.T) {
	now := &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s, w := inMemory(t, azuresim.Options{Now: now.now})
	if _, err := w.account.Queue("leads").Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	st, se := "2026-11-21T11:00:00Z", "2026-11-21T13:00:00Z"
	service := func(sp, si, sip, spr, sv string) string {
		q := url.Values{"sp": {sp}, "st": {st}, "se": {se}, "sv": {sv}}
		for name, value := range map[string]string{"si": si, "sip": sip, "spr": spr} {
			if value != "" {
				q.Set(name, value)
			}
		}
		return signed(q, sp, st, se, "/queue/devstoreaccount1/leads", si, sip, spr, sv)
	}
	account := func(sp, ss, srt string) string {
		q := url.Values{"sp": {sp}, "ss": {ss}, "srt": {srt}, "st": {st}, "se": {se}, "sv": {"2024-11-04"}}
		return signed(q, "devstoreaccount1", sp, ss, srt, st, se, "", "", "2024-11-04", "", "")
	}
	post := func(query string) string { return w.raw("POST", w.base["queue"]+"/leads/messages?"+query, message) }
	for _, c := range []struct{ name, query, want string }{
		{"good", service("a", "", "", "", "2020-02-10"), "201"},
		{"own address", service("a", "", "127.0.0.0-127.0.0.9", "", "2020-02-10"), "201"},
		{"another address", service("a", "", "10.0.0.1", "", "2020-02-10"), "403 AuthorizationSourceIPMismatch"},
		{"https only", service("a", "", "", "https", "2020-02-10"), "403 AuthorizationProtocolMismatch"},
		{"permission", service("rup", "", "", "", "2020-02-10"), "403 AuthorizationPermissionMismatch"},
		{"no version", service("a", "", "", "", "2030-01-01"), "403 AuthenticationFailed"},
		{"no policy", service("a", "nobody", "", "", "2020-02-10"), "403 AuthenticationFailed"},
		{"account", account("a", "qb", "o"), "201"},
		{"account, another service", account("a", "b", "o"), "403 AuthorizationServiceMismatch"},
		{"account, another kind", account("a", "q", "c"), "403 AuthorizationResourceTypeMismatch"},
		{"account, permission", account("r", "q", "o"), "403 AuthorizationPermissionMismatch"},
	} {
		if got := post(c.query); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	good := service("a", "", "", "", "2020-02-10")
	if now.later(time.Hour); post(good) != "403 AuthenticationFailed" {
		t.Error("it outlives its time by the server's clock")
	}
	if n := len(s.Queue("leads").Messages()); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

func TestStoredAccessPolicyGrantsWhileItStands(t *testing.T) {
	_, w := inMemory(t, azuresim.Options{})
	q := w.account.Queue("leads")
	if _, err := q.Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	put := func() string {
		sv, query := "2020-02-10", url.Values{"si": {"lender"}, "sv": {"2020-02-10"}}
		return w.raw("POST", w.base["queue"]+"/leads/messages?"+signed(query, "", "", "", "/queue/devstoreaccount1/leads", "lender", "", "", sv), message)
	}
	policy := &azqueue.SignedIdentifier{ID: to.Ptr("lender"), AccessPolicy: &azqueue.AccessPolicy{Permission: to.Ptr("a"), Expiry: to.Ptr(time.Now().Add(time.Hour))}}
	if _, err := q.SetAccessPolicy(w.ctx(), &azqueue.SetAccessPolicyOptions{QueueACL: []*azqueue.SignedIdentifier{policy}}); err != nil {
		t.Fatal(err)
	}
	if got := put(); got != "201" {
		t.Errorf("with the policy: %s", got)
	}
	if resp, err := q.GetAccessPolicy(w.ctx(), nil); err != nil || len(resp.SignedIdentifiers) != 1 || *resp.SignedIdentifiers[0].AccessPolicy.Permission != "a" {
		t.Errorf("%+v, %v", resp, err)
	}
	if _, err := q.SetAccessPolicy(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	if got := put(); got != "403 AuthenticationFailed" {
		t.Errorf("revoked: %s", got)
	}
}

// TestDocumentedHostStyleWorksOverTLS uses the host names of the CRF document (seeds/001).
func TestDocumentedHostStyleWorksOverTLS(t *testing.T) {
	const name = "mystorageaccount"
	s := azuresim.New(azuresim.Options{TLS: true, VerifySharedKey: true, Accounts: []azuresim.Account{{Name: name, Key: "ZG9jdW1lbnRlZA=="}}})
	defer s.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	connection := "DefaultEndpointsProtocol=https;AccountName=" + name + ";AccountKey=ZG9jdW1lbnRlZA==;EndpointSuffix=core.windows.net"
	for way, client := range map[string]func() *world{
		"sockets":  func() *world { return newWorld(t, connection, s.Client().Transport) },
		"memory":   func() *world { return newWorld(t, connection, s.Process()) },
		"loopback": func() *world { return newWorld(t, s.ConnectionString(), s.Client().Transport) },
	} {
		w := client()
		q := w.account.Queue("my-leads-queue")
		if _, err := q.Create(w.ctx(), nil); err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		address := w.signer.SignQueue("my-leads-queue", "a", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Reveal()
		if got := w.raw("POST", address, message); got != "201" {
			t.Errorf("%s: %s", way, got)
		}
		if _, err := w.account.Container("leads").NewBlobClient("x").GetProperties(w.ctx(), nil); told(err) != "404 ContainerNotFound" && told(err) != "404 " {
			t.Errorf("%s: blob %v", way, err)
		}
		if _, err := w.account.Table("leads").GetEntity(w.ctx(), "p", "r", nil); told(err) != "404 TableNotFound" {
			t.Errorf("%s: table %v", way, err)
		}
	}
	if n := len(s.Queue("my-leads-queue").Messages()); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

func TestTimePassesByTheGivenClockOnly(t *testing.T) {
	now := &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s, w := inMemory(t, azuresim.Options{Now: now.now})
	q := w.account.Queue("leads")
	if _, err := q.Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	put := func(text string, ttl, delay int32) {
		if _, err := q.EnqueueMessage(w.ctx(), text, &azqueue.EnqueueMessageOptions{TimeToLive: &ttl, VisibilityTimeout: &delay}); err != nil {
			t.Fatal(err)
		}
	}
	get := func() (out []string) {
		resp, err := q.DequeueMessages(w.ctx(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32)), VisibilityTimeout: to.Ptr(int32(60))})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range resp.Messages {
			out = append(out, *m.MessageText)
		}
		return out
	}
	put("mortal", 90, 0)
	put("immortal", -1, 0)
	put("later", -1, 3600)
	if got := get(); !slices.Equal(got, []string{"mortal", "immortal"}) {
		t.Errorf("at once: %q", got)
	}
	now.later(59 * time.Second)
	if got := get(); len(got) != 0 {
		t.Errorf("before the leases end: %q", got)
	}
	now.later(time.Second)
	if got := get(); len(got) != 2 {
		t.Errorf("after it: %q", got)
	}
	now.later(time.Hour)
	if got := get(); !slices.Equal(got, []string{"immortal", "later"}) || len(s.Queue("leads").Messages()) != 2 {
		t.Errorf("an hour later: %q", got)
	}
	if _, err := q.Delete(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	if now.later(30 * time.Second); told(func() error { _, err := q.Create(w.ctx(), nil); return err }()) != "ok" {
		t.Error("the name is still taken after 30 s")
	}
}

func TestLeaseEndsByTheGivenClock(t *testing.T) {
	now := &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	_, w := inMemory(t, azuresim.Options{Now: now.now})
	c := w.account.Container("locks")
	if _, err := c.Create(w.ctx(), nil); err != nil {
		t.Fatal(err)
	}
	upload(c, "lock", "{}", "x", "", "")(w)
	l, err := lease.NewBlobClient(c.NewBlobClient("lock"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AcquireLease(w.ctx(), 15, nil); err != nil {
		t.Fatal(err)
	}
	if got := upload(c, "lock", "{}", "x", "", "")(w); !strings.HasPrefix(got, "412 LeaseIdMissing") {
		t.Errorf("leased: %s", got)
	}
	now.later(15 * time.Second)
	if got := upload(c, "lock", "{}", "x", "", "")(w); !strings.HasPrefix(got, "ok") {
		t.Errorf("lease over: %s", got)
	}
}

func TestReceiptIsThatOfOneMessage(t *testing.T) {
	_, w := inMemory(t, azuresim.Options{})
	q := w.account.Queue("leads")
	_, _ = q.Create(w.ctx(), nil)
	for range 2 {
		if _, err := q.EnqueueMessage(w.ctx(), "x", nil); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := q.DequeueMessages(w.ctx(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(2))})
	if err != nil || len(resp.Messages) != 2 {
		t.Fatal(err)
	}
	if _, err := q.DeleteMessage(w.ctx(), *resp.Messages[0].MessageID, *resp.Messages[1].PopReceipt, nil); told(err) != "400 PopReceiptMismatch" {
		t.Errorf("deleted by another's receipt: %v", err)
	}
}

func TestPagesOfAThousandGoOn(t *testing.T) {
	for _, size := range []int{0, 7} {
		s, w := inMemory(t, azuresim.Options{PageSize: size})
		table := w.account.Table("many")
		if _, err := table.CreateTable(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
		for n := range 11 {
			var actions []aztables.TransactionAction
			for m := range 100 {
				actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: []byte(`{"PartitionKey":"p` + string(rune('a'+n)) + `","RowKey":"` + string(rune('0'+m/10)) + string(rune('0'+m%10)) + `"}`)})
			}
			if _, err := table.SubmitTransaction(w.ctx(), actions, nil); err != nil {
				t.Fatal(err)
			}
		}
		rows, pages := 0, 0
		for p := table.NewListEntitiesPager(nil); p.More(); pages++ {
			page, err := p.NextPage(w.ctx())
			if err != nil {
				t.Fatal(err)
			}
			rows += len(page.Entities)
		}
		want := map[int]int{0: 2, 7: 158}[size]
		if rows != 1100 || pages != want || len(s.Table("many").Rows()) != 1100 {
			t.Errorf("%d rows on %d pages, want 1100 on %d", rows, pages, want)
		}
	}
}
