package receive_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/receive"
	"leadrelay/local/azuresim"
)

// TestManyAtOnceAreKeptEachAsItCame posts bodies of all lengths side by side into a real intake that fails now and then. The
// memory of a request is used again by the next: no payload may show up in another's place.
func TestManyAtOnceAreKeptEachAsItCame(t *testing.T) {
	sim := azuresim.New(azuresim.Options{})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	account, err := azure.ConnectAccount(sim.ConnectionString(), azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	ctx, names := azuretest.Context(t), ledger.Names{Prefix: "many"}
	if err := ledger.Setup(ctx, account, names); err != nil {
		t.Fatal(err)
	}
	for skip := 10; skip < 400; skip += 40 {
		sim.Inject(azuresim.Fault{Op: "PutMessage", Skip: skip, Times: 1, Effect: azuresim.Answer(500, "InternalError")})
	}
	intake := ledger.NewIntake(account, names)
	w := newWorld(t)
	w.Intake, w.Routes["long"] = intake, receive.Route{Partner: w.Routes["memory"].Partner, MaxBody: 256 << 10}
	sent := w.postMany(16, 25)
	for receipt, body := range received(t, ctx, intake) {
		if want := sent[receipt]; body != want {
			t.Errorf("%s: %.60q of %d bytes is kept, %.60q of %d came", receipt, body, len(body), want, len(want))
		}
		delete(sent, receipt)
	}
	if len(sent) > 0 {
		t.Errorf("%d are lost", len(sent))
	}
}

// postMany posts n bodies each by some side by side, and gives what was sent by the receipts.
func (w *world) postMany(sideBySide, n int) map[string]string {
	var wg sync.WaitGroup
	var mu sync.Mutex
	sent := map[string]string{}
	for a := range sideBySide {
		wg.Go(func() {
			for b := range n {
				size := 37 * b * b
				if b%8 == 7 {
					size += 80 << 10 // beyond what is kept, and what a message holds
				}
				body := fmt.Sprintf(`{"id":"l-%d-%d","more":"%s"}`, a, b, strings.Repeat(string(rune('a'+(a+b)%26)), size))
				rec := httptest.NewRecorder()
				w.ServeHTTP(rec, post("long", body))
				var said struct{ Receipt string }
				if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil || rec.Code != 200 {
					w.Errorf("answered %d %s", rec.Code, rec.Body)
				}
				mu.Lock()
				sent[said.Receipt] = body
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return sent
}

// received are all payloads that an intake holds, in its queue and its claims, by their receipts.
func received(t *testing.T, ctx context.Context, intake *ledger.Intake) map[string]string {
	t.Helper()
	kept := map[string]string{}
	for {
		resp, err := intake.Queue.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr[int32](32), VisibilityTimeout: to.Ptr[int32](600)})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.Messages) == 0 {
			return kept
		}
		for _, raw := range resp.Messages {
			text, _ := base64.StdEncoding.DecodeString(*raw.MessageText)
			m, err := ledger.ParseMessage(text)
			if err != nil {
				t.Fatal(err)
			}
			if m.Claim != "" {
				m.Envelope = claimed(t, ctx, intake, m.Claim)
			}
			kept[m.Envelope.ID] = string(m.Envelope.Data)
		}
	}
}

func claimed(t *testing.T, ctx context.Context, intake *ledger.Intake, name string) lead.Envelope {
	t.Helper()
	resp, err := intake.Claims.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	e, err := lead.ParseEnvelope(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return e
}
