package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/ledger"
)

func poisonCommand(storage *storageFlag) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "poison",
		Short: "Look at what could not be drained, put it back or drop it",
		Long: `poison works on the poison container of our own storage, where the drain buries what can never pass. An inbox whose SAS
allows it keeps its own: a queue in <queue>-poison, a container below poison/.`,
	}
	cmd.AddCommand(poisonListCommand(storage), poisonShowCommand(storage), poisonRequeueCommand(storage), poisonDropCommand(storage))
	return cmd
}

// shownBuried is a buried message; its body only where it was asked for.
type shownBuried struct {
	Name     string    `json:"name"`
	Lane     string    `json:"lane"`
	Message  string    `json:"message"`
	Inserted time.Time `json:"inserted"`
	Buried   time.Time `json:"buried"`
	Reason   string    `json:"reason"`
	Size     int       `json:"size"`           // of the body in bytes
	Body     any       `json:"body,omitempty"` // JSON, or a text
}

func showBuried(name string, b ledger.Buried) shownBuried {
	return shownBuried{Name: name, Lane: b.Lane, Message: b.ID, Inserted: b.Inserted, Buried: b.Buried, Reason: b.Reason, Size: len(b.Body)}
}

func poisonListCommand(storage *storageFlag) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list [lane]",
		Short: "List what is buried, with the reasons",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := storage.open()
			if err != nil {
				return err
			}
			return listBuried(cmd.Context(), cmd.OutOrStdout(), s.Poison(), strings.Join(args, ""), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func listBuried(ctx context.Context, out io.Writer, p *ledger.Poison, lane string, asJSON bool) error {
	enc, w, n := json.NewEncoder(out), tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), 0
	for found, err := range p.List(ctx, lane) {
		if err != nil {
			return err
		}
		b, err := p.Read(ctx, found.Name)
		if errors.Is(err, ledger.ErrNotBuried) {
			continue // somebody has just taken it out
		}
		if err != nil {
			return err
		}
		s := showBuried(found.Name, b)
		if asJSON {
			if err := enc.Encode(s); err != nil {
				return err
			}
			continue
		}
		if n++; n == 1 {
			fmt.Fprintln(w, "LANE\tINSERTED\tBURIED\tBYTES\tREASON\tNAME")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", s.Lane, s.Inserted.UTC().Format(time.DateTime), s.Buried.UTC().Format(time.DateTime), s.Size, s.Reason, s.Name)
	}
	if n == 0 && !asJSON {
		fmt.Fprintln(w, "nothing is buried")
	}
	return w.Flush()
}

func poisonShowCommand(storage *storageFlag) *cobra.Command {
	reveal, asJSON := false, false
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a buried message, with what is personal in it hidden",
		Long:  "show prints a buried message and its reason. NAME is a name of `poison list`, or a part of one. Values that may be personal are hidden unless --reveal.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			st, err := storage.open()
			if err != nil {
				return err
			}
			name, err := findBuried(cmd.Context(), st.Poison(), args[0])
			if err != nil {
				return err
			}
			b, err := st.Poison().Read(cmd.Context(), name)
			if err != nil {
				return err
			}
			s := showBuried(name, b)
			if s.Body = masked(b.Body); reveal {
				s.Body = revealed(b.Body)
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetEscapeHTML(false)
			if !asJSON {
				enc.SetIndent("", "  ")
			}
			return enc.Encode(s)
		},
	}
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show personal data, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// findBuried is the name that is meant: the whole of it, or a part that fits one.
func findBuried(ctx context.Context, p *ledger.Poison, part string) (string, error) {
	var fits []string
	for found, err := range p.List(ctx, "") {
		if err != nil {
			return "", err
		}
		if found.Name == part {
			return part, nil
		}
		if strings.Contains(found.Name, part) {
			fits = append(fits, found.Name)
		}
	}
	switch len(fits) {
	case 0:
		return "", fmt.Errorf("%s: %w", part, ledger.ErrNotBuried)
	case 1:
		return fits[0], nil
	}
	return "", fmt.Errorf("%s fits %d buried messages; give more of the name", part, len(fits))
}

func poisonDropCommand(storage *storageFlag) *cobra.Command {
	yes, asJSON := false, false
	cmd := &cobra.Command{
		Use:   "drop NAME... --yes",
		Short: "Remove buried messages for good",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			st, err := storage.open()
			if err != nil {
				return err
			}
			for _, arg := range args {
				name, err := findBuried(cmd.Context(), st.Poison(), arg)
				if err != nil {
					return err
				}
				if !yes {
					return fmt.Errorf("%s would be gone for good; say --yes to drop it", name)
				}
				if err := st.Poison().Drop(cmd.Context(), name); err != nil {
					return err
				}
				if err := told(cmd.OutOrStdout(), asJSON, name, "dropped", nil); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// told says what became of a buried message.
func told(out io.Writer, asJSON bool, name, what string, failure error) (err error) {
	if asJSON {
		return json.NewEncoder(out).Encode(struct {
			Name   string `json:"name"`
			Result string `json:"result"`
			Error  string `json:"error,omitempty"`
		}{name, what, errorText(failure)})
	}
	if failure != nil {
		what += ": " + failure.Error()
	}
	_, err = fmt.Fprintf(out, "%-10s  %s\n", name, what)
	return err
}
