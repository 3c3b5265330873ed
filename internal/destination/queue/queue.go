// Package queue puts deliveries into a lender's Azure Storage queue, reached by the SAS URL that the lender pasted.
package queue

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
)

// Limit is how long a message's text may be, in bytes, after base64 (facts/azure-storage.md §2): 48 KiB of body in base64.
const Limit = 64 << 10

// forever is the time to live of a message that never expires; the service's own default loses it after seven days
// (facts/azure-storage.md §2).
const forever = -1

type queue struct {
	sas    azure.SAS
	client *azqueue.QueueClient
	encode func([]byte) (string, error)
	now    func() time.Time
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
	q := queue{sas: sas, now: o.Now}
	switch o.Encoding {
	case "", "base64":
		q.encode = func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil }
	case "text":
		q.encode = text
	default:
		return nil, lead.Errorf(lead.Address, "the encoding of a queue is base64 or text")
	}
	if q.client, err = sas.Queue(o.Client); err != nil {
		return nil, err
	}
	return q, nil
}

// text is the body as it is, if XML can carry it: the SDK would silently put U+FFFD for what it cannot
// (facts/azure-storage.md §2). Its kind is Refused.
func text(body []byte) (string, error) {
	if !utf8.Valid(body) {
		return "", lead.Errorf(lead.Refused, "the body is not UTF-8, which a queue message in text needs; base64 carries anything")
	}
	for _, r := range string(body) {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return "", lead.Errorf(lead.Refused, "the body holds a character (U+%04X) that a queue message in text cannot; base64 carries anything", r)
		}
	}
	return string(body), nil
}

// Deliver puts one message; sent twice, it is there twice, and whoever drains the queue knows it by its event.
func (q queue) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	if err := q.sas.Usable(azure.Deliver, q.now()); err != nil {
		return destination.Receipt{}, err
	}
	message, err := q.encode(d.Body)
	if err != nil {
		return destination.Receipt{}, err
	}
	if len(message) > Limit {
		return destination.Receipt{}, lead.Errorf(lead.TooLarge, "the message is %d bytes long, a queue takes %d", len(message), Limit)
	}
	resp, err := q.client.EnqueueMessage(ctx, message, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(forever))})
	if err != nil {
		return destination.Receipt{}, azure.Classify(err)
	}
	receipt := destination.Receipt{Code: http.StatusCreated} // the SDK takes no other status for success
	if len(resp.Messages) == 1 && resp.Messages[0].MessageID != nil {
		receipt.ID = *resp.Messages[0].MessageID
	}
	return receipt, nil
}
