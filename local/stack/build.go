package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"leadrelay/local/azurite"
)

// build compiles the handler and the stand-in host and lays out an app root as `make package` does.
func (s *Stack) build(ctx context.Context) error {
	s.opts.Say("building the handler and the host (the first time takes a minute)")
	src, err := azurite.Root()
	if err != nil {
		return err
	}
	programs := map[string]string{"handler": "./functions/handler"}
	if !s.opts.CoreTools {
		programs["bin/host"] = "./local/host"
	}
	for name, pkg := range programs {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(s.root, name), pkg)
		cmd.Dir = src
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
		}
	}
	return layOut(src, s.root)
}

// layOut copies host.json and each function.json to where the host looks for them.
func layOut(src, root string) error {
	if err := copyFile(filepath.Join(src, "host.json"), filepath.Join(root, "host.json")); err != nil {
		return err
	}
	functions, err := filepath.Glob(filepath.Join(src, "functions", "*", "function.json"))
	if err != nil || len(functions) == 0 {
		return fmt.Errorf("no functions under %s", filepath.Join(src, "functions"))
	}
	for _, f := range functions {
		dir := filepath.Join(root, filepath.Base(filepath.Dir(f)))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("lay out the app root: %w", err)
		}
		if err := copyFile(f, filepath.Join(dir, "function.json")); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("lay out the app root: %w", err)
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		return fmt.Errorf("lay out the app root: %w", err)
	}
	return nil
}
