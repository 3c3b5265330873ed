package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/ledger"
	"leadrelay/local/play"
	"leadrelay/local/play/receiver"
)

// resendFlags are the flags of resend.
type resendFlags struct {
	target   targetFlags
	storage  *storageFlag
	partner  play.Partner
	id, file string
	json     bool
}

func resendCommand(storage *storageFlag) *cobra.Command {
	f := &resendFlags{storage: storage}
	crf, others := play.Partner{}, ""
	for _, p := range play.Partners() {
		if p.Kind == "crf" {
			crf = p
		} else {
			others += ", " + p.Kind
		}
	}
	cmd := &cobra.Command{
		Use:   "resend [partner] --id ID",
		Short: "Send one known lead again, as CRF's \"Send Lead\" does",
		Long: `resend posts once more what the ledger last took in about a lead, byte for byte, as the "Send Lead" button of CRF Connect's
partner portal does. The payload comes from the ledger of the storage account (--storage), or from --file. The hub
answers 200 and knows a duplicate when it sees one; resend waits until the ledger shows which event it is one of.

The partner is crf unless named (` + crf.Kind + others + `). A Svix message goes out under an id that its
body makes: that is the id under which ` + "`leadctl send`" + ` sent it, but not one that Svix itself gave.`,
		Example: `  leadctl resend --id 4626a582-afb9-48bf-8d86-87e6fe91a842
  leadctl resend credzu --id 44921
  leadctl resend crf --file lead.json --url https://example.org/leads --secret …`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := crf.Kind
			if len(args) == 1 {
				kind = args[0]
			}
			p, err := play.Find(kind)
			if err != nil {
				return err
			}
			if f.partner = p; !cmd.Flags().Changed("header") {
				f.target.header = p.Header
			}
			return f.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "", "the lead's id, as leadctl leads list shows it")
	flags.StringVar(&f.file, "file", "", "send this payload again (-: standard input)")
	flags.BoolVar(&f.json, "json", false, "one JSON object")
	cmd.MarkFlagsMutuallyExclusive("id", "file")
	cmd.MarkFlagsOneRequired("id", "file")
	flags.StringVar(&f.target.url, "url", "", "the webhook URL (default: that of the running leadctl up)")
	flags.StringVar(&f.target.name, "as", "", "the partner's name at the hub (default: the kind)")
	flags.StringVar(&f.target.header, "header", "", "the header that carries --secret (default: the partner's)")
	f.target.addSecrets(flags)
	return cmd
}

// resent is what became of a resend, as --json tells it.
type resent struct {
	Lead        string      `json:"lead"`
	Event       string      `json:"event,omitempty"`
	Status      int         `json:"status"`
	MS          play.Millis `json:"ms"`
	Receipt     string      `json:"receipt,omitempty"`
	Error       string      `json:"error,omitempty"`
	DuplicateOf string      `json:"duplicate_of,omitempty"` // the receipt that brought the event first
	Duplicates  int         `json:"duplicates,omitempty"`   // receipts that brought it again, this one included
}

func (f *resendFlags) run(ctx context.Context, in io.Reader, out io.Writer) error {
	n, known, err := f.notification(ctx, in)
	if err != nil {
		return err
	}
	e, err := f.target.endpoint(f.partner)
	if err != nil {
		return err
	}
	a := e.Post(ctx, n, f.partner.Schedule.Timeout)
	r := resent{Lead: n.Lead, Event: n.Event, Status: a.Status, MS: play.Millis(a.Took), Receipt: a.Receipt, Error: errorText(a.Err)}
	if !f.json {
		fmt.Fprintf(out, "%s %s sent again to %s: %v\n", f.partner.Unit, n.Lead, e.Host(), a)
	}
	accepted := a.Err == nil && f.partner.Schedule.Accepts(a.Status)
	if accepted && known != nil && a.Receipt != "" {
		if err := known.watch(ctx, &r); err != nil {
			return err
		}
	}
	if err := f.print(out, r, known != nil && accepted); err != nil {
		return err
	}
	if !accepted {
		return errors.New("it was not accepted")
	}
	return nil
}

func (f *resendFlags) print(out io.Writer, r resent, looked bool) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	var err error
	switch {
	case r.DuplicateOf != "":
		_, err = fmt.Fprintf(out, "the hub took it as a duplicate of %s (%s so far): its destinations get nothing twice\n", r.DuplicateOf, play.Count(r.Duplicates, "duplicate"))
	case looked:
		_, err = fmt.Fprintf(out, "the ledger shows no duplicate: the hub took it for a new event (receipt %s), or has not come to it within %v\n", r.Receipt, watchWithin)
	}
	return err
}

// notification is what to send, and the event of the ledger that it comes from, nil for a file.
func (f *resendFlags) notification(ctx context.Context, in io.Reader) (play.Notification, *knownEvent, error) {
	if f.file != "" {
		body, err := readPayload(f.file, in)
		event, id := receiver.Identify(body)
		return play.Notification{Lead: id, Event: event, Body: body, MessageID: play.MessageID(body)}, nil, err
	}
	b, err := f.storage.backend()
	if err != nil {
		return play.Notification{}, nil, err
	}
	name := f.target.name
	if name == "" {
		name = f.partner.Kind
	}
	known, err := findEvent(ctx, b.Ledger, name, f.id)
	if err != nil {
		return play.Notification{}, nil, err
	}
	envelope, err := b.Ledger.Payload(ctx, known.event)
	if err != nil {
		return play.Notification{}, nil, fmt.Errorf("read the payload: %w", err)
	}
	return play.Notification{Lead: f.id, Event: envelope.Type, Body: envelope.Data, MessageID: play.MessageID(envelope.Data)}, known, nil
}

// knownEvent is an event that the ledger has.
type knownEvent struct {
	ledger *ledger.Ledger
	event  ledger.Event
}

// watchWithin is how long the intake may take to show a duplicate.
const watchWithin = 20 * time.Second

// watch waits until the ledger shows the receipt as a duplicate of the event.
func (k *knownEvent) watch(ctx context.Context, r *resent) error {
	ctx, cancel := context.WithTimeout(ctx, watchWithin)
	defer cancel()
	for {
		all, err := k.ledger.Duplicates(ctx, k.event.Key)
		if ctx.Err() != nil {
			return nil // it is said that nothing was seen
		}
		if err != nil {
			return fmt.Errorf("look for the duplicate: %w", err)
		}
		if _, ok := all[r.Receipt]; ok {
			r.DuplicateOf, r.Duplicates = k.event.Receipt, len(all)
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}
