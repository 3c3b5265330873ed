package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/azure"
)

// checkWithin bounds each call that doctor makes.
const checkWithin = 20 * time.Second

func doctorCommand(storage *storageFlag) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check settings, storage, SAS URLs and CRMs, and say what to do",
		Long: `doctor looks at everything that a lead depends on, with the settings that the handler would read, and says of each thing
whether it is ok, a warning or a fault, and what to do. It changes nothing and sends no lead. It exits 1 on a fault.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{out: cmd.OutOrStdout(), json: asJSON, storage: storage}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// doctor prints what it finds as it goes.
type doctor struct {
	out     io.Writer
	json    bool
	storage *storageFlag
	faults  int
	section string
	err     error // of printing
}

// diagnosis is one line.
type diagnosis struct {
	Section string      `json:"section"` // settings, storage, destinations, inboxes, crm or mapping
	Level   azure.Level `json:"level"`
	Subject string      `json:"subject"`
	Text    string      `json:"text"`
	Do      string      `json:"do,omitempty"` // what to do about it
}

func (d *doctor) run(ctx context.Context) error {
	for _, section := range []struct {
		name  string
		check func(context.Context)
	}{
		{"settings", d.checkSettings}, {"storage", d.checkStorage}, {"destinations", d.checkDestinations},
		{"inboxes", d.checkInboxes}, {"crm", d.checkCRMs}, {"mapping", d.checkMappings},
	} {
		if d.section = section.name; ctx.Err() == nil {
			section.check(ctx)
		}
	}
	switch {
	case d.err != nil:
		return d.err
	case ctx.Err() != nil:
		return ctx.Err()
	case d.faults > 0:
		return fmt.Errorf("%d faults", d.faults)
	}
	return nil
}

func (d *doctor) say(level azure.Level, subject, text, do string) {
	if level == azure.Fault {
		d.faults++
	}
	if d.err != nil {
		return
	}
	if d.json {
		d.err = json.NewEncoder(d.out).Encode(diagnosis{d.section, level, subject, text, do})
		return
	}
	_, d.err = fmt.Fprintf(d.out, "%-8s %-12s %-24s %s\n", level, d.section, subject, text)
	if do != "" && d.err == nil {
		_, d.err = fmt.Fprintf(d.out, "%47s-> %s\n", "", do)
	}
}

func (d *doctor) ok(subject, format string, args ...any) {
	d.say(azure.OK, subject, fmt.Sprintf(format, args...), "")
}

func (d *doctor) warn(subject, text, do string)  { d.say(azure.Warning, subject, text, do) }
func (d *doctor) fault(subject, text, do string) { d.say(azure.Fault, subject, text, do) }

// limited bounds one call.
func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, checkWithin)
}
