package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"leadrelay/internal/azure"
	"leadrelay/internal/ledger"
	"leadrelay/local/azuresim"
	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/load"
)

// gate lets every candidate take in one valid lead and refuse six requests, on storage that has a memory.
func gate(ctx context.Context, b *bench) error {
	if b.gated {
		return nil
	}
	answers := map[string]map[string]int{}
	for _, c := range b.candidates() {
		got, err := pass(ctx, c)
		if err != nil {
			return fmt.Errorf("%s does not pass: %w", c.name, err)
		}
		answers[c.name] = got
		b.say("gate %-10s %s", c.name, summary(got))
	}
	b.differences(answers)
	b.gated = true
	return nil
}

// pass is the gate of one candidate. It gives the status of every request, those too that only others have to refuse.
func pass(ctx context.Context, c candidate) (map[string]int, error) {
	sim := azuresim.New(azuresim.Options{VerifySharedKey: true})
	if err := sim.Start(); err != nil {
		return nil, err
	}
	defer sim.Close()
	if err := createQueue(ctx, sim.ConnectionString(), c.queue); err != nil {
		return nil, err
	}
	p, err := c.start(ctx, sim.ConnectionString())
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Stop() }()
	answers := map[string]int{}
	for _, r := range requests() {
		sim.Queue(c.queue).Clear()
		status, _, err := load.Once(p.Address, r.Wire(p.Address, c.path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		answers[r.Name] = status
		messages := sim.Queue(c.queue).Messages()
		if err := c.judge(r, status, texts(messages)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return answers, nil
}

func texts(messages []azuresim.Message) []string {
	var out []string
	for _, m := range messages {
		out = append(out, m.Text)
	}
	return out
}

func createQueue(ctx context.Context, connection, name string) error {
	account, err := azure.ConnectAccount(connection, azure.NewClient())
	if err != nil {
		return err
	}
	_, err = account.Queue(name).Create(ctx, nil)
	return err
}

// requests are the valid one and all that anybody has to refuse, each once.
func requests() []lead.Request {
	list := []lead.Request{lead.Valid()}
	for _, r := range append(lead.Invalid(), lead.InvalidToFloors()...) {
		if !slices.ContainsFunc(list, func(o lead.Request) bool { return o.Name == r.Name }) {
			list = append(list, r)
		}
	}
	return list
}

// judge holds one answer, and what lies in the queue after it, against what a candidate has to do.
func (c candidate) judge(r lead.Request, status int, texts []string) error {
	if r.Status == 200 {
		if status != 200 || len(texts) != 1 {
			return fmt.Errorf("answered %d, with %d messages in the queue, not 200 with one", status, len(texts))
		}
		got, err := c.read(texts[0])
		if err != nil {
			return err
		}
		if !bytes.Equal(got, r.Body) {
			return errors.New("the lead in the queue is not byte for byte the one that was sent")
		}
		return nil
	}
	i := slices.IndexFunc(c.invalid, func(o lead.Request) bool { return o.Name == r.Name })
	if i < 0 {
		return nil // others have to refuse it
	}
	if want := c.invalid[i].Status; status != want {
		return fmt.Errorf("answered %d, not %d", status, want)
	}
	return c.refused(status, r.Body, texts)
}

// refused holds what lies in the queue after a refusal: nothing; but the product keeps what is authentic and invalid,
// marked rejected.
func (c candidate) refused(status int, body []byte, texts []string) error {
	if c.name != product || status == 401 {
		if len(texts) != 0 {
			return fmt.Errorf("%d messages in the queue after a refusal", len(texts))
		}
		return nil
	}
	if len(texts) != 1 {
		return fmt.Errorf("%d messages: the rejected event is not kept", len(texts))
	}
	raw, err := base64.StdEncoding.DecodeString(texts[0])
	if err != nil {
		return err
	}
	m, err := ledger.ParseMessage(raw)
	if err == nil && (m.Reject == nil || m.Reject.Status != status || !bytes.Equal(m.Envelope.Data, body)) {
		err = errors.New("the event is kept, but not as it came, marked rejected")
	}
	return err
}

// summary is what a candidate answered, in the order of the requests.
func summary(answers map[string]int) string {
	var out []string
	for _, r := range requests() {
		out = append(out, fmt.Sprintf("%s %d", r.Name, answers[r.Name]))
	}
	return strings.Join(out, ", ")
}

// differences tells where candidates answer the same request differently: they were asked for different things.
func (b *bench) differences(answers map[string]map[string]int) {
	for _, r := range requests() {
		by := map[int][]string{}
		for _, c := range b.candidates() {
			status := answers[c.name][r.Name]
			by[status] = append(by[status], c.name)
		}
		if len(by) < 2 {
			continue
		}
		line := ""
		for _, status := range []int{200, 400, 401, 422} {
			if names := by[status]; len(names) > 0 {
				line += fmt.Sprintf("  %d %s", status, strings.Join(names, " "))
			}
		}
		b.say("they differ about %s:%s", r.Name, line)
	}
}
