package queue_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/queue"
	"leadrelay/internal/lead"
)

func TestBodyThatXMLCannotCarryIsRefusedInTextAndCarriedInBase64(t *testing.T) {
	name := storage.Queue(t)
	open := func(encoding string) destination.Destination {
		d, err := queue.Open(destination.Options{Address: azuretest.Sign(storage.Signer.SignQueue).Hour(name, "a"),
			Encoding: encoding, Client: storage.Client, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	text, base64, ctx := open("text"), open("base64"), azuretest.Context(t)
	bodies := []string{"{\"SECRET\":\"\x00\"}", "SECRET\x1f", "SECRET\xff", "SECRET\uFFFE", "SECRET\uFFFF", "SECRET\xed\xa0\x80"}
	for _, body := range bodies {
		if _, err := text.Deliver(ctx, destination.Delivery{Body: []byte(body)}); lead.KindOf(err) != lead.Refused || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q in text: %v", body, err)
		}
		if _, err := base64.Deliver(ctx, destination.Delivery{Body: []byte(body)}); err != nil {
			t.Errorf("%q in base64: %v", body, err)
		}
	}
	found := map[string]bool{}
	for _, stored := range take(t, storage.Account.Queue(name), "base64") {
		found[string(stored.Body)] = true
	}
	for _, body := range bodies {
		if !found[body] {
			t.Errorf("%q is not found", body)
		}
	}
}

// nobody is a way to nowhere.
type nobody struct{ t *testing.T }

func (n nobody) RoundTrip(*http.Request) (*http.Response, error) {
	n.t.Error("the queue was called")
	return nil, io.EOF
}

func TestTooLargeIsToldBeforeAnyCall(t *testing.T) {
	for encoding, size := range map[string]int{"base64": 48<<10 + 1, "text": 64<<10 + 1} {
		d, err := queue.Open(destination.Options{Address: azuretest.Sign(storage.Signer.SignQueue).Hour("leads", "a"),
			Encoding: encoding, Client: &http.Client{Transport: nobody{t}}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		body := []byte(strings.Repeat("x", size))
		if _, err := d.Deliver(azuretest.Context(t), destination.Delivery{Body: body}); lead.KindOf(err) != lead.TooLarge {
			t.Errorf("%s: %v", encoding, err)
		}
	}
}

func TestUnknownEncodingIsToldAtOpen(t *testing.T) {
	_, err := queue.Open(destination.Options{Address: azuretest.Sign(storage.Signer.SignQueue).Hour("leads", "a"), Encoding: "plain", Client: storage.Client, Now: time.Now})
	if lead.KindOf(err) != lead.Address || err == nil {
		t.Errorf("want a fault of the address, got %v", err)
	}
}

// TestDocumentedURLDelivers uses the URL of the CRF document as it stands there, over TLS, by its own host name.
func TestDocumentedURLDelivers(t *testing.T) {
	far, ctx := azuretest.StartDocumented(t), azuretest.Context(t)
	var log strings.Builder
	azlog.SetListener(func(_ azlog.Event, line string) { log.WriteString(line) })
	defer azlog.SetListener(nil)
	q := far.QueueAccount.Queue("my-leads-queue")
	d, err := queue.Open(destination.Options{Address: far.QueueURL, Client: far.Client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","requestedAmount":25000.00}`)
	if _, err := d.Deliver(ctx, destination.Delivery{ID: "1", Body: body}); lead.CodeOf(err) != "404 QueueNotFound" || lead.KindOf(err) != lead.Address {
		t.Errorf("before the queue is there: %v", err)
	}
	if _, err := q.Create(ctx, nil); err != nil {
		t.Fatal(err)
	}
	receipt, err := d.Deliver(ctx, destination.Delivery{ID: "1", Body: body})
	if err != nil || receipt.ID == "" || receipt.Code != 201 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if got := take(t, q, "base64"); len(got) != 1 || string(got[0].Body) != string(body) {
		t.Errorf("found %q", got)
	}
	_, sig, _ := strings.Cut(far.QueueURL.Reveal(), "sig=")
	if strings.Contains(log.String(), sig) || strings.Contains(log.String(), string(body)) || log.Len() == 0 {
		t.Error("the SDK's log holds the signature or the body, or nothing at all")
	}
}
