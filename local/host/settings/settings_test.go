package settings_test

import (
	"path/filepath"
	"slices"
	"testing"

	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
)

func load(t *testing.T, text string, environ ...string) *settings.Settings {
	t.Helper()
	root := hosttest.App(t, map[string]string{"local.settings.json": text})
	s, err := settings.Load(filepath.Join(root, "local.settings.json"), true, environ)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRealEnvironmentWinsAndEmptyStringsStay_7_1(t *testing.T) {
	s := load(t, `{"IsEncrypted":false,"Values":{"A":"file","B":"file","C":"file","N":5}}`, "A=real", "B=")
	for name, want := range map[string]string{"A": "real", "B": "", "C": "file", "N": "5", "c": "file"} {
		if got, ok := s.Lookup(name); !ok || got != want {
			t.Errorf("%s = %q, %v, want %q", name, got, ok, want)
		}
	}
	if got, want := s.Environ(), []string{"A=real", "B=", "C=file", "N=5"}; !slices.Equal(got, want) {
		t.Errorf("the handler inherits %q, want %q", got, want)
	}
}

func TestCommentsAndTrailingCommasAreRead_7_1(t *testing.T) {
	s := load(t, "\xef\xbb\xbf{ // ours\n\"Values\":{\"A\":\"http://x\", /* not B */ },}")
	if got, ok := s.Lookup("A"); !ok || got != "http://x" {
		t.Errorf("A = %q, %v", got, ok)
	}
}

func TestReferencesAreResolvedOrNamed_5_1(t *testing.T) {
	s := load(t, `{"Values":{"Q":"leads","P":"x"}}`)
	for text, want := range map[string]string{"%Q%": "leads", "a-%q%-%P%": "a-leads-x", "plain": "plain"} {
		if got, err := s.Resolve(text); err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	if _, err := s.Resolve("%NOT_SET%"); err == nil || err.Error() != "'%NOT_SET%' does not resolve to a value" {
		t.Errorf("error = %v", err)
	}
}

func TestUnusableSettingsFilesAreRefused_7_1(t *testing.T) {
	for name, text := range map[string]string{"encrypted": `{"IsEncrypted":true,"Values":{}}`, "broken": `{`, "nested": `{"Values":{"A":{}}}`} {
		root := hosttest.App(t, map[string]string{"s.json": text})
		if _, err := settings.Load(filepath.Join(root, "s.json"), true, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	missing := filepath.Join(t.TempDir(), "none.json")
	if _, err := settings.Load(missing, true, nil); err == nil {
		t.Error("a named file that is missing gave no error")
	}
	if _, err := settings.Load(missing, false, nil); err != nil {
		t.Errorf("the usual file may be missing: %v", err)
	}
}
