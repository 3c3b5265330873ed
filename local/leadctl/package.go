package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"leadrelay/local/azurite"
	"leadrelay/local/dist"
)

func packageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "package",
		Short: "Lay out dist/ and dist.zip for deployment",
		Long: `package builds the handler for linux/amd64 and lays out dist/ with host.json and the functions, and the same as dist.zip.
In dist/ run ` + "`func azure functionapp publish NAME`" + ` or ` + "`func start`" + `; or deploy dist.zip as it is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := azurite.Root()
			if err != nil {
				return err
			}
			dir, zip := filepath.Join(root, "dist"), filepath.Join(root, "dist.zip")
			if err := dist.Package(cmd.Context(), root, dir, zip); err != nil {
				return err
			}
			info, err := os.Stat(zip)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s  %.1f MB\n", dir, zip, float64(info.Size())/1e6)
			return err
		},
	}
}
