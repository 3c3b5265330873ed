package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"leadrelay/internal/app"
	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

func poisonRequeueCommand(storage *storageFlag) *cobra.Command {
	f := &requeue{}
	cmd := &cobra.Command{
		Use:   "requeue NAME... | --lane LANE",
		Short: "Put buried messages back, to be drained again",
		Long: `requeue puts buried messages back into their lane's inbox, where its SAS can add, and drains them directly where it
cannot. They keep the time at which they first came, so what is newer stays newer. A message leaves the poison container
only after it is back or drained.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (f.lane == "") {
				return errors.New("name buried messages, or a lane with --lane")
			}
			environ, err := storage.laneEnviron()
			if err != nil {
				return err
			}
			if f.app, err = storage.app(); err != nil {
				return err
			}
			st, err := storage.open()
			if err != nil {
				return err
			}
			f.env, f.store, f.out = config.New(environ), st, cmd.OutOrStdout()
			return f.run(cmd.Context(), args)
		},
	}
	cmd.Flags().StringVar(&f.lane, "lane", "", "all that is buried of this lane")
	cmd.Flags().BoolVar(&f.direct, "direct", false, "drain them now, even where they could be put back")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object a line")
	return cmd
}

// requeue puts buried messages back.
type requeue struct {
	lane         string
	direct, json bool
	env          *config.Env
	store        app.Store
	app          *app.App
	out          io.Writer
}

func (f *requeue) run(ctx context.Context, parts []string) error {
	var names []string
	for _, part := range parts {
		name, err := findBuried(ctx, f.store.Poison(), part)
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	if f.lane != "" {
		for found, err := range f.store.Poison().List(ctx, f.lane) {
			if err != nil {
				return err
			}
			names = append(names, found.Name)
		}
	}
	failed := 0
	for _, name := range names {
		what, err := f.one(ctx, name)
		if err != nil {
			failed++
		}
		if err := told(f.out, f.json, name, what, err); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d messages are still buried", failed, len(names))
	}
	return nil
}

// one brings one message back.
func (f *requeue) one(ctx context.Context, name string) (what string, err error) {
	b, err := f.store.Poison().Read(ctx, name)
	if err != nil {
		return "not read", err
	}
	lanes, err := pickLanes(f.app, []string{b.Lane})
	if err != nil {
		return "no such lane", err
	}
	if !f.direct {
		put, err := f.putBack(ctx, lanes[0], b)
		if err != nil {
			return "not put back", err
		}
		if put {
			return "put back", f.store.Poison().Drop(ctx, name)
		}
	}
	return f.drainOne(ctx, lanes[0], name, b)
}

// putBack puts a message into its inbox; false when the inbox's address does not allow that.
func (f *requeue) putBack(ctx context.Context, lane drain.Lane, b ledger.Buried) (bool, error) {
	s := f.env.Instance("INBOX", lane.Name)
	url, body := s.Secret("URL").Reveal(), sealed(lane, b)
	if s.String("KIND", "queue") == "queue" {
		sas, err := azure.ParseSAS(url, azure.Queue)
		if err != nil || !strings.Contains(sas.Permissions(), "a") {
			return false, nil // an identity's, or a SAS that may not
		}
		q, err := sas.Queue(f.store.Client)
		if err != nil {
			return false, err
		}
		_, err = q.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(body), &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1))})
		return err == nil, azure.Classify(err)
	}
	sas, err := azure.ParseSAS(url, azure.Container)
	if err != nil || !strings.ContainsAny(sas.Permissions(), "cw") {
		return false, nil
	}
	c, err := sas.Container(f.store.Client)
	if err != nil {
		return false, err
	}
	name := s.String("PREFIX", "") + "requeued-" + time.Now().UTC().Format("20060102T150405.000000000Z") + ".json"
	_, err = c.NewBlockBlobClient(name).Upload(ctx, bodyReader{bytes.NewReader(body)}, nil)
	return err == nil, azure.Classify(err)
}

// bodyReader is a reader with the Close that the SDK wants.
type bodyReader struct{ io.ReadSeeker }

func (bodyReader) Close() error { return nil }

// sealed is the message in an envelope, so that it keeps the time at which it came; one that has its own stays as it is.
func sealed(lane drain.Lane, b ledger.Buried) []byte {
	if _, err := lead.ParseEnvelope(b.Body); err == nil {
		return b.Body
	}
	e := lead.Envelope{ID: ulid.MustNew(ulid.Timestamp(b.Inserted), ulid.DefaultEntropy()).String(), Partner: lane.PartnerName,
		Type: lane.PartnerName + ".requeued", Time: b.Inserted, Data: b.Body, Binary: lead.WellFormed(b.Body) != nil}
	return e.AppendJSON(nil)
}

// drainOne drains one message, from a box of its own.
func (f *requeue) drainOne(ctx context.Context, lane drain.Lane, name string, b ledger.Buried) (string, error) {
	box := &buriedBox{poison: f.store.Poison(), name: name, message: inbox.Message{ID: b.ID, Body: b.Body, Inserted: b.Inserted, Tries: 1, Lease: "1"}}
	lane.Inbox, lane.Runs = box, nil
	report, err := f.app.Drainer().RunNow(ctx, lane)
	switch {
	case err != nil:
		return "not drained", err
	case report.Buried > 0:
		return "refused again", errors.New(box.reason)
	case report.Released > 0:
		return "not drained", errors.New("the CRM does not take it now, or its lead has no record yet")
	case report.Created > 0:
		return "created", nil
	case report.Updated > 0:
		return "updated", nil
	case report.Stale > 0:
		return "stale", nil
	}
	return "unchanged", nil
}

// buriedBox is an inbox of one buried message.
type buriedBox struct {
	poison  *ledger.Poison
	name    string
	message inbox.Message
	reason  string // why it was to be buried again
	taken   bool
}

// Receive gives the message, once.
func (b *buriedBox) Receive(context.Context, int, time.Duration) ([]inbox.Message, error) {
	if b.taken {
		return nil, nil
	}
	b.taken = true
	return []inbox.Message{b.message}, nil
}

// Extend has nothing to renew.
func (b *buriedBox) Extend(_ context.Context, m inbox.Message, _ time.Duration) (inbox.Message, error) {
	return m, nil
}

// Ack takes it out of the poison container.
func (b *buriedBox) Ack(ctx context.Context, _ inbox.Message) error {
	return b.poison.Drop(ctx, b.name)
}

// Release leaves it where it is.
func (b *buriedBox) Release(context.Context, inbox.Message, time.Duration) error { return nil }

// Bury leaves it where it is.
func (b *buriedBox) Bury(_ context.Context, _ inbox.Message, reason string) error {
	b.reason = reason
	return nil
}
