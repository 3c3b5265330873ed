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

An app is a folder, named by --root:

  host.json                      {"version": "2.0",
                                  "customHandler": {"description": {"defaultExecutablePath": "handler"},
                                                    "enableProxyingHttpRequest": true},
                                  "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}}
  handler                        your program, already built; it answers HTTP on 127.0.0.1:$FUNCTIONS_CUSTOMHANDLER_PORT,
                                 GET / too, and logs to stdout (what comes on stderr is shown as an error)
  Hello/function.json            {"bindings": [{"type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous"},
                                               {"type": "http", "direction": "out", "name": "res"}]}
  Tick/function.json             {"bindings": [{"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 */5 * * * *"}]}
  Work/function.json             {"bindings": [{"type": "queueTrigger", "direction": "in", "name": "msg", "queueName": "work",
                                                "connection": "AzureWebJobsStorage"}]}
  local.settings.json            {"Values": {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}}    optional: app settings

Hello gets the request itself, at /api/Hello. Tick and Work get POST /Tick and POST /Work with a JSON body, and must answer 2xx with
Content-Type: application/json and a body, {} at least. Triggers: httpTrigger, timerTrigger, queueTrigger, manualTrigger. Outputs: http, queue.
Everything but HTTP needs storage: AzureWebJobsStorage is a connection string, or UseDevelopmentStorage=true for Azurite on its usual ports.

The environment goes before local.settings.json, and overrides any value of host.json:

  AzureFunctionsJobHost__extensions__queues__visibilityTimeout=00:00:01 host --root dist

Run a function by hand, whatever its trigger but HTTP (for a queue, input is the message):

  curl -d '{"input":""}' -H 'Content-Type: application/json' http://127.0.0.1:7071/admin/functions/Tick

A function in error is named in the log and left out; the others run. A change of host.json or of a function.json restarts the host; after
building the handler anew, stop and start it. It exits 0 when asked to stop (SIGINT, SIGTERM), and 1 when the configuration is bad or
the handler keeps failing.`

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
