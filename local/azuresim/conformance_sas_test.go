package azuresim_test

import (
	"bytes"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// sasQueue is the queue "sas" through a SAS, changed.
func (w *world) sasQueue(permissions string, from, until time.Duration, change func(url.Values)) *azqueue.QueueClient {
	address := w.signer.SignQueue("sas-test", permissions, time.Now().Add(from), time.Now().Add(until)).Reveal()
	q, err := azqueue.NewQueueClientWithNoCredential(changed(strings.Replace(address, "/messages?", "?", 1), change), &azqueue.ClientOptions{ClientOptions: clientOptions(w)})
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

func (w *world) sasContainer(permissions string, from, until time.Duration, change func(url.Values)) *container.Client {
	address := w.signer.SignContainer("sas-test", permissions, time.Now().Add(from), time.Now().Add(until)).Reveal()
	c, err := container.NewClientWithNoCredential(changed(address, change), &container.ClientOptions{ClientOptions: clientOptions(w)})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// changed is an address with another query.
func changed(address string, change func(url.Values)) string {
	if change == nil {
		return address
	}
	path, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return address
	}
	change(values)
	return path + "?" + values.Encode()
}

func sasSteps() []step {
	const hour = time.Hour
	const detail = "§1c: real Azure says AuthenticationFailed where Azurite's blobs say AuthorizationFailure"
	put := func(permissions string, from, until time.Duration, change func(url.Values)) func(*world) string {
		return func(w *world) string {
			_, err := w.sasQueue(permissions, from, until, change).EnqueueMessage(w.ctx(), "x", nil)
			return told(err)
		}
	}
	upload := func(permissions, name string, noneMatch string, from, until time.Duration, change func(url.Values)) func(*world) string {
		return func(w *world) string {
			_, err := w.sasContainer(permissions, from, until, change).NewBlockBlobClient(name).Upload(w.ctx(), streaming.NopCloser(bytes.NewReader([]byte("{}"))),
				&blockblob.UploadOptions{AccessConditions: when(w, "", noneMatch)})
			return told(err)
		}
	}
	with := func(name, value string) func(url.Values) { return func(v url.Values) { v.Set(name, value) } }
	return append([]step{
		{name: "queue", do: func(w *world) string { _, err := w.account.Queue("sas-test").Create(w.ctx(), nil); return told(err) }},
		{name: "container", do: func(w *world) string {
			_, err := w.account.Container("sas-test").Create(w.ctx(), nil)
			return told(err)
		}},
		{name: "add", do: put("a", -hour, hour, nil)},
		{name: "without add", do: put("rup", -hour, hour, nil)},
		{name: "expired", do: put("a", -2*hour, -hour, nil)},
		{name: "not yet valid", do: put("a", hour, 2*hour, nil)},
		{name: "more than signed", do: put("a", -hour, hour, with("sp", "raup"))},
		{name: "another signature", do: put("a", -hour, hour, with("sig", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))},
		{name: "unknown version", do: put("a", -hour, hour, with("sv", "2030-01-01"))},
		{name: "create a blob", do: upload("c", "one", "", -hour, hour, nil)},
		{name: "create it again", do: upload("c", "one", "", -hour, hour, nil), azure: "403 UnauthorizedBlobOverwrite", why: "§1c"},
		{name: "create it again if new", do: upload("c", "one", "*", -hour, hour, nil), azure: "403 UnauthorizedBlobOverwrite", why: "§1c: unknown of the two, this one is chosen"},
		{name: "create it again if new, with w", do: upload("cw", "one", "*", -hour, hour, nil)},
		{name: "write over it", do: upload("w", "one", "", -hour, hour, nil)},
		{name: "read only", do: upload("r", "two", "", -hour, hour, nil)},
		{name: "expired container", do: upload("c", "two", "", -2*hour, -hour, nil), azure: "403 AuthenticationFailed", why: detail},
		{name: "container not yet valid", do: upload("c", "two", "", hour, 2*hour, nil), azure: "403 AuthenticationFailed", why: detail},
		{name: "container, more than signed", do: upload("c", "two", "", -hour, hour, with("sp", "cw")), azure: "403 AuthenticationFailed", why: detail},
	}, append(blobLetterSteps(), letterSteps()...)...)
}

// blobLetterSteps are what single letters open in a container that has the blob "one".
func blobLetterSteps() []step {
	const hour = time.Hour
	return []step{
		{name: "head with c", do: func(w *world) string {
			_, err := w.sasContainer("c", -hour, hour, nil).NewBlobClient("one").GetProperties(w.ctx(), nil)
			return told(err)
		}},
		{name: "list with l", do: func(w *world) string {
			_, err := w.sasContainer("l", -hour, hour, nil).NewListBlobsFlatPager(nil).NextPage(w.ctx())
			return told(err)
		}},
		{name: "list with r", do: func(w *world) string {
			_, err := w.sasContainer("r", -hour, hour, nil).NewListBlobsFlatPager(nil).NextPage(w.ctx())
			return told(err)
		}},
		{name: "delete with d", do: func(w *world) string {
			_, err := w.sasContainer("d", -hour, hour, nil).NewBlobClient("one").Delete(w.ctx(), nil)
			return told(err)
		}},
	}
}

// letterSteps try every operation of a queue with every letter.
func letterSteps() (steps []step) {
	const hour = time.Hour
	for _, permissions := range []string{"r", "a", "u", "p"} {
		steps = append(steps,
			step{name: "peek with " + permissions, do: func(w *world) string {
				_, err := w.sasQueue(permissions, -hour, hour, nil).PeekMessages(w.ctx(), nil)
				return told(err)
			}},
			step{name: "count with " + permissions, do: func(w *world) string {
				_, err := w.sasQueue(permissions, -hour, hour, nil).GetProperties(w.ctx(), nil)
				return told(err)
			}},
			step{name: "clear with " + permissions, do: func(w *world) string {
				_, err := w.sasQueue(permissions, -hour, hour, nil).ClearMessages(w.ctx(), nil)
				return told(err)
			}},
			step{name: "create with " + permissions, do: func(w *world) string {
				_, err := w.sasQueue(permissions, -hour, hour, nil).Create(w.ctx(), nil)
				return told(err)
			}},
			step{name: "get, update and delete with " + permissions, do: func(w *world) string {
				q := w.account.Queue("sas-test")
				_, putErr := q.EnqueueMessage(w.ctx(), "x", nil)
				_, err := w.sasQueue(permissions, -hour, hour, nil).DequeueMessages(w.ctx(), nil)
				resp, getErr := q.DequeueMessages(w.ctx(), nil)
				if putErr != nil || getErr != nil || len(resp.Messages) == 0 {
					return told(putErr) + told(getErr)
				}
				m := resp.Messages[0]
				up, upErr := w.sasQueue(permissions, -hour, hour, nil).UpdateMessage(w.ctx(), *m.MessageID, *m.PopReceipt, "y", nil)
				receipt := m.PopReceipt
				if upErr == nil {
					receipt = up.PopReceipt
				}
				_, delErr := w.sasQueue(permissions, -hour, hour, nil).DeleteMessage(w.ctx(), *m.MessageID, *receipt, nil)
				return told(err) + ", " + told(upErr) + ", " + told(delErr)
			}})
	}
	return steps
}
