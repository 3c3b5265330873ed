package measure

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is how a candidate is started. Its environment is Env, PATH, HOME and GOMAXPROCS=1 and nothing else, so that no
// setting of the machine tilts the scales. Its stdout goes to /dev/null, everybody's alike.
type Program struct {
	Path    string
	Args    []string
	Env     []string
	Address string // host:port where it listens once it is up; see [FreeAddress]
}

// Process is a program that runs.
type Process struct {
	Program
	Started time.Time // just before exec
	cmd     *exec.Cmd
	stderr  tail
	ended   chan error
}

// startup is how long a program may take until it listens.
const startup = 20 * time.Second

// FreeAddress is an address of loopback where nobody listens.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Start starts a program on [TestCore] and waits until it listens.
func Start(ctx context.Context, p Program) (*Process, error) {
	c, err := Launch(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := c.listening(ctx); err != nil {
		_ = c.Stop()
		return nil, err
	}
	return c, nil
}

// Launch is Start that waits for nothing. A stale program that holds the address is refused: it would be measured in
// this one's place.
func Launch(ctx context.Context, p Program) (*Process, error) {
	if c, err := net.DialTimeout("tcp", p.Address, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("%s: somebody else listens at %s", p.Path, p.Address)
	}
	c := &Process{Program: p, ended: make(chan error, 1)}
	c.cmd = exec.CommandContext(ctx, p.Path, p.Args...)
	c.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GOMAXPROCS=1"}, p.Env...)
	c.cmd.Stderr = &c.stderr
	c.Started = time.Now()
	if err := startOn(c.cmd, TestCore); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Path, err)
	}
	go func() { c.ended <- c.cmd.Wait() }()
	return c, nil
}

func (c *Process) listening(ctx context.Context) error {
	deadline := time.Now().Add(startup)
	for {
		conn, err := net.DialTimeout("tcp", c.Address, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-c.ended:
			c.ended <- err
			return fmt.Errorf("%s ended before it listened: %v: %s", c.Path, err, c.stderr.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not listen at %s: %s", c.Path, c.Address, c.stderr.String())
		}
	}
}

// CPU is how long it has run so far, all threads together.
func (c *Process) CPU() (time.Duration, error) { return cpuOf(c.cmd.Process.Pid) }

// Peak is the most memory that it ever had resident, in bytes, since the start or the last ForgetPeak.
func (c *Process) Peak() (int64, error) { return peakOf(c.cmd.Process.Pid) }

// ForgetPeak makes Peak count from now.
func (c *Process) ForgetPeak() error { return forgetPeak(c.cmd.Process.Pid) }

// Said is the end of what it wrote to stderr.
func (c *Process) Said() string { return c.stderr.String() }

// Stop ends it and waits: politely first, because a program may have something to write.
func (c *Process) Stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-c.ended:
		c.ended <- err
	case <-time.After(5 * time.Second):
		_ = c.cmd.Process.Kill()
		c.ended <- <-c.ended
	}
	return nil
}

// Build compiles a package of the checkout as the product is deployed, static and stripped, on all cores.
func Build(ctx context.Context, checkout, pkg, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", to, pkg)
	cmd.Dir, cmd.Env = checkout, append(environ(), "CGO_ENABLED=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := startOn(cmd, OwnCore, TestCore)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out.String())
	}
	return nil
}

// environ is ours without what pinning put there.
func environ() []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GOMAXPROCS=") {
			out = append(out, kv)
		}
	}
	return out
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	t.buf = t.buf[max(0, len(t.buf)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
