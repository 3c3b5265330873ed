package stack

import (
	"context"
	"fmt"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/registry"
)

const (
	lenderName  = "Demo Lender"
	lenderPlace = "demo-leads" // its queue and its container
	overflow    = "demo-overflow"
)

// lender is a demo lender with a queue and a container of its own, and the SAS URLs that it hands out.
type lender struct {
	queue, container config.Secret // what it pastes: may add, may create
	overflow         config.Secret // for events beyond a queue message: may create
	drain            config.Secret // what its own drain uses: may process and update
	overflowed       config.Secret // what its drain reads large events by
}

// newLender creates the lender's queue and container and signs URLs for them, in the two forms of the CRF document
// (seeds/001, "Azure Storage").
func newLender(ctx context.Context, b *app.Backend, connection string) (lender, error) {
	if _, err := b.Account.Queue(lenderPlace).Create(ctx, nil); err != nil && !azure.Exists(err) {
		return lender{}, fmt.Errorf("create the lender's queue: %w", azure.Classify(err))
	}
	for _, name := range []string{lenderPlace, overflow} {
		if _, err := b.Account.Container(name).Create(ctx, nil); err != nil && !azure.Exists(err) {
			return lender{}, fmt.Errorf("create the lender's container: %w", azure.Classify(err))
		}
	}
	sign, err := azure.NewSigner(connection)
	if err != nil {
		return lender{}, err
	}
	from, until := time.Now().Add(-time.Hour), time.Now().AddDate(2, 0, 0)
	return lender{
		queue:      sign.SignQueue(lenderPlace, "a", from, until),
		container:  sign.SignContainer(lenderPlace, "c", from, until),
		overflow:   sign.SignContainer(overflow, "c", from, until),
		drain:      sign.SignQueue(lenderPlace, "up", from, until),
		overflowed: sign.SignContainer(overflow, "r", from, until),
	}, nil
}

// register tells the registry of the lender's two destinations.
func (l lender) register(ctx context.Context, r *registry.Registry) error {
	_, err := r.Apply(ctx, []registry.Spec{
		{Name: "demo-queue", Lender: lenderName, Kind: "queue", Address: l.queue, Overflow: l.overflow},
		{Name: "demo-container", Lender: lenderName, Kind: "blob", Address: l.container},
	}, registry.ApplyOptions{})
	if err != nil {
		return fmt.Errorf("register the demo destinations: %w", err)
	}
	return nil
}

func (l lender) infos() []DestinationInfo {
	return []DestinationInfo{
		{Name: "demo-queue", Kind: "queue", URL: l.queue.Reveal()},
		{Name: "demo-container", Kind: "blob", URL: l.container.Reveal()},
	}
}
