package cost

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"leadrelay/local/azuresim"
	"leadrelay/local/bench/tap"
)

// Phase is a part of a lead's way.
type Phase string

// The phases. Host is what the Functions host does with the intake for one message when each comes alone: one Get Messages
// that finds it and one Delete Message. Under load one Get Messages brings up to 16.
const (
	Receive Phase = "receive"
	Host    Phase = "host"
	Deliver Phase = "deliver"
	Drain   Phase = "drain" // of a lender: one message into a CRM of another house, in a batch of 32
)

// Phases are all of them, in order.
func Phases() []Phase { return []Phase{Receive, Host, Deliver, Drain} }

// Operations are counted by what they are called, "table InsertEntity", in all accounts.
type Operations map[string]float64

// Bill is the operations by meter.
func (o Operations) Bill() (map[Meter]float64, error) {
	out := map[Meter]float64{}
	for name, n := range o {
		var service, op string
		if _, err := fmt.Sscan(name, &service, &op); err != nil {
			return nil, err
		}
		m, err := meterOf(service, op)
		if err != nil {
			return nil, err
		}
		out[m] += n
	}
	return out, nil
}

func (o Operations) total() (n float64) {
	for _, k := range o {
		n += k
	}
	return n
}

func (o Operations) add(all []azuresim.Request, share float64) {
	for _, r := range all {
		o[string(r.Service)+" "+r.Op] += share
	}
}

// Lead is what one lead costs on the happy path: new, valid, under 48 KiB, each destination a queue that takes it at once.
type Lead struct {
	Destinations int
	Operations   map[Phase]Operations
	Own          float64                 // requests to our own account, without Drain: the rest is the lenders' accounts
	Durations    map[Phase]time.Duration // of Receive and Deliver with every request to storage taking Latency
	Latency      time.Duration
	StoredBytes  float64 // in tables, once it is delivered, as far as bodies say
	DayWrites    float64 // of entities, into the one partition that all leads of a partner on a day share
}

// CountLead runs a lead through the product on a simulated account and counts.
func CountLead(ctx context.Context, destinations int, latency time.Duration) (Lead, error) {
	out := Lead{Destinations: destinations, Operations: map[Phase]Operations{}, Durations: map[Phase]time.Duration{}, Latency: latency}
	for _, p := range Phases() {
		out.Operations[p] = Operations{}
	}
	h, err := tap.New(ctx, tap.Options{Destinations: destinations, Format: "cloudevents", Latency: latency})
	if err != nil {
		return out, err
	}
	defer h.Sim.Close()
	for i, last := range []bool{false, true} { // the first fills caches and notes the day
		if err := out.deliver(ctx, h, leadBody(i), last); err != nil {
			return out, err
		}
	}
	return out, out.drain(ctx)
}

// leadBody is the benchmark's lead under another id.
func leadBody(n int) []byte { return tap.Lead(fmt.Sprintf("%08d", n)) }

// deliver is receive, the host's part and deliver of one lead.
func (l *Lead) deliver(ctx context.Context, h *tap.House, body []byte, count bool) error {
	h.Forget()
	started := time.Now()
	if err := h.Receive(body); err != nil {
		return err
	}
	took := time.Since(started)
	received := h.Sim.Log()
	h.Forget()
	started = time.Now()
	if err := h.Trigger(ctx); err != nil {
		return err
	}
	handled := h.Sim.Log()
	if !count {
		return nil
	}
	l.Operations[Receive].add(received, 1)
	var own, host []azuresim.Request
	for _, r := range handled {
		if r.Account == azuresim.AccountName {
			l.Own++
		}
		if r.Service == "queue" && (r.Op == "GetMessages" || r.Op == "DeleteMessage") {
			host = append(host, r)
		} else {
			own = append(own, r)
		}
	}
	l.Own += float64(len(received))
	l.Operations[Host].add(host, 1)
	l.Operations[Deliver].add(own, 1)
	l.Durations[Receive] = took
	l.Durations[Deliver] = time.Since(started) - time.Duration(len(host))*l.Latency
	l.look(h.Requests())
	return nil
}

// look reads off the requests what stays in tables and how often a lead writes into the partition of its day.
func (l *Lead) look(all []tap.Request) {
	for _, r := range all {
		if r.Method == "POST" && bytes.Contains([]byte(r.URL), []byte(":10002/")) {
			l.StoredBytes += float64(len(r.Body))
		}
		if bytes.Contains([]byte(r.URL), []byte("PartitionKey='day%7C")) || bytes.Contains(r.Body, []byte(`"PartitionKey":"day|`)) {
			l.DayWrites++
		}
	}
}

// batch is how many messages a drain leases at once.
const batch = 32

// drain counts a drain of one batch, and takes off what the same drain does when there is nothing.
func (l *Lead) drain(ctx context.Context) error {
	h, err := tap.New(ctx, tap.Options{Destinations: 1, Format: "cloudevents"})
	if err != nil {
		return err
	}
	defer h.Sim.Close()
	if _, err := h.Drain(ctx); err != nil { // the first of a process asks whether the CRM is there
		return err
	}
	for i := range batch {
		if err := l.deliver(ctx, h, leadBody(i), false); err != nil {
			return err
		}
	}
	h.Forget()
	report, err := h.Drain(ctx)
	if err != nil {
		return err
	}
	if report.Taken != batch {
		return fmt.Errorf("the drain took %d messages", report.Taken)
	}
	all := h.Sim.Log()
	h.Forget()
	if _, err := h.Drain(ctx); err != nil {
		return err
	}
	l.Operations[Drain].add(all, 1.0/batch)
	l.Operations[Drain].add(h.Sim.Log(), -1.0/batch)
	return nil
}
