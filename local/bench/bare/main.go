// Command bare is the floor of Deliver and Drain: the same requests as the product makes, and nothing else.
//
//	bare deliver -n 8    answers POST /Deliver; each call makes the requests of a first lead with 8 destinations
//	bare drain -at 32    answers POST /Drain; each call empties the lender's queue, 32 messages in flight
//
// It decodes nothing, decides nothing and writes nothing down: net/http on both sides, requests from templates, a fresh key
// and a signature in each. The requests are data (script/), recorded from the product; a test fails when the product makes
// others.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"leadrelay/local/bench/bare/script"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("deliver or drain?")
	}
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), "where to listen")
	n := flags.Int("n", 1, "deliver: how many destinations; there are scripts for 1, 2 and 8")
	at := flags.Int("at", 64, "drain: how many messages in flight")
	lender := flags.String("lender", "", "queue endpoint of the lenders' account")
	crm := flags.String("crm", "", "drain: the CRM's URL")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	f, err := newFar(os.Getenv("AzureWebJobsStorage"), *lender, *crm)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	switch args[0] {
	case "deliver":
		p, err := deliver(f, *n)
		if err != nil {
			return err
		}
		mux.Handle("POST /Deliver", answer(func(ctx context.Context) error { return p.run(ctx, values{fresh: fresh()}) }))
	case "drain":
		d, err := newDrainer(f, *at)
		if err != nil {
			return err
		}
		mux.Handle("POST /Drain", answer(func(ctx context.Context) error {
			_, err := d.run(ctx)
			return err
		}))
	default:
		return fmt.Errorf("deliver or drain, not %s", args[0])
	}
	return serve(*listen, mux)
}

func deliver(f *far, n int) (play, error) {
	s, err := script.Load("deliver" + strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	return f.play(s)
}

func newFar(connection, lender, crm string) (*far, error) {
	signer, table, err := readConnection(connection)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true, WriteBufferSize: 16 << 10}
	return &far{transport: transport, signer: signer, bases: map[string]string{"table": table, "lender": lender, "crm": crm}}, nil
}

func serve(listen string, h http.Handler) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// answer reads an invocation to its end, does what is to be done and answers as the handler does.
func answer(do func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			err = do(r.Context())
		}
		w.Header()["Content-Type"] = []string{"application/json"}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bare:", err)
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":"see stderr"}`)
			return
		}
		_, _ = io.WriteString(w, `{"Logs":[],"Outputs":{},"ReturnValue":"ok"}`)
	})
}

var counter atomic.Uint32

// fresh is a key of eight hexadecimal digits that no other event of this process has.
func fresh() string {
	const digits = "0123456789abcdef"
	n := counter.Add(1)
	var b [8]byte
	for i := range b {
		b[7-i] = digits[n&15]
		n >>= 4
	}
	return string(b[:])
}
