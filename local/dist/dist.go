// Package dist lays out what is deployed: host.json, a function.json for each function, and the handler.
//
// Azure reads <root>/<Function>/function.json only, so the sources under functions/ are laid out anew (DESIGN 4a).
package dist

import (
	"archive/zip"
	"cmp"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Handler is the name of the binary: host.json's defaultExecutablePath, to the letter, or nobody makes it executable.
const Handler = "handler"

// LayOut copies host.json and the functions of a checkout to root, where a Functions host looks for them.
func LayOut(checkout, root string) error {
	if err := copyFile(filepath.Join(checkout, "host.json"), filepath.Join(root, "host.json")); err != nil {
		return err
	}
	functions, err := filepath.Glob(filepath.Join(checkout, "functions", "*", "function.json"))
	if err != nil || len(functions) == 0 {
		return fmt.Errorf("no functions under %s", filepath.Join(checkout, "functions"))
	}
	for _, f := range functions {
		if err := copyFile(f, filepath.Join(root, filepath.Base(filepath.Dir(f)), "function.json")); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	return nil
}

// Build compiles a program of the checkout for this machine, or, for Azure, a static one for linux/amd64.
func Build(ctx context.Context, checkout, pkg, to string, forAzure bool) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, pkg)
	if forAzure {
		cmd = exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", to, pkg)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOAMD64=v1")
	}
	cmd.Dir = checkout
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// Package makes dir anew, with just what is deployed, and the same as a zip beside it. Equal sources make equal bytes.
func Package(ctx context.Context, checkout, dir, zipFile string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("package: %w", err)
	}
	if err := LayOut(checkout, dir); err != nil {
		return err
	}
	handler, err := filepath.Abs(filepath.Join(dir, Handler))
	if err != nil {
		return fmt.Errorf("package: %w", err)
	}
	if err := Build(ctx, checkout, "./functions/handler", handler, true); err != nil {
		return err
	}
	out, err := os.Create(zipFile)
	if err != nil {
		return fmt.Errorf("package: %w", err)
	}
	return cmp.Or(Zip(out, dir), out.Close())
}

// Zip writes the files of dir in order of name, without times, the handler executable.
func Zip(w io.Writer, dir string) error {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("zip: %w", err)
	}
	slices.Sort(names)
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, path := range names {
		if err := add(z, dir, path); err != nil {
			return fmt.Errorf("zip: %w", err)
		}
	}
	return z.Close()
}

func add(z *zip.Writer, dir, path string) error {
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: filepath.ToSlash(name), Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(0o644)
	if name == Handler {
		h.SetMode(0o755)
	}
	f, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return err
}
