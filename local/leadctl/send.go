package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"leadrelay/internal/azure"
	"leadrelay/internal/partner/crf"
	"leadrelay/local/stack"
)

// crfSampleID is the id of the document's sample lead (seeds/001, "Request Payload - Sample").
const crfSampleID = "4626a582-afb9-48bf-8d86-87e6fe91a842"

// client posts as CRF Connect does: JSON with a header secret.
type client struct{ url, header, secret string }

func crfClient(p stack.PartnerInfo) client {
	return client{url: p.URL, header: p.Header, secret: p.Secret}
}

// attempt is one post and its answer.
type attempt struct {
	Status  int           `json:"status"`
	Took    time.Duration `json:"-"`
	MS      int64         `json:"ms"`
	Receipt string        `json:"receipt,omitempty"`
	Err     error         `json:"-"`
}

func (a attempt) String() string {
	if a.Err != nil {
		return a.Err.Error()
	}
	return fmt.Sprintf("%d in %d ms", a.Status, a.MS)
}

// post sends one body and reads at most 64 KiB of the answer.
func (c client) post(ctx context.Context, body []byte) attempt {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	started := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return attempt{Err: errors.New("the URL is not one")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(c.header, c.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return attempt{Err: azure.Classify(err)}
	}
	defer resp.Body.Close()
	var answer struct {
		Receipt string `json:"receipt"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer) // another receiver may answer otherwise
	took := time.Since(started)
	return attempt{Status: resp.StatusCode, Took: took, MS: took.Milliseconds(), Receipt: answer.Receipt}
}

func sendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Play a partner",
		Long:  "send posts what a partner would post, with its proof, and says how it was answered.",
	}
	cmd.AddCommand(sendCRFCommand())
	return cmd
}

// sendFlags are the flags of send crf.
type sendFlags struct {
	url, header, secret, file string
	count                     int
	json                      bool
}

func sendCRFCommand() *cobra.Command {
	f := &sendFlags{}
	cmd := &cobra.Command{
		Use:   "crf",
		Short: "Post leads as CRF Connect does",
		Long: `crf posts leads with the header secret that CRF Connect sends. Without --file it sends the document's sample lead, each
time under a new id. The running ` + "`leadctl up`" + ` is the target unless --url names another.`,
		Example: `  leadctl send crf --count 10
  leadctl send crf --file lead.json --url https://example.org/webhooks/crf --secret …`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.file, "file", "", "send this payload as it is (-: standard input)")
	flags.IntVar(&f.count, "count", 1, "how many leads")
	flags.StringVar(&f.url, "url", "", "the webhook URL")
	flags.StringVar(&f.header, "header", "X-Api-Key", "the header that carries the secret")
	flags.StringVar(&f.secret, "secret", "", "the secret (else LEADCTL_SECRET)")
	flags.BoolVar(&f.json, "json", false, "one JSON object a line")
	return cmd
}

func (f *sendFlags) run(ctx context.Context, out io.Writer) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	failed := 0
	for range f.count {
		id, body, err := f.payload()
		if err != nil {
			return err
		}
		a := c.post(ctx, body)
		if ctx.Err() != nil {
			return errors.New("stopped")
		}
		if a.Err != nil || a.Status != http.StatusOK {
			failed++
		}
		if f.json {
			err = json.NewEncoder(out).Encode(struct {
				Lead string `json:"lead"`
				attempt
				Error string `json:"error,omitempty"`
			}{id, a, errorText(a.Err)})
		} else {
			_, err = fmt.Fprintf(out, "lead %s  %s\n", id, a)
		}
		if err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d leads were not accepted", failed, f.count)
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (f *sendFlags) client() (client, error) {
	if f.url != "" {
		secret := f.secret
		if secret == "" {
			secret = os.Getenv("LEADCTL_SECRET")
		}
		return client{url: f.url, header: f.header, secret: secret}, nil
	}
	r, err := findRunning()
	if err != nil {
		return client{}, fmt.Errorf("no target: give --url, or start `leadctl up` (%w)", err)
	}
	return crfClient(r.Info.Partners["crf"]), nil
}

// payload is the next body and the lead id in it.
func (f *sendFlags) payload() (id string, body []byte, err error) {
	switch f.file {
	case "":
		id = uuid.NewString()
		return id, []byte(strings.Replace(string(crf.Sample()), crfSampleID, id, 1)), nil
	case "-":
		body, err = io.ReadAll(os.Stdin)
	default:
		body, err = os.ReadFile(f.file)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read the payload: %w", err)
	}
	var l struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(body, &l) // the payload may be wrong on purpose
	return l.ID, body, nil
}
