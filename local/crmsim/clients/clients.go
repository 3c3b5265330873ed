// Package clients runs CRM clients that others wrote, so that tests can hold our simulators and adapters against them.
package clients

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// nodeTimeout ends one script.
const nodeTimeout = time.Minute

// Node runs a script of this folder in one process of Node, with settings as NAME=value, and gives what it wrote to
// standard output. The pinned packages are fetched once when they are missing. Without Node the test fails: it never skips.
func Node(t testing.TB, script string, settings ...string) []byte {
	t.Helper()
	dir := folder(t)
	if err := install(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), nodeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), settings...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("node %s: %v\n%s%s", script, err, out.Bytes(), problems.Bytes())
	}
	return out.Bytes()
}

// folder is where this file lies.
func folder(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("where the clients lie is not known")
	}
	return filepath.Dir(file)
}

// install runs npm ci aside and moves what it made into place, so that tests of two packages may do it at once.
func install(ctx context.Context, dir string) error {
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err == nil {
		return nil
	}
	aside, err := os.MkdirTemp(dir, "node_modules-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(aside) }()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(aside, name), text, 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-progress", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = aside
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.New("npm ci in local/crmsim/clients (are Node 20 and npm installed?): " + err.Error() + "\n" + string(out))
	}
	err = os.Rename(filepath.Join(aside, "node_modules"), modules)
	if errors.Is(err, fs.ErrExist) || err != nil && exists(modules) { // another test was faster
		return nil
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
