package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/google/uuid"

	"leadrelay/internal/azure"
	"leadrelay/internal/partner/crf"
	"leadrelay/local/play"
	"leadrelay/local/stack"
)

// crfSampleID is the id of the document's sample lead (seeds/001, "Request Payload - Sample").
const crfSampleID = "4626a582-afb9-48bf-8d86-87e6fe91a842"

// demoWithin is how long each step of the demo may take.
const demoWithin = time.Minute

// demo sends the document's sample lead the whole way and shows each station.
func demo(ctx context.Context, s *stack.Stack, say *talk) error {
	id, body, err := demoLead(ctx, s, say)
	if err != nil {
		return err
	}
	e := endpointOf(s.Info().Partners["crf"])
	a := e.Post(ctx, play.Notification{Lead: id, Body: body}, 30*time.Second)
	if a.Err != nil || a.Status != http.StatusOK {
		return fmt.Errorf("CRF Connect's post was answered %s", a)
	}
	say.step(fmt.Sprintf("CRF Connect posted lead %s: %s", id, a))
	for _, station := range []struct {
		name string
		seen func(context.Context) (string, error)
	}{
		{"the lender's queue", func(ctx context.Context) (string, error) { return inQueue(ctx, s, id) }},
		{"the lender's container", func(ctx context.Context) (string, error) { return inContainer(ctx, s, id) }},
	} {
		if err := wait(ctx, say, "lead "+id+" in "+station.name, station.seen); err != nil {
			return err
		}
	}
	say.step("firing the drain")
	if err := fire(ctx, s.Info().URL, "Drain"); err != nil {
		return err
	}
	return wait(ctx, say, "lead "+id+" in "+crmName(s), func(ctx context.Context) (string, error) { return inLeads(ctx, s, id) })
}

// demoLead is the document's sample lead; where an earlier demo has sent it already, with another id.
func demoLead(ctx context.Context, s *stack.Stack, say *talk) (id string, body []byte, err error) {
	id, body = crfSampleID, crf.Sample()
	seen, err := inLeads(ctx, s, id)
	if err != nil || seen == "" {
		return id, body, err
	}
	say.step("the document's sample lead has been here before; sending it under another id")
	fresh := uuid.NewString()
	return fresh, []byte(strings.Replace(string(body), id, fresh, 1)), nil
}

// wait polls until seen says where, and tells; it reminds a person of what it waits for.
func wait(ctx context.Context, say *talk, what string, seen func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoWithin, fmt.Errorf("no %s within %v", what, demoWithin))
	defer cancel()
	started, reminded := time.Now(), time.Now()
	for {
		where, err := seen(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("look for %s: %w", what, err)
		case where != "":
			say.step(fmt.Sprintf("%s: %s", what, where))
			return nil
		}
		if time.Since(reminded) > 5*time.Second {
			say.step(fmt.Sprintf("… waiting for %s (%ds)", what, int(time.Since(started).Seconds())))
			reminded = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// inQueue looks into the lender's queue without taking anything out. A lead that the drain has taken already was there.
func inQueue(ctx context.Context, s *stack.Stack, id string) (string, error) {
	resp, err := s.Backend().Account.Queue(s.Lender()).PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
	if err != nil {
		return "", azure.Classify(err)
	}
	for _, m := range resp.Messages {
		text, err := base64.StdEncoding.DecodeString(*m.MessageText)
		if err == nil && strings.Contains(string(text), id) {
			return fmt.Sprintf("%s, message %s", s.Lender(), *m.MessageID), nil
		}
	}
	if where, err := inLeads(ctx, s, id); err != nil || where != "" {
		return "was there; the timer has drained it already", err
	}
	return "", nil
}

func inContainer(ctx context.Context, s *stack.Stack, id string) (string, error) {
	pages := s.Backend().Account.Container(s.Lender()).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", azure.Classify(err)
		}
		for _, b := range page.Segment.BlobItems {
			if strings.Contains(*b.Name, id) {
				return s.Lender() + "/" + *b.Name, nil
			}
		}
	}
	return "", nil
}

// inLeads looks for a lead in the CRM that the demo lender's lane drains into.
func inLeads(ctx context.Context, s *stack.Stack, id string) (string, error) {
	where, err := s.Lead(ctx, id)
	if errors.Is(err, stack.ErrNoSuchLead) {
		return "", nil
	}
	return where, err
}

func crmName(s *stack.Stack) string {
	if s.CRM() == "table" {
		return "the leads table"
	}
	return "the simulated " + s.CRM()
}

// fire runs a timer function now, as the host's admin endpoint does.
func fire(ctx context.Context, url, function string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/admin/functions/"+function, strings.NewReader(`{"input":""}`))
	if err != nil {
		return errors.New("the host's URL is not one")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return azure.Classify(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the host answered %d when asked to run %s", resp.StatusCode, function)
	}
	return nil
}
