package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/app"
	"leadrelay/internal/lead"
	"leadrelay/internal/mapping"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
)

// mappingFlags are the flags of mapping check and show.
type mappingFlags struct {
	crm, file, lead, partner string
	json, reveal             bool
}

func mappingCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mapping", Short: "Check a mapping file and see what it would send"}
	cmd.AddCommand(mappingCheckCommand(), mappingShowCommand())
	return cmd
}

func (f *mappingFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.crm, "crm", "dataverse", "the kind of CRM: dataverse or salesforce")
	cmd.Flags().StringVar(&f.lead, "lead", "", "a payload as the partner sends it (-: standard input); default: CRF Connect's sample lead")
	cmd.Flags().StringVar(&f.partner, "partner", "crf", "whose payload it is")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object a line")
}

func mappingCheckCommand() *cobra.Command {
	f := &mappingFlags{}
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say whether a mapping file is sound and renders a lead",
		Long:  "check reads a mapping file, or the default of a kind of CRM, tells all that is wrong with it, and renders a lead.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, r, err := f.render(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			fields := len(r.Lead.Fields)
			for _, also := range r.Also {
				fields += len(also.Fields)
			}
			if f.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"crm": m.CRM(), "hash": m.Hash(), "columns": len(m.Columns()), "fields": fields})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "ok  the map for %s may write %d columns; this lead writes %d fields\n", m.CRM(), len(m.Columns()), fields)
			return err
		},
	}
	f.add(cmd)
	return cmd
}

func mappingShowCommand() *cobra.Command {
	f := &mappingFlags{}
	cmd := &cobra.Command{
		Use:     "show [FILE]",
		Short:   "Show what would be sent to the CRM for a lead",
		Long:    "show renders a payload by a mapping file, or by the default of a kind of CRM, and calls nobody. Sensitive fields are hidden unless --reveal.",
		Example: `  leadctl mapping show --crm salesforce --lead lead.json`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, r, err := f.render(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), r)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.reveal, "reveal", false, "show sensitive fields, too")
	return cmd
}

func (f *mappingFlags) render(stdin io.Reader, args []string) (*mapping.Mapping, mapping.Rendered, error) {
	if len(args) == 1 {
		f.file = args[0]
	}
	m, err := mapping.Load(f.crm, f.file)
	if err != nil {
		return nil, mapping.Rendered{}, err
	}
	payload := crf.Sample()
	if f.lead != "" {
		if payload, err = readPayload(f.lead, stdin); err != nil {
			return nil, mapping.Rendered{}, err
		}
	}
	r, err := renderPayload(m, f.partner, payload)
	return m, r, err
}

// renderPayload decodes a payload as its partner's and renders it.
func renderPayload(m *mapping.Mapping, kind string, payload []byte) (mapping.Rendered, error) {
	p, ok := app.OpenPartner(kind, time.Now)
	if !ok {
		return mapping.Rendered{}, fmt.Errorf("there is no partner %q", kind)
	}
	if err := lead.WellFormed(payload); err != nil {
		return mapping.Rendered{}, err
	}
	e, err := p.Decode(partner.Request{}, payload)
	if err != nil {
		return mapping.Rendered{}, err
	}
	return m.Render(e, payload)
}

// shownField is a field of a rendered record.
type shownField struct {
	Object string `json:"object"`
	Field  string `json:"field"`
	Value  any    `json:"value"`
	Once   bool   `json:"once,omitempty"` // written to new records only
	Cut    bool   `json:"cut,omitempty"`
}

func (f *mappingFlags) print(out io.Writer, r mapping.Rendered) error {
	enc, w := json.NewEncoder(out), tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !f.json {
		for _, key := range r.Keys {
			fmt.Fprintf(w, "key\t%s\n", key)
		}
	}
	for _, record := range append([]mapping.Record{r.Lead}, r.Also...) {
		for _, field := range record.Fields {
			s := shownField{Object: record.Object, Field: field.Name, Value: field.Value, Once: field.Once, Cut: field.Cut}
			if field.Sensitive && !f.reveal {
				s.Value = hiddenValue
			}
			if f.json {
				if err := enc.Encode(s); err != nil {
					return err
				}
				continue
			}
			note := ""
			if s.Once {
				note += "  (new records only)"
			}
			if s.Cut {
				note += "  (shortened)"
			}
			fmt.Fprintf(w, "%s\t%s\t%v%s\n", s.Object, s.Field, s.Value, note)
		}
	}
	return w.Flush()
}
