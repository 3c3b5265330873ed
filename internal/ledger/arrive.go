package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// Arrival is what a message turned out to be, before it is known for whom it is.
type Arrival struct {
	place
	message *Message
	day     azcore.ETag // of the row of its receipt, when that was written just now
}

// Known says that the ledger has the event already, so that it is not to be judged for whom it is.
func (a Arrival) Known() bool { return a.event.Key != "" }

// Arrive says which event a message brings, and writes the rows by which that will be found, side by side, before the event
// itself (DESIGN 3a). They name the event by the message's own key: of a version that is another event its line says so once
// it is concluded.
func (l *Ledger) Arrive(ctx context.Context, m *Message) (Arrival, error) {
	a := Arrival{message: m, place: place{key: m.Key, Initial: true}}
	e := newEvent(m)
	var wg sync.WaitGroup
	var versionErr, indexErr error
	if e.versioned {
		wg.Go(func() {
			if a.place, versionErr = l.version(ctx, m); versionErr != nil {
				versionErr = fmt.Errorf("version: %w", versionErr)
			}
		})
	}
	if a.day, indexErr = l.addIndex(ctx, e); indexErr != nil {
		indexErr = fmt.Errorf("index: %w", indexErr)
	}
	wg.Wait()
	return a, errors.Join(versionErr, indexErr)
}

// addIndex writes the rows by which an event is found, side by side. The ETag is that of a new row of the day index, empty when
// the row was there.
func (l *Ledger) addIndex(ctx context.Context, e Event) (day azcore.ETag, err error) {
	errs := make([]error, 5)
	var wg sync.WaitGroup
	pointer := func(i int, partition, row string) {
		wg.Go(func() {
			_, err := l.index.add(ctx, azure.NewEntity(partition, row).Text("Key", e.Key).Time("Received", e.Received))
			errs[i] = ignoreExists(err)
		})
	}
	if e.LeadKey != "" && !e.versioned {
		pointer(0, leadPrefix+e.LeadKey, activityPrefix+e.Receipt)
	}
	if e.Submission != "" {
		pointer(1, submissionPrefix+e.Submission, e.Receipt)
	}
	if e.Reject != nil {
		pointer(2, rejectedPrefix+e.Partner, e.Receipt)
	}
	if !l.noted(dayOfEvent(e)) {
		wg.Go(func() { errs[3] = l.noteDay(ctx, e) })
	}
	day, errs[4] = l.addDay(ctx, e)
	wg.Wait()
	return day, errors.Join(errs...)
}
