// Command handler is leadrelay on Azure: the custom handler that the Functions host starts and calls.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"leadrelay/internal/app"
	"leadrelay/internal/customhandler"
)

// devPort is where the handler listens when no host started it.
const devPort = 8080

func main() {
	// stdout, because the host takes every line on stderr for an error.
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if err := run(log); err != nil {
		log.Error("handler ends", "error", err.Error())
		fmt.Fprintln(os.Stderr, "leadrelay:", err)
		os.Exit(1) // never 0: the host would not start us again
	}
}

func run(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	port, err := customhandler.Port(os.Getenv, devPort)
	if err != nil {
		return err
	}
	a, err := app.New(os.Environ(), log, time.Now)
	if err != nil {
		return err
	}
	return customhandler.Serve(ctx, port, log, a.Handler())
}
