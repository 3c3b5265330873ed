package ledger_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func TestMessageSurvivesTheWireByteForByte(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, int(7*time.Millisecond), time.UTC)
	for name, m := range map[string]ledger.Message{
		"plain":    {Envelope: lead.Envelope{ID: "R", Partner: "crf", Type: "crf.lead", Subject: "l", Time: at, Data: []byte(`{ "n": 25000.00, "s":"\u0000 𝔹 <&>" }`)}, Key: "k", LeadKey: "lk", Content: "c"},
		"rejected": {Envelope: lead.Envelope{ID: "R", Partner: "crf", Type: "crf.rejected", Time: at, Data: []byte("\xff\x00 not JSON"), Binary: true}, Key: "k", Reject: &ledger.Rejection{Status: 400, Reason: "not JSON"}},
		"claim":    {Envelope: lead.Envelope{ID: "R", Partner: "crf", Type: "crf.lead", Subject: "l", Time: at}, Claim: "R.json", Key: "k", Returned: 3},
	} {
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := lead.WellFormed(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got, err := ledger.ParseMessage(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Envelope.ID != m.Envelope.ID || !got.Envelope.Time.Equal(at) || got.Envelope.Subject != m.Envelope.Subject || !bytes.Equal(got.Envelope.Data, m.Envelope.Data) ||
			got.Claim != m.Claim || got.Key != m.Key || got.Returned != m.Returned || (got.Reject == nil) != (m.Reject == nil) {
			t.Errorf("%s came back as %+v", name, got)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(`{"v":1,"key":"k","event":{"specversion":"1.0","id":"R","source":"/partners/crf","type":"t","time":"2026-11-21T09:00:00Z","data":{}}}`))
	f.Add([]byte(`{"v":1,"key":"k","claim":"R.json","head":{"id":"R","partner":"crf","type":"t","time":"2026-11-21T09:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ledger.ParseMessage(b)
		if err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.ParseMessage(again); err != nil {
			t.Errorf("what was read and written cannot be read again: %v", err)
		}
	})
}

// next takes the next message out of the intake.
func (b *book) next() (ledger.Message, bool) {
	b.Helper()
	resp, err := b.intake.Queue.DequeueMessages(b.ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(1))})
	if err != nil {
		b.Fatal(err)
	}
	if len(resp.Messages) == 0 {
		return ledger.Message{}, false
	}
	if year := resp.Messages[0].ExpirationTime.Year(); year < 9000 {
		b.Errorf("the message expires in %d", year)
	}
	text, err := base64.StdEncoding.DecodeString(*resp.Messages[0].MessageText)
	if err != nil {
		b.Fatal(err)
	}
	m, err := ledger.ParseMessage(text)
	if err != nil {
		b.Fatal(err)
	}
	return m, true
}

func TestAcceptedMessageNeverExpires(t *testing.T) {
	b := newBook(t)
	if err := b.intake.Accept(b.ctx, *b.message("A")); err != nil {
		t.Fatal(err)
	}
	if m, ok := b.next(); !ok || m.Envelope.Subject != "l" {
		t.Errorf("the intake holds %+v", m)
	}
}

func TestLargeEnvelopeIsClaimedAndItsDuplicateLetsGo(t *testing.T) {
	b := newBook(t)
	large := strings.Repeat("x", 200<<10)
	first := b.message(large)
	if err := b.intake.Accept(b.ctx, *first); err != nil {
		t.Fatal(err)
	}
	m, ok := b.next()
	if !ok || m.Claim == "" || len(m.Envelope.Data) != 0 {
		t.Fatalf("the message is not a claim: %v", m.Claim)
	}
	o := b.open(&m, ledger.First)
	if err := b.Resolve(b.ctx, &m); err != nil || !bytes.Equal(m.Envelope.Data, first.Envelope.Data) {
		t.Fatalf("the claim came back with %d bytes: %v", len(m.Envelope.Data), err)
	}
	if err := b.intake.Accept(b.ctx, *b.message(large)); err != nil {
		t.Fatal(err)
	}
	copied, _ := b.next()
	b.open(&copied, ledger.Duplicate)
	if err := b.Resolve(b.ctx, &copied); err == nil {
		t.Error("the duplicate's claim is still there")
	}
	e, _, err := b.Event(b.ctx, o.Key)
	if err != nil || e.Claim != m.Claim {
		t.Errorf("the event names claim %q %v, want %q", e.Claim, err, m.Claim)
	}
}

func TestMissingQueueIsCreated(t *testing.T) {
	b := newBook(t)
	if _, err := b.intake.Queue.Delete(b.ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.intake.Accept(b.ctx, *b.message("A")); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.next(); !ok {
		t.Error("the intake is empty")
	}
}

func TestIntakeDownSpillsAndBothDownIsUnavailable(t *testing.T) {
	b := newBook(t)
	nowhere, err := azure.ConnectAccount("AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a", azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	b.intake.Messages = nowhere.Messages("intake")
	m := b.message("A")
	if err := b.intake.Accept(ctx, *m); err != nil {
		t.Fatal(err)
	}
	spilled, err := b.intake.Spilled(ctx, 10)
	if err != nil || len(spilled) != 1 {
		t.Fatalf("the spill has %d messages %v", len(spilled), err)
	}
	if got, err := ledger.ParseMessage(spilled[0].Text); err != nil || got.Envelope.ID != m.Envelope.ID {
		t.Errorf("the spill holds %+v %v", got, err)
	}
	if _, err := b.intake.Spill.Delete(ctx, nil); err != nil {
		t.Fatal(err)
	}
	gone, cancelGone := context.WithCancel(ctx)
	cancelGone()
	if err := b.intake.Accept(gone, *m); lead.KindOf(err) != lead.Unavailable {
		t.Errorf("with nothing reachable the error is %v", err)
	}
}
