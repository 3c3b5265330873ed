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
	cmd.AddCommand(applyCommand(storage), listDestinationsCommand(storage))
	return cmd
}

func applyCommand(storage *storageFlag) *cobra.Command {
	file, dryRun, asJSON := "", false, false
	cmd := &cobra.Command{
		Use:   "apply -f destinations.yaml",
		Short: "Make the registry say what a file says",
		Long: `apply registers the destinations of a file and changes those that are there already, by name. Destinations that the
file does not name stay. Addresses are sealed with LEADRELAY_SEAL_KEY and never shown again.

  destinations:
    - name: acme-queue
      lender: Acme Bank
      kind: queue              # queue or blob
      address: https://acme.queue.core.windows.net/leads/messages?sp=a&…   # as the lender pasted it
      encoding: base64         # queue only: base64 (default) or text
      format: raw              # raw: the partner's payload (default); cloudevents: our envelope
      state: active            # active (default) or paused`,
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
			changes, err := b.Destinations.Apply(cmd.Context(), specs, dryRun)
			if printErr := printChanges(cmd.OutOrStdout(), changes, asJSON); printErr != nil {
				return printErr
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "the file (-: standard input)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change and change nothing")
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
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Lender   string         `json:"lender"`
	Kind     string         `json:"kind"`
	Place    string         `json:"place"`
	Encoding string         `json:"encoding,omitempty"`
	Format   string         `json:"format"`
	State    registry.State `json:"state"`
	Since    time.Time      `json:"since"`
	Created  time.Time      `json:"created"`
	Changed  time.Time      `json:"changed"`
	Expires  time.Time      `json:"expires,omitzero"`
	Fault    string         `json:"fault,omitempty"`
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
			list, err := b.Destinations.List(cmd.Context())
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
			s := shownDestination{ID: d.ID, Name: d.Name, Lender: d.Lender, Kind: d.Kind, Place: d.Place, Encoding: d.Encoding, Format: d.Format,
				State: d.State, Since: d.Since, Created: d.Created, Changed: d.Changed, Expires: d.Expires, Fault: errorText(d.Fault)}
			if err := enc.Encode(s); err != nil {
				return err
			}
			continue
		}
		days := "?"
		if !d.Expires.IsZero() {
			days = fmt.Sprint(int(time.Until(d.Expires).Hours() / 24))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Name, d.Lender, d.Kind, d.State, d.Format, days, d.Place)
	}
	if !asJSON && len(list) == 0 {
		fmt.Fprintln(w, "no destinations yet: leadctl destinations apply -f destinations.yaml")
	}
	return w.Flush()
}
