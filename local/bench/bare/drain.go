package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"leadrelay/local/bench/bare/script"
)

// batches is how many Get Messages are worked on at once, as in the product.
const batches = 2

// drainer plays the script of a drain: Get 32, then the steps of each message, a few messages in flight, two batches and
// no barrier between them.
type drainer struct {
	fetch    request
	messages play
	inFlight int
}

func newDrainer(f *far, inFlight int) (*drainer, error) {
	s, err := script.Load("drain")
	if err != nil {
		return nil, err
	}
	d := &drainer{inFlight: inFlight}
	if d.fetch, err = f.ready(*s.Fetch); err != nil {
		return nil, err
	}
	d.messages, err = f.play(s)
	return d, err
}

// run drains until a Get Messages brings nothing, and gives the number of messages.
func (d *drainer) run(ctx context.Context) (n int, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots, places := make(chan struct{}, batches), make(chan struct{}, d.inFlight)
	for {
		slots <- struct{}{}
		answer, err := d.fetch.send(ctx, values{fresh: fresh()}, true)
		if err != nil {
			return n, err
		}
		found := messages(answer)
		if len(found) == 0 {
			break
		}
		n += len(found)
		wg.Go(func() {
			defer func() { <-slots }()
			var batch sync.WaitGroup
			for _, v := range found {
				places <- struct{}{}
				batch.Go(func() {
					defer func() { <-places }()
					if err := d.messages.run(ctx, v); err != nil {
						mu.Lock()
						errs = append(errs, err)
						mu.Unlock()
					}
				})
			}
			batch.Wait()
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return n, fmt.Errorf("%d of %d messages failed: %w", len(errs), n, err)
	}
	return n, nil
}

// messages reads ids and pop receipts in the answer of Get Messages.
func messages(answer []byte) []values {
	var out []values
	for {
		id, rest, ok := element(answer, "MessageId")
		if !ok {
			return out
		}
		pop, rest, ok := element(rest, "PopReceipt")
		if !ok {
			return out
		}
		answer = rest
		out = append(out, values{fresh: fresh(), message: id, pop: url.QueryEscape(pop)})
	}
}

// element is the text of the next element of a name, which holds no other.
func element(b []byte, name string) (text string, rest []byte, ok bool) {
	_, b, ok = bytes.Cut(b, []byte("<"+name+">"))
	if !ok {
		return "", nil, false
	}
	found, rest, ok := bytes.Cut(b, []byte("</"+name+">"))
	return string(found), rest, ok
}
