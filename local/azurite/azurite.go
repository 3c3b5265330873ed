// Package azurite starts Azurite, the storage that leadrelay runs against on a laptop and in its tests.
//
// The version is pinned in local/package.json; [Install] fetches it, lean, with npm ci.
package azurite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The account every Azurite has. The key is published in Azurite's documents and protects nothing.
const (
	Account    = "devstoreaccount1"
	AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Options say how to start a server. The zero value is a server in memory on free ports.
type Options struct {
	// Data is the folder that keeps what is stored; empty means in memory. Azurite writes it out on SIGTERM
	// and about every five seconds; a SIGKILL before that loses what is younger.
	Data string
	// BlobPort, QueuePort and TablePort bind loopback ports; 0 takes a free one.
	BlobPort, QueuePort, TablePort int
	// Args are further command line arguments, such as --cert and --key.
	Args []string
}

// Server is a running Azurite.
type Server struct {
	opts   Options
	cmd    *exec.Cmd
	stderr *tail
	scheme string
	ports  map[string]int

	once sync.Once
	done chan struct{}
	err  error
}

// ErrNotInstalled says that Azurite is not under local/node_modules.
var ErrNotInstalled = errors.New("azurite is not installed: run `make azurite` (npm ci in local/)")

// Start runs Azurite and returns when its three services listen. It stops with ctx at the latest.
func Start(ctx context.Context, opts Options) (*Server, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "node_modules", "azurite", "dist", "src", "azurite.js")
	if _, err := os.Stat(script); err != nil {
		return nil, ErrNotInstalled
	}
	args := []string{script, "--silent", "--disableTelemetry", "--skipApiVersionCheck",
		"--blobPort", strconv.Itoa(opts.BlobPort), "--queuePort", strconv.Itoa(opts.QueuePort), "--tablePort", strconv.Itoa(opts.TablePort)}
	if opts.Data == "" {
		args = append(args, "--inMemoryPersistence")
	} else {
		args = append(args, "--location", opts.Data)
	}
	cmd := exec.CommandContext(ctx, "node", append(args, opts.Args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Dir = dir
	s := &Server{opts: opts, cmd: cmd, stderr: &tail{}, ports: map[string]int{}, done: make(chan struct{})}
	cmd.Stderr = s.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start azurite: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start azurite (is Node installed?): %w", err)
	}
	return s, s.await(ctx, out)
}

var listening = regexp.MustCompile(`Azurite (Blob|Queue|Table) service (?:is successfully listening at|successfully listens on) (https?)://[^:]+:(\d+)`)

// await reads Azurite's lines until all three services listen, then keeps draining them until it ends.
func (s *Server) await(ctx context.Context, out io.Reader) error {
	ready := make(chan struct{})
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			m := listening.FindStringSubmatch(lines.Text())
			if m == nil || len(s.ports) == 3 {
				continue
			}
			port, _ := strconv.Atoi(m[3]) // \d+ of at most five digits
			s.scheme, s.ports[strings.ToLower(m[1])] = m[2], port
			if len(s.ports) == 3 {
				close(ready)
			}
		}
		s.err = s.cmd.Wait()
	}()
	select {
	case <-ready:
		return nil
	case <-s.done:
		return fmt.Errorf("azurite ended before it listened: %v %s", s.err, s.stderr)
	case <-time.After(60 * time.Second):
		return errors.Join(errors.New("azurite did not listen within a minute"), s.Close())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Close())
	}
}

// PID is the process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Done is closed when the process has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Ports are the ports by service, to start another server in the same place.
func (s *Server) Ports() (blob, queue, table int) {
	return s.ports["blob"], s.ports["queue"], s.ports["table"]
}

// ConnectionString is what AzureWebJobsStorage takes.
func (s *Server) ConnectionString() string {
	c := "DefaultEndpointsProtocol=" + s.scheme + ";AccountName=" + Account + ";AccountKey=" + AccountKey + ";"
	for _, service := range []string{"Blob", "Queue", "Table"} {
		c += fmt.Sprintf("%sEndpoint=%s://127.0.0.1:%d/%s;", service, s.scheme, s.ports[strings.ToLower(service)], Account)
	}
	return c
}

// Close ends Azurite with SIGTERM, which keeps everything of a server with a data folder, and waits for it.
func (s *Server) Close() error {
	s.once.Do(func() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return // it has ended
		}
		select {
		case <-s.done:
		case <-time.After(10 * time.Second):
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.done
	return nil
}

// tail keeps the last two KiB that Azurite wrote to stderr.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf); n > 2048 {
		t.buf = t.buf[n-2048:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
