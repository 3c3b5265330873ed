// Package queue drains an Azure Storage queue, reached by its SAS URL, whether leadrelay or the partner itself fills it.
package queue

import (
	"context"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/segmentio/asm/base64"

	"leadrelay/internal/azure"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// most is how many messages one call leases (facts/azure-storage.md §2).
const most = 32

type queue struct {
	lane   string
	name   string    // of the queue, for errors
	sas    azure.SAS // the zero SAS when an identity opens the queue
	hot    *azure.Messages
	client *azqueue.QueueClient // for what is rare
	poison *azqueue.QueueClient // nil where the SAS opens one queue only
	keep   inbox.Poison
	now    func() time.Time
}

// Open makes an inbox of a queue. Its SAS needs the permission "p"; "u" lets it renew leases and give messages back at
// once or later, "r" count what waits. Without "u", Extend is a fault of the address and Release leaves the message to
// the end of its lease, so leases are short. A SAS of one queue opens no "<queue>-poison": then o.Poison keeps what is
// buried. An identity (role "Storage Queue Data Contributor") may do all of it.
func Open(o inbox.Options) (inbox.Inbox, error) {
	place, plain, err := inbox.ParsePlace(o.Address, "queue")
	switch {
	case err != nil:
		return nil, err
	case o.Settle == inbox.SettleMove:
		return nil, lead.Errorf(lead.Address, "a queue has no place to move to: settle must be %s", inbox.SettleDelete)
	case o.Prefix != "":
		return nil, lead.Errorf(lead.Address, "a queue has no names, so no prefix")
	case plain:
		return openPlace(place, o)
	}
	sas, err := azure.ParseSAS(o.Address.Reveal(), azure.Queue)
	if err != nil {
		return nil, err
	}
	if err := sas.Fits(azure.Drain); err != nil {
		return nil, err
	}
	q := queue{lane: o.Lane, name: sas.Name(), sas: sas, keep: o.Poison, now: o.Now}
	if q.hot, err = sas.Messages(o.Client); err != nil {
		return nil, err
	}
	if q.client, err = sas.Queue(o.Client); err != nil {
		return nil, err
	}
	if q.poison, err = poisonQueue(sas, o.Client); err != nil {
		return nil, err
	}
	if q.poison == nil && q.keep == nil {
		return nil, lead.Errorf(lead.Address, "the SAS lacks the permission a on %s-poison, and nothing else keeps what is buried", sas.Name())
	}
	return q, nil
}

// openPlace opens the queue and its poison queue as an identity.
func openPlace(p inbox.Place, o inbox.Options) (inbox.Inbox, error) {
	if o.Credential == nil {
		return nil, lead.Errorf(lead.Address, "the address has no SAS, and there is no managed identity")
	}
	q := queue{lane: o.Lane, name: p.Name, keep: o.Poison, now: o.Now}
	opts := &azqueue.ClientOptions{ClientOptions: azure.ClientOptions(o.Client)}
	var err error
	if q.hot, err = azure.OpenMessages(p.URL, o.Credential, o.Client); err != nil {
		return nil, err
	}
	if q.client, err = azqueue.NewQueueClient(p.URL, o.Credential, opts); err != nil {
		return nil, azure.Classify(err)
	}
	q.poison, err = azqueue.NewQueueClient(p.URL+"-poison", o.Credential, opts)
	return q, azure.Classify(err)
}

// identity tells that no SAS opens the queue.
func (q queue) identity() bool { return q.sas.Kind() == 0 }

// MaxLease is short where a message can only be given back by the end of its lease.
func (q queue) MaxLease() time.Duration {
	if q.mayUpdate() {
		return 0
	}
	return 2 * time.Minute
}

// Count needs "r". It counts leased messages and those that were put off, too.
func (q queue) Count(ctx context.Context) (int, error) {
	if !q.identity() && !q.sas.Permits('r') {
		return 0, lead.Errorf(lead.Address, "the SAS of queue %s lacks the permission r", q.name)
	}
	resp, err := q.client.GetProperties(ctx, nil)
	if err != nil {
		return 0, told(err, "r")
	}
	if resp.ApproximateMessagesCount == nil {
		return 0, lead.Errorf(lead.Unavailable, "queue %s does not say how many messages it has", q.name)
	}
	return int(*resp.ApproximateMessagesCount), nil
}

// Receive leases messages; the lease is from one second to seven days.
func (q queue) Receive(ctx context.Context, limit int, lease time.Duration) ([]inbox.Message, error) {
	if limit < 1 {
		return nil, nil
	}
	if !q.identity() {
		if err := q.sas.Usable(azure.Drain, q.now()); err != nil {
			return nil, err
		}
	}
	leased, err := q.hot.Get(ctx, min(limit, most), max(time.Second, whole(lease)))
	if err != nil {
		return nil, told(err, "p")
	}
	out, strict := make([]inbox.Message, len(leased)), base64.StdEncoding.Strict()
	for i, m := range leased {
		body, form := decode(m.Text, strict)
		out[i] = inbox.Message{ID: m.ID, Body: body, Inserted: m.Inserted, Tries: m.Tries, Lease: form.lease(m.Receipt)}
	}
	return out, nil
}

// Extend needs "u". The service takes the text again with the time, so it is sent in the form in which it came.
func (q queue) Extend(ctx context.Context, m inbox.Message, lease time.Duration) (inbox.Message, error) {
	return q.update(ctx, m, max(time.Second, whole(lease)))
}

func (q queue) update(ctx context.Context, m inbox.Message, hidden time.Duration) (inbox.Message, error) {
	if !q.mayUpdate() {
		return m, lead.Errorf(lead.Address, "the SAS of queue %s lacks the permission u", q.name)
	}
	form, receipt := receiptOf(m.Lease)
	resp, err := q.client.UpdateMessage(ctx, m.ID, receipt, form.encode(m.Body), &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(int32(hidden / time.Second))})
	if err != nil {
		return m, told(err, "u")
	}
	if resp.PopReceipt != nil {
		m.Lease = form.lease(*resp.PopReceipt)
	}
	return m, nil
}

// mayUpdate is false only where the URL says so; a stored access policy may hold the permission.
func (q queue) mayUpdate() bool { return q.identity() || q.sas.Permits('u') }

// Ack deletes the message.
func (q queue) Ack(ctx context.Context, m inbox.Message) error {
	_, receipt := receiptOf(m.Lease)
	return told(q.hot.Delete(ctx, m.ID, receipt), "p")
}

// Release gives the message back after a time of at most seven days. Without "u" the end of its lease does, so it is nil.
func (q queue) Release(ctx context.Context, m inbox.Message, after time.Duration) error {
	if !q.mayUpdate() {
		return nil
	}
	_, err := q.update(ctx, m, whole(after))
	return err
}

// whole rounds up to seconds: a lease never ends earlier than it was asked for. The service takes at most seven days.
func whole(d time.Duration) time.Duration {
	const week = 7 * 24 * time.Hour
	return (min(max(d, 0), week) + time.Second - 1).Truncate(time.Second)
}

// told tells an error in the kinds of an inbox; permission is what the call needs. A call that is refused says nothing
// about a message here, so it is the address's fault.
func told(err error, permission string) error {
	if err == nil {
		return nil
	}
	err = azure.Classify(err)
	code := lead.CodeOf(err)
	switch {
	case azure.Stale(err):
		return &lead.Error{Kind: lead.Internal, Code: code, Err: inbox.ErrLeaseLost}
	case code == "403 AuthorizationPermissionMismatch":
		return &lead.Error{Kind: lead.Address, Code: code, Err: lackError(permission)}
	case lead.KindOf(err) == lead.Refused, lead.KindOf(err) == lead.TooLarge:
		return &lead.Error{Kind: lead.Address, Code: code, Err: err}
	}
	return err
}

// lackError names the permission that a call was refused for.
type lackError string

func (l lackError) Error() string { return "the SAS or the role lacks the permission " + string(l) }
