package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Poison keeps what a drain buried, for good: one blob for each message.
type Poison struct{ Container *container.Client }

// Buried is a blob of the poison container.
type Buried struct {
	Lane     string    `json:"lane"`
	ID       string    `json:"id"` // the message's, in its inbox
	Inserted time.Time `json:"inserted"`
	Buried   time.Time `json:"buried"`
	Reason   string    `json:"reason"`
	Body     []byte    `json:"body"` // base64 in the JSON
}

// Keep stores a buried message. The same message with the same body is stored once.
func (p *Poison) Keep(ctx context.Context, b Buried) error {
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode a buried message: %w", err)
	}
	sum := sha256.Sum256(append([]byte(b.ID+"\x00"), b.Body...))
	name := b.Lane + "/" + b.Inserted.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(sum[:8]) + ".json"
	if err := put(ctx, p.Container, name, data, 10*time.Second, nil); err != nil {
		return fmt.Errorf("keep a buried message: %w", err)
	}
	return nil
}
