package scripthost

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"leadrelay/local/host/hosttest"
)

func TestWhatIsWatchedForChanges_5_2(t *testing.T) {
	root := hosttest.App(t, map[string]string{"host.json": "{}", "handler": "", "A/function.json": "{}", "A/notes": "", "Shared/deep/file": "", "Other/deep/file": ""})
	long := time.Now().Add(time.Hour)
	before := look(root, []string{"Shared"})
	if path := before.change(look(root, []string{"Shared"})); path != "" {
		t.Errorf("nothing changed, and yet %s", path)
	}
	for _, c := range []struct {
		touched string
		want    string
	}{
		{"handler", ""}, {"A/notes", ""}, {"Other/deep/file", ""}, // not watched
		{"host.json", "host.json"}, {"A/function.json", "A/function.json"}, {"Shared/deep/file", "Shared/deep/file"},
	} {
		if err := os.Chtimes(filepath.Join(root, c.touched), long, long); err != nil {
			t.Fatal(err)
		}
		now := look(root, []string{"Shared"})
		want := c.want
		if want != "" {
			want = filepath.Join(root, want)
		}
		if got := before.change(now); got != want {
			t.Errorf("touched %s: change = %q", c.touched, got)
		}
		before = now
	}
	if err := os.Mkdir(filepath.Join(root, "New"), 0o700); err != nil {
		t.Fatal(err)
	}
	now := look(root, nil)
	if got := before.change(look(root, []string{"Shared"})); got != filepath.Join(root, "New") {
		t.Errorf("a new folder: change = %q", got)
	}
	if err := os.RemoveAll(filepath.Join(root, "A")); err != nil {
		t.Fatal(err)
	}
	if got := now.change(look(root, nil)); got != filepath.Join(root, "A") {
		t.Errorf("a folder that is gone: change = %q", got)
	}
}
