package flow

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/sink"
)

// Messages of one run: enough for a few seconds, and to make the first and the last batch count for little.
const (
	manyMessages = 12_000
	slowMessages = 4_096
)

// Drain measures the CPU of a message, a new lead that lies as our envelope in a lender's queue and goes into a JSON
// endpoint, with so many in flight.
func (b Bench) Drain(ctx context.Context, inFlight int) (measure.Results, error) {
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return b.Plan.Run(ctx, Both(), func(ctx context.Context, candidate string) (measure.Sample, error) {
		return b.drain(ctx, candidate, s, inFlight, cmp.Or(b.Messages, manyMessages))
	})
}

// drain fills the queue and drains it once, after a small drain that does not count.
func (b Bench) drain(ctx context.Context, candidate string, s *sink.Sink, inFlight int, messages int64) (measure.Sample, error) {
	p, err := b.startDrain(ctx, candidate, s, inFlight)
	if err != nil {
		return measure.Sample{}, err
	}
	defer func() { _ = p.Stop() }()
	text, err := envelopes(ctx)
	if err != nil {
		return measure.Sample{}, err
	}
	if err := fire(p, s, text, 256); err != nil {
		return measure.Sample{}, err
	}
	interval, err := measure.Begin(p, s)
	if err != nil {
		return measure.Sample{}, err
	}
	if err := fire(p, s, text, messages); err != nil {
		return measure.Sample{}, err
	}
	sample, err := interval.End(messages)
	if deleted := sample.Storage.Requests[sink.DeleteMessage.String()]; err == nil && deleted != messages {
		err = fmt.Errorf("%d of %d messages were deleted", deleted, messages)
	}
	return sample, err
}

// fire fills the queue and calls Drain as the host's timer does, until it answers.
func fire(p *measure.Process, s *sink.Sink, text func([]byte, int64) []byte, messages int64) error {
	s.SetFeed(lane, &sink.Feed{Text: text, Total: messages})
	status, body, err := load.Once(p.Address, load.Post(p.Address, "/Drain", nil, []byte(timer)))
	if err == nil && status != 200 {
		err = fmt.Errorf("drain was answered %d: %.300s", status, body)
	}
	return err
}

// timer is the invocation of a timer (facts/functions-host.md §2.4).
const timer = `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-21T09:00:00+00:00","Next":"2026-11-21T09:01:00+00:00",` +
	`"LastUpdated":"2026-11-21T09:00:00+00:00"},"IsPastDue":false}},"Metadata":{"sys":{"MethodName":"Drain","UtcNow":"2026-11-21T09:01:00.0312345Z",` +
	`"RandGuid":"24ad4c06-0c5e-4b0e-9a52-000000000000"}}}`

func (b Bench) startDrain(ctx context.Context, candidate string, s *sink.Sink, inFlight int) (*measure.Process, error) {
	crm := s.URL(sink.CRM) + "/api/crm"
	if candidate == Floor {
		return start(ctx, b.Bare, []string{"AzureWebJobsStorage=" + s.ConnectionString()}, "drain", "-at", strconv.Itoa(inFlight), "-lender", s.URL(sink.Queue), "-crm", crm)
	}
	address, err := sas(s.ConnectionString(), lane, "up")
	if err != nil {
		return nil, err
	}
	return start(ctx, b.Handler, append(settings(s.ConnectionString()), "INBOX_MAIN_KIND=queue", "INBOX_MAIN_URL="+address.Reveal(), "INBOX_MAIN_PARTNER=crf", "INBOX_MAIN_CRM=main",
		"INBOX_MAIN_AT_ONCE="+strconv.Itoa(inFlight), "CRM_MAIN_KIND=rest", "CRM_MAIN_URL="+crm, "CRM_MAIN_ALLOW_PRIVATE=true"))
}

// Throughput is how many messages a second go through when everything far away takes Delay. Calls in flight decide, not CPU.
type Throughput struct {
	InFlight int
	Delay    time.Duration
	Wait     time.Duration // as it really was
	Rounds   int           // round trips of one message, one after another
	Rate     measure.Spread
	Ideal    float64        // InFlight / (Rounds × Wait)
	Share    measure.Spread // of Ideal
}

// Flow measures the throughput with so many messages in flight.
func (b Bench) Flow(ctx context.Context, inFlight int, delay time.Duration) (Throughput, error) {
	out := Throughput{InFlight: inFlight, Delay: delay}
	recorded, err := script.Load("drain")
	if err != nil {
		return out, err
	}
	out.Rounds = len(recorded.Stages())
	s, err := sink.Start(sink.Options{Delay: delay})
	if err != nil {
		return out, err
	}
	defer s.Close()
	results, err := b.Plan.Run(ctx, []string{Product}, func(ctx context.Context, candidate string) (measure.Sample, error) {
		return b.drain(ctx, candidate, s, inFlight, slowMessages)
	})
	if err != nil {
		return out, err
	}
	ideal := func(s measure.Sample) float64 {
		return float64(inFlight) / (float64(out.Rounds) * s.Storage.MeanWait().Seconds())
	}
	out.Wait = time.Duration(results.Of(Product, func(s measure.Sample) float64 { return float64(s.Storage.MeanWait()) }).Median)
	out.Rate, out.Ideal = results.Of(Product, measure.Sample.Rate), results.Of(Product, ideal).Median
	out.Share = results.Of(Product, func(s measure.Sample) float64 { return s.Rate() / ideal(s) })
	return out, nil
}

// Lost drains 64 messages into a CRM that answers 500 to everything and says how many are gone afterwards.
func (b Bench) Lost(ctx context.Context) (lost, of int64, err error) {
	const messages = 64
	s, err := sink.Start(sink.Options{})
	if err != nil {
		return 0, messages, err
	}
	defer s.Close()
	p, err := b.startDrain(ctx, Product, s, 32)
	if err != nil {
		return 0, messages, err
	}
	defer func() { _ = p.Stop() }()
	text, err := envelopes(ctx)
	if err != nil {
		return 0, messages, err
	}
	if err := fire(p, s, text, 32); err != nil { // it works, so what follows says something
		return 0, messages, err
	}
	before := s.Counts()
	s.SetCRM(500)
	if fire(p, s, text, messages) == nil {
		return 0, messages, fmt.Errorf("a drain into a CRM that fails told the host that all is well")
	}
	counts := s.Counts().Less(before)
	if counts.Requests[sink.CallCRM.String()] == 0 {
		return 0, messages, fmt.Errorf("the CRM was never asked")
	}
	return counts.Requests[sink.DeleteMessage.String()], messages, nil
}
