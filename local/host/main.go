package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"leadrelay/local/host/event"
	"leadrelay/local/host/front"
	"leadrelay/local/host/queue"
	"leadrelay/local/host/scripthost"
	"leadrelay/local/host/timer"
)

const teaching = `host runs an Azure Functions app that has a custom handler, as "func start" would, without Core Tools.

--root is the folder that holds host.json, one <Function>/function.json a function, and the handler that
host.json's customHandler.description.defaultExecutablePath names. App settings come from the environment and,
below it, from local.settings.json. Any value of host.json can be overridden by the environment:

  AzureFunctionsJobHost__extensions__queues__visibilityTimeout=00:00:01 host --root dist

Triggers: httpTrigger, timerTrigger, queueTrigger, manualTrigger. Outputs: http, queue. Storage is whatever
AzureWebJobsStorage names; UseDevelopmentStorage=true is Azurite. Run a function by hand with

  curl -d '{"input":""}' -H 'Content-Type: application/json' http://127.0.0.1:7071/admin/functions/<Name>

It exits 0 when asked to stop (SIGINT, SIGTERM), and 1 when the configuration is bad or the handler keeps failing.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the host at once
	if err := command(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "host:", err)
		os.Exit(1)
	}
}

func command(out io.Writer) *cobra.Command {
	o := scripthost.Options{Environ: os.Environ()}
	var mode string
	var asJSON bool
	cmd := &cobra.Command{Use: "host", Short: "A stand-in for the Azure Functions host, for custom handlers", Long: teaching,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true}
	f := cmd.Flags()
	f.StringVar(&o.Root, "root", ".", "the app root: host.json and <Function>/function.json")
	f.IntVar(&o.Port, "port", 7071, "the port for HTTP; 0 takes a free one")
	f.StringVar(&o.Address, "address", "127.0.0.1", "the address for HTTP")
	f.StringVar(&mode, "mode", "", "proxy or forward: how HTTP reaches functions with nothing but httpTrigger and http (default: what host.json says, proxy first)")
	f.BoolVar(&asJSON, "json", false, "write one JSON object a line instead of lines for people")
	f.StringVar(&o.Settings, "settings", "", "the app settings file (default: local.settings.json in the root, if there is one)")
	f.StringVar(&o.Keys, "keys", "", `ask for keys, from a JSON file: {"master":"...","host":{"default":"..."},"functions":{"<Name>":{"default":"..."}}}`)
	f.DurationVar(&o.MessageLease, "message-lease", queue.DefaultLease, "how long a queue message stays hidden while it runs, renewed at half time")
	f.DurationVar(&o.TimerLock, "timer-lock", timer.DefaultLock, "the lease, 15s to 1m, that makes one host run a timer, and the pause between tries for it")
	f.BoolVar(&o.HangOnEmpty, "hang-on-empty", false, "emulate the real host's hang after a 2xx answer with an empty or null body, instead of failing at once")
	f.BoolVar(&o.FailChunked, "fail-chunked", false, "in forward mode, answer 500 to chunked requests instead of dropping their body")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Log = event.New(out, asJSON)
		o.Mode = front.Mode(mode)
		if err := check(o); err != nil {
			o.Log.Error(event.Failed, err.Error())
			return err
		}
		err := scripthost.Run(cmd.Context(), o)
		if err != nil {
			o.Log.Error(event.Failed, err.Error())
		}
		return err
	}
	return cmd
}

func check(o scripthost.Options) error {
	var complaints []error
	if o.Mode != "" && o.Mode != front.Proxy && o.Mode != front.Forward {
		complaints = append(complaints, fmt.Errorf("--mode: %q is not proxy or forward", o.Mode))
	}
	if o.MessageLease < time.Second {
		complaints = append(complaints, errors.New("--message-lease must be at least 1s"))
	}
	if o.TimerLock < 15*time.Second || o.TimerLock > time.Minute {
		complaints = append(complaints, errors.New("--timer-lock must be from 15s to 1m"))
	}
	return errors.Join(complaints...)
}
