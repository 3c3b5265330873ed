// Command leadctl is the operator's and the developer's hand: it runs leadrelay on a laptop, plays partners, registers
// destinations and shows what became of leads.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "leadctl:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "leadctl",
		Short: "Run, feed and watch leadrelay",
		Long: `leadctl runs leadrelay on this machine, plays the partners that send leads, registers the lenders'
destinations and shows what became of every lead.

Commands that need storage take it from --storage (a connection string), else from AzureWebJobsStorage, else from the
` + "`leadctl up`" + ` that is running on this machine.`,
		Example: `  leadctl up --demo                      everything on this laptop, with one lead sent through it
  leadctl send crf --count 3             three more
  leadctl leads list                     what arrived
  leadctl destinations apply -f destinations.yaml`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	storage := &storageFlag{}
	cmd.PersistentFlags().StringVar(&storage.connection, "storage", "", "connection string of the storage account (a secret: prefer AzureWebJobsStorage)")
	cmd.AddCommand(upCommand(), setupCommand(storage), sendCommand(), resendCommand(storage), receiveCommand(), leadsCommand(storage), destinationsCommand(storage), sasCommand(storage), packageCommand())
	cmd.AddCommand(drainCommand(storage), poisonCommand(storage), linkCommand(storage), mappingCommand(), doctorCommand(storage))
	cmd.AddCommand(statusCommand(storage), eventsCommand(storage), booksCommand(storage))
	return cmd
}
