package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/config"
	"leadrelay/local/play"
	"leadrelay/local/play/receiver"
)

// receiveFlags are the flags of receive.
type receiveFlags struct {
	host    string
	port    int
	partner string
	proofs  targetFlags
	fail    []string
	orders  receiver.Orders
	show    bool
	json    bool
}

func receiveCommand() *cobra.Command {
	f := &receiveFlags{}
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Be a webhook receiver that verifies, tells and misbehaves on order",
		Long: `receive is the other end, for testing a sender's retries. It takes any path, verifies what it has a secret for, and
tells of each request: its proof, what it is about, the how many-th copy of the same body it is and how long after the
one before, and what was answered. Personal data stay hidden without --show.

Requests are counted as they come in. Of them, in this order:
  --drop N         the first N: the connection is closed without an answer
  --fail STATUS:N  the next N are answered STATUS; given several times, one after the other
  (then)           200; or 401 without the proof that was asked for, 405 unless POST, 413 above 4 MiB
--slow D waits before each answer, those of --fail too. Secrets can also come from LEADCTL_SECRET, LEADCTL_TOKEN,
LEADCTL_HMAC_SECRET and LEADCTL_SVIX_SECRET. It ends on Ctrl-C, with a summary.`,
		Example: `  leadctl receive --port 9000 --fail 503:3
  leadctl receive --port 9000 --partner cr3dentials --hmac-secret … --slow 11s
  leadctl receive --port 9000 --drop 1 --fail 429:1 --fail 500:2 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("header") && f.proofs.secret == "" {
				return errors.New("--header names a header, but there is no --secret")
			}
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.port, "port", 0, "the port (0: a free one)")
	flags.StringVar(&f.host, "host", "127.0.0.1", "the address to listen at")
	flags.StringVar(&f.partner, "partner", "", "read the payloads as this partner's: crf, credzu, cr3dentials, referral")
	flags.StringArrayVar(&f.fail, "fail", nil, "STATUS:N: answer so many requests with this status")
	flags.DurationVar(&f.orders.Slow, "slow", 0, "wait so long before each answer, 11s")
	flags.IntVar(&f.orders.Drop, "drop", 0, "close so many connections without an answer")
	flags.BoolVar(&f.show, "show", false, "show the bodies too: personal data")
	flags.BoolVar(&f.json, "json", false, "one JSON object for each request, and one with the summary")
	flags.StringVar(&f.proofs.header, "header", "", "the header that carries --secret (default: the partner's, else X-Api-Key)")
	f.proofs.addSecrets(flags)
	return cmd
}

// receiver is the one that the flags describe.
func (f *receiveFlags) receiver() (*receiver.Receiver, error) {
	f.proofs.fill()
	header := "X-Api-Key"
	if f.partner != "" {
		p, err := play.Find(f.partner)
		if err != nil {
			return nil, err
		}
		if p.Header != "" {
			header = p.Header
		}
	}
	if f.proofs.header != "" {
		header = f.proofs.header
	}
	if f.orders.Drop < 0 || f.orders.Slow < 0 {
		return nil, errors.New("--drop and --slow must not be below 0")
	}
	for _, s := range f.fail {
		failure, err := receiver.ParseFailure(s)
		if err != nil {
			return nil, fmt.Errorf("--fail: %w", err)
		}
		f.orders.Fail = append(f.orders.Fail, failure)
	}
	v, err := receiver.NewVerifier(receiver.Proof{Kind: f.partner, Header: header, Secret: config.Secret(f.proofs.secret),
		Token: config.Secret(f.proofs.token), HMACSecret: config.Secret(f.proofs.hmacSecret), SvixSecret: config.Secret(f.proofs.svixSecret)}, time.Now)
	if err != nil {
		return nil, err
	}
	return &receiver.Receiver{Orders: f.orders, Verify: v}, nil
}

func (f *receiveFlags) run(ctx context.Context, out, errOut io.Writer) error {
	r, err := f.receiver()
	if err != nil {
		return err
	}
	p := receivePrinter{out: out, json: f.json, show: f.show}
	r.On = p.record
	l, err := net.Listen("tcp", net.JoinHostPort(f.host, strconv.Itoa(f.port)))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(errOut, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	p.begin("http://" + l.Addr().String() + "/")
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	_ = server.Close() // at once: whoever waits for a slow answer is dropped
	<-ended
	return p.end(r.Summary())
}
