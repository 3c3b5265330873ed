// Package queue puts deliveries into a lender's Azure Storage queue, reached by the SAS URL that the lender pasted.
package queue

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
)

// Limit is how long a message's text may be, in bytes, after base64 (facts/azure-storage.md §2): 48 KiB of body in base64.
const Limit = 64 << 10

type queue struct {
	sas      azure.SAS
	messages *azure.Messages
	text     bool
	now      func() time.Time
}

// Open makes a destination of a queue's SAS URL; it needs the permission "a". Encoding is "base64" (the default, what an
// Azure Functions trigger reads) or "text".
func Open(o destination.Options) (destination.Destination, error) {
	sas, err := azure.ParseSAS(o.Address.Reveal(), azure.Queue)
	if err != nil {
		return nil, err
	}
	if err := sas.Fits(azure.Deliver); err != nil {
		return nil, err
	}
	if o.Encoding != "" && o.Encoding != "base64" && o.Encoding != "text" {
		return nil, lead.Errorf(lead.Address, "the encoding of a queue is base64 or text")
	}
	messages, err := sas.Messages(o.Client)
	if err != nil {
		return nil, err
	}
	return queue{sas: sas, messages: messages, text: o.Encoding == "text", now: o.Now}, nil
}

// Deliver puts one message; sent twice, it is there twice, and whoever drains the queue knows it by its event.
func (q queue) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	if err := q.sas.Live(q.now()); err != nil {
		return destination.Receipt{}, err
	}
	size := base64.StdEncoding.EncodedLen(len(d.Body))
	if q.text {
		size = len(d.Body)
	}
	if size > Limit {
		return destination.Receipt{}, lead.Errorf(lead.TooLarge, "the message is %d bytes long, a queue takes %d", size, Limit)
	}
	id, err := q.put(ctx, d.Body)
	if err != nil {
		return destination.Receipt{}, err
	}
	return destination.Receipt{Code: http.StatusCreated, ID: id}, nil // no other status is success
}

// put writes the body as it is, where XML can carry it, or in base64.
func (q queue) put(ctx context.Context, body []byte) (id string, err error) {
	if q.text {
		return q.messages.Put(ctx, string(body), 0)
	}
	return q.messages.PutBase64(ctx, body, 0)
}
