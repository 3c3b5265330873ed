package queue

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

// Poisoned is a message of "<queue>-poison", as JSON: a queue message has no place for the reason beside its text.
type Poisoned struct {
	Reason   string    `json:"reason"`
	ID       string    `json:"id"` // of the message that was buried
	Inserted time.Time `json:"inserted"`
	Tries    int       `json:"tries"`
	Body     []byte    `json:"body"` // base64 in JSON: byte for byte
}

// limit is the longest text of a message in bytes; forever is the time to live of one that never expires
// (facts/azure-storage.md §2).
const (
	limit   = 64 << 10
	forever = -1
)

// poisonQueue is "<queue>-poison" where an account SAS opens it for adding, else nil.
func poisonQueue(sas azure.SAS, client *http.Client) (*azqueue.QueueClient, error) {
	beside, ok := sas.Beside(sas.Name() + "-poison")
	if !ok || !strings.Contains(sas.Permissions(), "a") {
		return nil, nil
	}
	return beside.Queue(client)
}

// Bury keeps the message in "<queue>-poison" where the SAS opens one and the message fits, else in Options.Poison; only
// then it deletes the message. With a lost lease the kept copy stays: keeping it twice loses nothing.
func (q queue) Bury(ctx context.Context, m inbox.Message, reason string) error {
	buried, err := q.poisoned(ctx, m, reason)
	if err != nil {
		return err
	}
	if !buried {
		if q.keep == nil {
			return lead.Errorf(lead.Address, "%s-poison cannot take the message, and nothing else keeps what is buried", q.name)
		}
		if err := q.keep.Keep(ctx, q.lane, m, reason); err != nil {
			return err
		}
	}
	return q.Ack(ctx, m)
}

// poisoned puts the message into the poison queue; false means that Options.Poison has to take it: there is no such
// queue for us, or the message does not fit.
func (q queue) poisoned(ctx context.Context, m inbox.Message, reason string) (bool, error) {
	if q.poison == nil {
		return false, nil
	}
	text, err := json.Marshal(Poisoned{Reason: reason, ID: m.ID, Inserted: m.Inserted, Tries: m.Tries, Body: m.Body})
	if err != nil {
		return false, lead.Errorf(lead.Internal, "a buried message cannot be written as JSON")
	}
	if len(text) > limit {
		return false, nil
	}
	_, err = q.poison.EnqueueMessage(ctx, string(text), &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(forever))})
	if err = told(err, "a"); lead.KindOf(err) == lead.Address && err != nil && q.keep != nil {
		return false, nil
	}
	return err == nil, err
}
