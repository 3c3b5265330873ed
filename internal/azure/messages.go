package azure

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/segmentio/asm/base64" // seven times as fast as encoding/base64
)

// Messages are the messages of a queue, for what is done with every event: of our own account, or of a lender's by SAS.
// What is done now and then goes through the SDK. Errors are as [Classify] tells them.
type Messages struct {
	at    *endpoint
	queue string        // its path
	path  string        // of its messages
	now   func() string // the query of a message to be seen at once
}

// Message is one that was leased.
type Message struct {
	ID, Receipt string // Receipt is the pop receipt
	Text        string
	Inserted    time.Time
	Tries       int // how often it was leased, this time included
}

// Messages is a queue of the account. Nothing is called.
func (a *Account) Messages(name string) *Messages {
	return newMessages(a.queueAt, a.queueAt.path+"/"+name)
}

// Messages is the queue that a SAS opens. Nothing is called. Only for a SAS of kind Queue.
func (s SAS) Messages(client *http.Client) (*Messages, error) {
	at, err := s.endpoint(client)
	if err != nil {
		return nil, err
	}
	return newMessages(at, at.path), nil
}

// OpenMessages is the queue at an https URL that an identity opens. Nothing is called.
func OpenMessages(url string, credential azcore.TokenCredential, client *http.Client) (*Messages, error) {
	at, err := newEndpoint(client, queueDialect(), url, newToken(credential))
	if err != nil {
		return nil, err
	}
	return newMessages(at, at.path), nil
}

func newMessages(at *endpoint, queue string) *Messages {
	now := at.query(putQuery(0))
	return &Messages{at: at, queue: queue, path: queue + "/messages", now: func() string { return now }}
}

// putQuery is that of a message which never expires: the service's own default loses it after seven days
// (facts/azure-storage.md §2).
func putQuery(after time.Duration) string {
	return "messagettl=-1&visibilitytimeout=" + strconv.Itoa(int(after/time.Second))
}

// Create makes the queue; one that is there is none or an error that [Exists] knows.
func (q *Messages) Create(ctx context.Context) error {
	c := q.at.call(http.MethodPut, q.queue, q.queue, q.at.query(""))
	defer c.done()
	return c.send(ctx, http.StatusCreated, http.StatusNoContent)
}

// Put adds a message that never expires, to be seen after a delay of whole seconds, and gives its id. The text comes back
// as it is, byte by byte; one that XML cannot carry is Refused.
func (q *Messages) Put(ctx context.Context, text string, after time.Duration) (id string, err error) {
	c := q.put(after)
	defer c.done()
	c.data = append(c.data, openText...)
	if c.data, err = appendText(c.data, text); err != nil {
		return "", err
	}
	return c.putMessage(ctx)
}

// PutBase64 is Put of bytes in base64.
func (q *Messages) PutBase64(ctx context.Context, body []byte, after time.Duration) (id string, err error) {
	c := q.put(after)
	defer c.done()
	c.data = appendBase64(append(c.data, openText...), body)
	return c.putMessage(ctx)
}

func appendBase64(b, body []byte) []byte {
	from, n := len(b), base64.StdEncoding.EncodedLen(len(body))
	b = slices.Grow(b, n)[:from+n]
	base64.StdEncoding.Encode(b[from:], body)
	return b
}

const (
	openText  = "<QueueMessage><MessageText>"
	closeText = "</MessageText></QueueMessage>"
)

func (q *Messages) put(after time.Duration) *call {
	query := q.now()
	if after >= time.Second {
		query = q.at.query(putQuery(after))
	}
	return q.at.call(http.MethodPost, q.path, q.path, query)
}

// putMessage sends what is written up to the end of its text. Where an answer of success says nothing, there is no id.
func (c *call) putMessage(ctx context.Context) (id string, err error) {
	c.data = append(c.data, closeText...)
	c.set("Content-Type", "application/xml")
	if err := c.send(ctx, http.StatusCreated); err != nil {
		return "", err
	}
	if len(c.answer.bytes()) == 0 {
		return "", nil
	}
	_, list, ok := bytes.Cut(c.answer.bytes(), []byte("<QueueMessagesList"))
	if !ok {
		return "", c.unreadable("a list of messages") // 201 of somebody else
	}
	_, list, _ = bytes.Cut(list, []byte("<MessageId>"))
	text, _, _ := bytes.Cut(list, []byte("</MessageId>"))
	return string(text), nil
}

// Get leases at most n messages, 1 to 32, for whole seconds.
func (q *Messages) Get(ctx context.Context, n int, lease time.Duration) ([]Message, error) {
	query := "numofmessages=" + strconv.Itoa(n) + "&visibilitytimeout=" + strconv.Itoa(int(lease/time.Second))
	c := q.at.call(http.MethodGet, q.path, q.path, q.at.query(query))
	defer c.done()
	if err := c.send(ctx, http.StatusOK); err != nil {
		return nil, err
	}
	if len(c.answer.bytes()) == 0 {
		return nil, nil
	}
	got, err := readMessages(string(c.answer.bytes()))
	if err != nil || slices.ContainsFunc(got, func(m Message) bool { return m.ID == "" || m.Receipt == "" }) {
		return nil, c.unreadable("a list of messages")
	}
	return got, nil
}

// Delete deletes a leased message. A pop receipt that is no longer the current one is an error that [Stale] knows.
func (q *Messages) Delete(ctx context.Context, id, receipt string) error {
	plain, path := under(q.path, id)
	c := q.at.call(http.MethodDelete, plain, path, q.at.query("popreceipt="+url.QueryEscape(receipt)))
	defer c.done()
	return c.send(ctx, http.StatusNoContent)
}
