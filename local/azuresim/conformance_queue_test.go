package azuresim_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// queueSteps are all operations on one queue, in a row.
func queueSteps() []step {
	const name = "conform"
	q := func(w *world) *azqueue.QueueClient { return w.account.Queue(name) }
	put := func(text string, o *azqueue.EnqueueMessageOptions) func(*world) string {
		return func(w *world) string {
			resp, err := q(w).EnqueueMessage(w.ctx(), text, o)
			if err != nil {
				return told(err)
			}
			m := resp.Messages[0]
			return fmt.Sprint(len(resp.Messages), deref(m.MessageID) != "", deref(m.PopReceipt) != "", life(m.InsertionTime, m.ExpirationTime), life(m.InsertionTime, m.TimeNextVisible))
		}
	}
	get := func(o *azqueue.DequeueMessagesOptions) func(*world) string {
		return func(w *world) string {
			resp, err := q(w).DequeueMessages(w.ctx(), o)
			out := told(err)
			for i, m := range resp.Messages {
				out += fmt.Sprintf(" %q #%d %s", *m.MessageText, *m.DequeueCount, life(m.InsertionTime, m.ExpirationTime))
				w.kept[fmt.Sprintf("id%d", i)], w.kept[fmt.Sprintf("receipt%d", i)] = *m.MessageID, *m.PopReceipt
			}
			return out
		}
	}
	take := func(n, lease int32) *azqueue.DequeueMessagesOptions {
		return &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(n), VisibilityTimeout: to.Ptr(lease)}
	}
	return append(append([]step{
		{name: "put without the queue", do: put("x", nil)},
		{name: "get without the queue", do: get(nil)},
		{name: "create", do: func(w *world) string { _, err := q(w).Create(w.ctx(), nil); return told(err) }},
		{name: "create again", do: func(w *world) string { _, err := q(w).Create(w.ctx(), nil); return told(err) }},
		{name: "create with other metadata", do: func(w *world) string {
			_, err := q(w).Create(w.ctx(), &azqueue.CreateOptions{Metadata: map[string]*string{"a": to.Ptr("b")}})
			return told(err)
		}},
		{name: "create with a bad name", do: func(w *world) string { _, err := w.account.Queue("no--name").Create(w.ctx(), nil); return told(err) }},
		{name: "create with a short name", do: func(w *world) string { _, err := w.account.Queue("ab").Create(w.ctx(), nil); return told(err) }},
		{name: "get from nothing", do: get(nil)},
	}, putSteps(put, get, take)...), heldSteps(q, get, take)...)
}

// putSteps go on with an empty queue, and hold two messages at the end.
func putSteps(put func(string, *azqueue.EnqueueMessageOptions) func(*world) string, get func(*azqueue.DequeueMessagesOptions) func(*world) string, take func(n, lease int32) *azqueue.DequeueMessagesOptions) []step {
	q := func(w *world) *azqueue.QueueClient { return w.account.Queue("conform") }
	visible := func(s int32) *azqueue.EnqueueMessageOptions {
		return &azqueue.EnqueueMessageOptions{VisibilityTimeout: to.Ptr(s)}
	}
	ttl := func(s int32) *azqueue.EnqueueMessageOptions {
		return &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(s)}
	}
	return []step{
		{name: "put", do: put("one <&> \"'\r\n\t ]]> 🏦 Björk\u2028", nil)},
		{name: "put for ever", do: put("two", ttl(-1))},
		{name: "put for an hour", do: put(" \n ", ttl(3600))},
		{name: "put hidden", do: put("hidden", visible(3600))},
		{name: "put for no time", do: put("x", ttl(0))},
		{name: "put for less than no time", do: put("x", ttl(-2)), azure: "400 InvalidQueryParameterValue", why: noCode},
		{name: "put hidden for too long", do: put("x", visible(604801))},
		{name: "put hidden for its whole life", do: put("x", &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(60)), VisibilityTimeout: to.Ptr(int32(60))})},
		{name: "put the largest", do: put(strings.Repeat("x", 65536), ttl(3600))},
		{name: "put too large", do: put(strings.Repeat("x", 65537), nil)},
		{name: "put what XML has to escape", do: put(strings.Repeat("<", 30000), ttl(3600))},
		{name: "get none", do: get(take(0, 30)), azure: "400 OutOfRangeQueryParameterValue", why: noCode},
		{name: "get too many", do: get(take(33, 30))},
		{name: "get for no time", do: get(take(1, 0))},
		{name: "get for too long", do: get(take(1, 604801))},
		{name: "peek", do: func(w *world) string {
			resp, err := q(w).PeekMessages(w.ctx(), &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(2))})
			out := told(err)
			for _, m := range resp.Messages {
				out += fmt.Sprintf(" %q #%d", *m.MessageText, *m.DequeueCount)
			}
			return out
		}},
		{name: "peek too many", do: func(w *world) string {
			_, err := q(w).PeekMessages(w.ctx(), &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(33))})
			return told(err)
		}},
		{name: "get", do: get(take(2, 600))},
		{name: "count", do: func(w *world) string {
			resp, err := q(w).GetProperties(w.ctx(), nil)
			return fmt.Sprint(told(err), " ", deref(resp.ApproximateMessagesCount), " ", len(resp.Metadata))
		}},
	}
}

// heldSteps go on with two messages that are held.
func heldSteps(q func(*world) *azqueue.QueueClient, get func(*azqueue.DequeueMessagesOptions) func(*world) string, take func(n, lease int32) *azqueue.DequeueMessagesOptions) []step {
	update := func(n int, text string, delay int32, stale bool) func(*world) string {
		return func(w *world) string {
			receipt := w.kept[fmt.Sprintf("receipt%d", n)]
			if stale {
				receipt = w.kept["stale"]
			}
			resp, err := q(w).UpdateMessage(w.ctx(), w.kept[fmt.Sprintf("id%d", n)], receipt, text, &azqueue.UpdateMessageOptions{VisibilityTimeout: to.Ptr(delay)})
			if err == nil {
				w.kept["stale"], w.kept[fmt.Sprintf("receipt%d", n)] = receipt, *resp.PopReceipt
			}
			return fmt.Sprint(told(err), err == nil && *resp.PopReceipt != receipt, resp.TimeNextVisible != nil)
		}
	}
	remove := func(n int, receipt string) func(*world) string {
		return func(w *world) string {
			_, err := q(w).DeleteMessage(w.ctx(), w.kept[fmt.Sprintf("id%d", n)], w.kept[receipt], nil)
			return told(err)
		}
	}
	return []step{
		{name: "update", do: update(0, "changed", 600, false)},
		{name: "update with a stale receipt", do: update(0, "changed", 600, true)},
		{name: "update for too long", do: update(0, "changed", 604801, false)},
		{name: "delete with a stale receipt", do: remove(0, "stale")},
		{name: "delete with another's receipt", do: remove(0, "receipt1")},
		{name: "release", do: update(0, "changed", 0, false)},
		{name: "get what was released", do: get(take(1, 600))},
		{name: "delete", do: remove(0, "receipt0")},
		{name: "delete again", do: remove(0, "receipt0")},
		{name: "get the rest", do: get(take(32, 600))},
		{name: "set metadata", do: func(w *world) string {
			_, err := q(w).SetMetadata(w.ctx(), &azqueue.SetMetadataOptions{Metadata: map[string]*string{"owner": to.Ptr("lender")}})
			resp, err2 := q(w).GetProperties(w.ctx(), nil)
			value := ""
			for name, v := range resp.Metadata {
				value += strings.ToLower(name) + "=" + *v
			}
			return told(err) + told(err2) + value
		}},
		{name: "clear", do: func(w *world) string { _, err := q(w).ClearMessages(w.ctx(), nil); return told(err) }},
		{name: "count of nothing", do: func(w *world) string {
			resp, err := q(w).GetProperties(w.ctx(), nil)
			return fmt.Sprint(told(err), deref(resp.ApproximateMessagesCount))
		}},
		{name: "delete the queue", do: func(w *world) string { _, err := q(w).Delete(w.ctx(), nil); return told(err) }},
		{name: "delete the queue again", do: func(w *world) string { _, err := q(w).Delete(w.ctx(), nil); return told(err) }},
		{name: "create what is being deleted", do: func(w *world) string { _, err := q(w).Create(w.ctx(), nil); return told(err) },
			azure: "409 QueueBeingDeleted", why: "§2: Azure answers so for about 30 s, Azurite makes it again"},
	}
}

// life is the time between two times of an answer, to the second.
func life(from, to *time.Time) string {
	switch {
	case from == nil || to == nil:
		return "?"
	case to.Year() == 9999:
		return "for ever"
	}
	return to.Sub(*from).String()
}
