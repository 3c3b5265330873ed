package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/azure"
	"leadrelay/internal/registry"
)

func destinationsCommand(storage *storageFlag) *cobra.Command {
	cmd := &cobra.Command{Use: "destinations", Short: "Register and list the lenders' destinations"}
	cmd.AddCommand(applyCommand(storage), listDestinationsCommand(storage), showDestinationCommand(storage), testDestinationCommand(storage), explainCommand(storage), shadowCommand(storage))
	cmd.AddCommand(decisionCommands(storage)...)
	return cmd
}

func applyCommand(storage *storageFlag) *cobra.Command {
	file, opts, asJSON := "", registry.ApplyOptions{}, false
	cmd := &cobra.Command{
		Use:   "apply -f destinations.yaml",
		Short: "Make the registry say what a file says",
		Long: `apply registers the destinations of a file and changes those that are there already, by name. Destinations that the
file does not name stay. Addresses are sealed with LEADRELAY_SEAL_KEY and never shown again.

  destinations:
    - name: acme-queue
      lender: Acme Bank
      kind: queue              # queue, blob or webhook; it and the lender cannot change
      address: https://acme.queue.core.windows.net/leads/messages?sp=a&…   # as the lender pasted it
      address_next: …          # a second one during a rotation: the first that works is used
      overflow: …              # queue: a container (sp=c) for events beyond a queue message of 64 KiB
      encoding: base64         # queue: base64 (default) or text
      format: raw              # raw: the partner's payload (default); cloudevents: our envelope; template
      template: '{"id": "${id}"}'   # for format template
      partners: [crf]          # none: all
      events: ["crf.*"]        # patterns of event types; none: all
      updates: initial         # initial: the first version of each lead only; all (default), Removed ones too
      filter: lead.amount >= 10000 && data.matchedProduct?.kind == "Loan"
      include: []              # paths that are sent; none: all
      exclude: [ipAddress, ficoScore]   # paths that are never sent
      duplicates: deliver      # the same applicant under another lead id in 30 days: deliver (default), tag or drop
      fraud_limit: 0.5         # at or above this fraud score an event waits for a person
      stale: deliver           # a late try of an older version: deliver (default, marked) or skip
      headers: {X-Key: …}      # webhook
      secret: whsec_…          # webhook: signs as Standard Webhooks; secret_old signs too during a rotation
      allow_private: false     # webhook: private addresses and http
      state: active            # active (default), paused, or shadow: only write down what it would get

A key that is left out has its default; secrets that are left out stay as they are while the address is left out too.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			specs, err := readSpecs(file, cmd.InOrStdin())
			if err != nil {
				return err
			}
			b, err := storage.backend()
			if err != nil {
				return err
			}
			changes, err := b.Destinations.Apply(cmd.Context(), specs, opts)
			if printErr := printChanges(cmd.OutOrStdout(), changes, asJSON); printErr != nil {
				return printErr
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the file (-: standard input)")
	cmd.Flags().BoolVar(&opts.Prune, "prune", false, "remove the destinations that the file does not name")
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "say what would change and change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	_ = cmd.MarkFlagRequired("file") // the flag exists
	return cmd
}

func readSpecs(file string, stdin io.Reader) ([]registry.Spec, error) {
	if file == "-" {
		return registry.ReadSpecs(stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return registry.ReadSpecs(f)
}

func printChanges(out io.Writer, changes []registry.Change, asJSON bool) error {
	enc := json.NewEncoder(out)
	for _, c := range changes {
		if asJSON {
			if err := enc.Encode(c); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(out, "%-9s  %s", c.Action, c.Name)
		if len(c.Fields) > 0 {
			fmt.Fprintf(out, "  (%s)", strings.Join(c.Fields, ", "))
		}
		fmt.Fprintln(out)
		for _, f := range c.Findings {
			if f.Level != azure.OK {
				fmt.Fprintf(out, "           %s: %s\n", f.Level, f.Text)
			}
		}
	}
	return nil
}

// shownDestination is a destination without its secrets.
type shownDestination struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Lender  string          `json:"lender"`
	Kind    string          `json:"kind"`
	Place   string          `json:"place"`
	Config  registry.Config `json:"config"`
	State   registry.State  `json:"state"`
	Reason  string          `json:"reason,omitempty"` // why it is held
	Since   time.Time       `json:"since"`
	Created time.Time       `json:"created"`
	Changed time.Time       `json:"changed"`
	Expires time.Time       `json:"expires,omitzero"`
	Fault   string          `json:"fault,omitempty"`
}

func shown(d registry.Destination) shownDestination {
	return shownDestination{ID: d.ID, Name: d.Name, Lender: d.Lender, Kind: d.Kind, Place: d.Place, Config: d.Config,
		State: d.State(), Reason: d.Health.Reason, Since: d.Since, Created: d.Created, Changed: d.Changed, Expires: d.Expires, Fault: errorText(d.Fault)}
}

func listDestinationsCommand(storage *storageFlag) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the destinations, without their secrets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := storage.backend()
			if err != nil {
				return err
			}
			list, err := b.Destinations.Present(cmd.Context())
			if err != nil {
				return err
			}
			return printDestinations(cmd.OutOrStdout(), list, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func printDestinations(out io.Writer, list []registry.Destination, asJSON bool) error {
	enc, w := json.NewEncoder(out), tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !asJSON && len(list) > 0 {
		fmt.Fprintln(w, "NAME\tLENDER\tKIND\tSTATE\tFORMAT\tSAS DAYS\tPLACE")
	}
	for _, d := range list {
		if asJSON {
			if err := enc.Encode(shown(d)); err != nil {
				return err
			}
			continue
		}
		days := "?"
		if !d.Expires.IsZero() {
			days = fmt.Sprint(int(time.Until(d.Expires).Hours() / 24))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Name, d.Lender, d.Kind, d.State(), d.Config.Format, days, d.Place)
	}
	if !asJSON && len(list) == 0 {
		fmt.Fprintln(w, "no destinations yet: leadctl destinations apply -f destinations.yaml")
	}
	return w.Flush()
}
