package console

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Judgement says whether a destination, by its rules of now, would get an event that came before.
type Judgement struct {
	Receipt  string    `json:"receipt"`
	Partner  string    `json:"partner"`
	Type     string    `json:"type"`
	Lead     string    `json:"lead,omitempty"`
	Received time.Time `json:"received"`
	Gets     bool      `json:"gets"`
	Why      string    `json:"why,omitempty"` // what says no, or why nobody can tell
	Unknown  bool      `json:"unknown,omitempty"`
	Then     string    `json:"then,omitempty"` // what became of it for this destination when it came
}

// Judgements are a page of them, the newest event first. Next leads to the next page, empty when there is none.
type Judgements struct {
	Events []Judgement
	Next   string
	Back   time.Time // how far back the page has looked
}

// judgedAtOnce is how many events are judged side by side.
const judgedAtOnce = 16

// Shadow judges at most max of the events that came since a time for a destination, whatever its state; nothing is sent.
// It costs the page of the index and some five requests for each event.
func (c *Console) Shadow(ctx context.Context, name string, since time.Time, max int, next string) (Judgements, error) {
	to, err := c.Destinations.Find(ctx, name)
	if err != nil {
		return Judgements{}, err
	}
	page, err := c.Ledger.List(ctx, ledger.Query{Since: since}, max, next)
	if err != nil {
		return Judgements{}, err
	}
	out := Judgements{Events: make([]Judgement, len(page.Lines)), Next: page.Next, Back: page.Back}
	errs, places := make([]error, len(page.Lines)), make(chan struct{}, judgedAtOnce)
	var wg sync.WaitGroup
	for i, n := range page.Lines {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out.Events[i], errs[i] = c.judgeLine(ctx, n, to)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return Judgements{}, err
		}
	}
	return out, nil
}

func (c *Console) judgeLine(ctx context.Context, n ledger.Line, to registry.Destination) (Judgement, error) {
	j := Judgement{Receipt: n.Receipt, Partner: n.Partner, Type: n.Type, Lead: n.Subject, Received: n.Received}
	e, ok, err := c.Ledger.Event(ctx, n.Key)
	if err != nil {
		return j, err
	}
	if !ok {
		j.Unknown, j.Why = true, "its event is not in the ledger yet"
		return j, nil
	}
	why, err := c.Deliver.Would(ctx, e, to)
	if errors.Is(err, ledger.ErrErased) {
		j.Unknown, j.Why = true, "its payload is erased"
		return j, nil
	}
	j.Gets, j.Why = len(why) == 0, strings.Join(why, "; ")
	for _, s := range n.Sent {
		if s.Destination == to.ID {
			j.Then = stateName(s.State)
		}
	}
	return j, err
}
