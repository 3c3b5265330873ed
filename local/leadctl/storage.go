package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
)

// storageFlag says which storage account a command speaks to.
type storageFlag struct{ connection string }

// environ is the environment with the storage that was chosen: --storage, else AzureWebJobsStorage, else that of the
// stack that is running here, with its keys.
func (f *storageFlag) environ() ([]string, error) {
	env := os.Environ()
	switch {
	case f.connection != "":
		return append(env, "AzureWebJobsStorage="+f.connection), nil
	case os.Getenv("AzureWebJobsStorage") != "" || os.Getenv("AzureWebJobsStorage__accountName") != "":
		return env, nil
	}
	r, err := findRunning()
	if err != nil {
		return nil, fmt.Errorf("no storage: give --storage or set AzureWebJobsStorage, or start `leadctl up` (%w)", err)
	}
	return append(env, r.Settings...), nil
}

// open is the storage account alone, for commands that need no key of ours.
func (f *storageFlag) open() (app.Store, error) {
	environ, err := f.environ()
	if err != nil {
		return app.Store{}, err
	}
	env := config.New(environ)
	s := app.OpenStore(env, time.Now)
	return s, env.Err()
}

// backend is the storage account with the keys that open what is kept in it.
func (f *storageFlag) backend() (*app.Backend, error) {
	environ, err := f.environ()
	if err != nil {
		return nil, err
	}
	env := config.New(environ)
	b := app.OpenBackend(env, time.Now)
	return b, env.Err()
}

// connectionString is the chosen storage as a connection string, for signing.
func (f *storageFlag) connectionString() (string, error) {
	environ, err := f.environ()
	if err != nil {
		return "", err
	}
	v := config.New(environ).Global().Secret("AzureWebJobsStorage")
	if v == "" {
		return "", errors.New("signing needs a connection string with an account key: --storage or AzureWebJobsStorage")
	}
	return v.Reveal(), nil
}

func setupCommand(storage *storageFlag) *cobra.Command {
	return &cobra.Command{
		Use:   "setup",
		Short: "Create the queues, containers and tables of a deployment",
		Long: `setup creates what a deployment keeps in its storage account and leaves alone what is there. It may run as often as
you like. LEADRELAY_PREFIX names the deployment.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := storage.open()
			if err != nil {
				return err
			}
			if err := s.Setup(cmd.Context()); err != nil {
				return err
			}
			n := s.Names
			fmt.Fprintf(cmd.OutOrStdout(), "queue       %s\ncontainers  %s, %s, %s\ntables      %s, %s, %s, %s, %s\n",
				n.Intake(), n.Spill(), n.Claims(), n.Poison(), n.Ledger(), n.Index(), n.Destinations(), n.Leads(), n.State())
			return nil
		},
	}
}
