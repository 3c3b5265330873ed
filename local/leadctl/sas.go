package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
)

func sasCommand(storage *storageFlag) *cobra.Command {
	cmd := &cobra.Command{Use: "sas", Short: "Make and check the SAS URLs that lenders paste"}
	cmd.AddCommand(sasNewCommand(storage), sasCheckCommand())
	return cmd
}

func sasNewCommand(storage *storageFlag) *cobra.Command {
	days, permissions := 365, ""
	cmd := &cobra.Command{
		Use:   "new queue|container NAME",
		Short: "Sign a URL for a queue or a container",
		Long: `new signs a URL in the form that the CRF document shows, with the account key of the storage that leadctl speaks to.
It prints a secret. By default the URL may add messages (queue) or create blobs (container), which is all a sender needs.`,
		Example: `  leadctl sas new queue my-leads-queue
  leadctl sas new queue my-leads-queue --permissions up     for the drain of that queue
  leadctl sas new container my-leads --days 30`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			connection, err := storage.connectionString()
			if err != nil {
				return err
			}
			sign, err := azure.NewSigner(connection)
			if err != nil {
				return err
			}
			from, until := time.Now().Add(-5*time.Minute), time.Now().AddDate(0, 0, days)
			var url config.Secret
			switch args[0] {
			case "queue":
				url = sign.SignQueue(args[1], orElse(permissions, "a"), from, until)
			case "container":
				url = sign.SignContainer(args[1], orElse(permissions, "c"), from, until)
			default:
				return errors.New("say queue or container")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), url.Reveal())
			return err
		},
	}
	cmd.Flags().IntVar(&days, "days", days, "how long the URL works")
	cmd.Flags().StringVar(&permissions, "permissions", "", "letters: queue r a u p; container r a c w d l")
	return cmd
}

func orElse(v, def string) string {
	if v == "" {
		return def
	}
	return v
}

func sasCheckCommand() *cobra.Command {
	drain, asJSON := false, false
	cmd := &cobra.Command{
		Use:   "check [URL]",
		Short: "Say what is good and bad about a pasted URL",
		Long: `check reads a SAS URL, from the argument or from standard input (which keeps it out of the shell's history), and judges
it without calling anybody: form, permissions, life. It exits 1 when the URL cannot work now.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := argOrLine(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			purpose := azure.Deliver
			if drain {
				purpose = azure.Drain
			}
			return checkSAS(cmd.OutOrStdout(), raw, purpose, asJSON)
		},
	}
	cmd.Flags().BoolVar(&drain, "drain", false, "judge it as the URL of an inbox that is drained, not of a destination")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func argOrLine(args []string, stdin io.Reader) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the URL: %w", err)
	}
	return strings.TrimSpace(line), nil
}

func checkSAS(out io.Writer, raw string, p azure.Purpose, asJSON bool) error {
	sas, err := parseEither(raw)
	if err != nil {
		return err
	}
	if !asJSON {
		fmt.Fprintf(out, "%s %s%s\n", sas.Kind(), sas.Host(), sas.Path())
	}
	enc := json.NewEncoder(out)
	for _, f := range sas.Judge(p, time.Now()) {
		if asJSON {
			err = enc.Encode(f)
		} else {
			_, err = fmt.Fprintf(out, "%-8s %s\n", f.Level, f.Text)
		}
		if err != nil {
			return err
		}
	}
	return sas.Usable(p, time.Now())
}

// parseEither reads a URL as that of a queue or of a container, whichever it is.
func parseEither(raw string) (azure.SAS, error) {
	sas, err := azure.ParseSAS(raw, azure.Queue)
	if err == nil {
		return sas, nil
	}
	if c, containerErr := azure.ParseSAS(raw, azure.Container); containerErr == nil {
		return c, nil
	} else if strings.Contains(raw, ".blob.") || strings.Contains(raw, "sr=c") {
		return azure.SAS{}, containerErr
	}
	return azure.SAS{}, err
}
