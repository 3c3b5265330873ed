package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"leadrelay/internal/ledger"
)

func linkCommand(storage *storageFlag) *cobra.Command {
	session, key, partner, asJSON := "", "", "", false
	cmd := &cobra.Command{
		Use:   "link --session ID --lead KEY",
		Short: "Tie a verification session to the lead that it is about",
		Long: `link tells the drain which lead a cr3dentials event is about: such an event names only the session that the lender
opened. Events of the session that came already are waiting and follow at their next try; later ones follow at once.`,
		Example: `  leadctl link --session 65f1c0ffee --lead 'crf|4626a582-afb9-48bf-8d86-87e6fe91a842'`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := ledger.ParseLeadRef(key)
			if err != nil {
				return err
			}
			b, err := storage.backend()
			if err != nil {
				return err
			}
			if err := b.Links().Set(cmd.Context(), partner, session, to); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"partner": partner, "session": session, "lead": to})
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "session %s of %s is about lead %s\n", session, partner, to)
			return err
		},
	}
	cmd.Flags().StringVar(&session, "session", "", "the session id, as the partner's events name it")
	cmd.Flags().StringVar(&key, "lead", "", "the lead: partner|id")
	cmd.Flags().StringVar(&partner, "partner", "cr3dentials", "whose session it is")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	_, _ = cmd.MarkFlagRequired("session"), cmd.MarkFlagRequired("lead") // the flags exist
	return cmd
}
