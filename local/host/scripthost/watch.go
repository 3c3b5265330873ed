package scripthost

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// files are what a change of restarts the host (functions-host.md §5.2): host.json, every function.json, the top-level folders, and all
// that is in the watchDirectories. Each has a text that changes with it.
type files map[string]string

// look reads the files as they are now. One that cannot be read is as good as none.
func look(root string, watched []string) files {
	seen := files{}
	note := func(path string) {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			seen[path] = fmt.Sprint(info.ModTime(), info.Mode(), info.Size())
		}
	}
	note(filepath.Join(root, "host.json"))
	entries, _ := os.ReadDir(root)
	for _, entry := range entries {
		path := filepath.Join(root, entry.Name())
		if !entry.IsDir() {
			continue
		}
		seen[path] = "folder"
		note(filepath.Join(path, "function.json"))
		if slices.Contains(watched, entry.Name()) {
			_ = filepath.WalkDir(path, func(path string, _ fs.DirEntry, _ error) error { note(path); return nil })
		}
	}
	return seen
}

// change names a file that is not as it was, "" if there is none.
func (f files) change(now files) string {
	for _, path := range slices.Sorted(maps.Keys(f)) {
		if now[path] != f[path] {
			return path
		}
	}
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if _, ok := f[path]; !ok {
			return path
		}
	}
	return ""
}

const quiet = 500 * time.Millisecond // a change counts when nothing has changed again for so long

// watch sends the first file that changes, once the changing is over.
func (a *app) watch(ctx context.Context, changed chan<- string) {
	every := time.NewTicker(quiet)
	defer every.Stop()
	last := a.files
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		now := look(a.Root, a.host.WatchDirectories)
		if path := a.files.change(now); path != "" && last.change(now) == "" {
			changed <- path
			return
		}
		last = now
	}
}
