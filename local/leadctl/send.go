package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"leadrelay/local/play"
	"leadrelay/local/play/receiver"
)

// fast is what --fast divides a partner's waiting by.
const fast = 100

func sendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Play a partner: what it sends, how it signs, how it tries again",
		Long: `send posts what a partner would post, with its proof, and tries again exactly as the partner's document says. It says
how each try was answered and what the partner would do in the end; it exits 0 only when all was accepted.

The target is the running ` + "`leadctl up`" + `, or any URL that you name: a sandbox for receivers of your own.
Secrets can come from the environment, so that they stay out of the shell's history: LEADCTL_SECRET, LEADCTL_TOKEN,
LEADCTL_HMAC_SECRET, LEADCTL_SVIX_SECRET.`,
		Example: `  leadctl send crf --count 10
  leadctl send credzu --event mortgage_ready --update-of 44921
  leadctl send cr3dentials --count 100 --rate 5 --seed 7 --json
  leadctl send referral --fast --url http://127.0.0.1:9000/hook --svix-secret whsec_…`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				_, err := play.Find(args[0])
				return err
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, p := range play.Partners() {
		cmd.AddCommand(sendPartnerCommand(p))
	}
	return cmd
}

// sendFlags are the flags of send <partner>.
type sendFlags struct {
	target      targetFlags
	partner     play.Partner
	options     play.Options
	file        string
	count       int
	rate        float64
	fast, print bool
	json        bool
}

func sendPartnerCommand(p play.Partner) *cobra.Command {
	f := &sendFlags{partner: p}
	cmd := &cobra.Command{
		Use:   p.Kind,
		Short: fmt.Sprintf("Send %ss as %s does", p.Unit, strings.Replace(p.Title, "The ", "the ", 1)),
		Long:  describe(p),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.count < 1 || f.rate < 0 {
				return errors.New("--count must be at least 1, --rate at least 0")
			}
			if !cmd.Flags().Changed("seed") {
				f.options.Seed = uint64(rand.Uint32())
			}
			return f.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.count, "count", 1, "how many "+p.Unit+"s")
	flags.Uint64Var(&f.options.Seed, "seed", 0, "the same seed makes the same bytes (default: a new one each time, and said)")
	flags.Float64Var(&f.rate, "rate", 0, "how many new ones a second (0: as fast as they are answered)")
	flags.StringVar(&f.options.Event, "event", "", "what to tell: "+strings.Join(p.Events, ", ")+" (default: a mix)")
	flags.StringVar(&f.options.UpdateOf, "update-of", "", "tell new things of this "+leadID(p))
	flags.StringVar(&f.file, "file", "", "send this payload as it is (-: standard input)")
	flags.BoolVar(&f.fast, "fast", false, fmt.Sprintf("divide the partner's waiting by %d", fast))
	flags.BoolVar(&f.print, "print", false, "print the payloads, one a line, and send nothing")
	flags.BoolVar(&f.json, "json", false, "one JSON object for each try, and one with the summary")
	for _, other := range []string{"seed", "event", "update-of"} {
		cmd.MarkFlagsMutuallyExclusive("file", other)
	}
	f.target.add(flags, p)
	return cmd
}

func leadID(p play.Partner) string {
	switch p.Kind {
	case "credzu":
		return "lead_id"
	case "cr3dentials":
		return "sessionId"
	case "referral":
		return "referral_id"
	default:
		return "lead id"
	}
}

// describe is how a partner sends, for --help.
func describe(p play.Partner) string {
	s := p.Schedule
	tries := "It tries once."
	if len(s.Waits) > 0 {
		waits := make([]string, len(s.Waits))
		for i, w := range s.Waits {
			waits[i] = short(w)
		}
		tries = fmt.Sprintf("It tries %d times: at once, and again after %s.", s.Tries(), strings.Join(waits, ", "))
	}
	return fmt.Sprintf("%s sends %ss of invented people, varied over all that its document lists.\n\n%s\nSource:  %s\nAssumed: %s", p.Title, p.Unit, tries, s.Source, s.Assumed)
}

func (f *sendFlags) run(ctx context.Context, in io.Reader, out io.Writer) error {
	next, err := f.source(in)
	if err != nil {
		return err
	}
	if f.print {
		for i := range f.count {
			if _, err := fmt.Fprintf(out, "%s\n", next(i).Body); err != nil {
				return err
			}
		}
		return nil
	}
	e, err := f.target.endpoint(f.partner)
	if err != nil {
		return err
	}
	s := play.Sender{Partner: f.partner, Endpoint: e, Rate: f.rate, Fast: 1}
	if f.fast {
		s.Fast = fast
	}
	p := newSendPrinter(out, f, e)
	s.On = p.step
	p.begin()
	sum := s.Run(ctx, f.notifications(next))
	if err := p.end(sum); err != nil {
		return err
	}
	switch lost := f.count - sum.Accepted; {
	case ctx.Err() != nil && lost > 0:
		return fmt.Errorf("stopped; not accepted: %d of %s", lost, play.Count(f.count, f.partner.Unit))
	case lost > 0:
		return fmt.Errorf("not accepted: %d of %s", lost, play.Count(f.count, f.partner.Unit))
	}
	return nil
}

func (f *sendFlags) notifications(next func(int) play.Notification) iter.Seq[play.Notification] {
	return func(yield func(play.Notification) bool) {
		for i := range f.count {
			if !yield(next(i)) {
				return
			}
		}
	}
}

// source makes the i-th notification: generated, or the file's payload, each time as a new message.
func (f *sendFlags) source(in io.Reader) (func(int) play.Notification, error) {
	if f.file == "" {
		return f.partner.Generate(f.options)
	}
	body, err := readPayload(f.file, in)
	if err != nil {
		return nil, err
	}
	event, id := receiver.Identify(body)
	return func(int) play.Notification {
		return play.Notification{Lead: id, Event: event, Body: body, MessageID: "msg_" + strings.ReplaceAll(uuid.NewString(), "-", "")}
	}, nil
}

// readPayload is a file's bytes, or those of standard input.
func readPayload(file string, in io.Reader) (body []byte, err error) {
	if file == "-" {
		body, err = io.ReadAll(in)
	} else {
		body, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	return body, nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
