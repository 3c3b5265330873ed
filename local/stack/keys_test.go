package stack

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leadrelay/internal/app"
	"leadrelay/internal/config"
	"leadrelay/local/azurite/azuritetest"
)

func TestKeysAreKeptForTheirOwnerOnly(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "folder")
	first, err := loadKeys(data)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, keyFile)
	for path, want := range map[string]os.FileMode{file: 0o600, data: 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
	again, err := loadKeys(data)
	if err != nil || again != first {
		t.Errorf("the keys are others the second time: %v", err)
	}
	if other, err := loadKeys(t.TempDir()); err != nil || other == first {
		t.Errorf("two folders share keys: %v", err)
	}
	a, errA := loadKeys("")
	b, errB := loadKeys("")
	if errA != nil || errB != nil || a == b {
		t.Errorf("two stacks in memory share keys: %v, %v", errA, errB)
	}
	for name, key := range map[string]string{"seal": first.Seal, "hash": first.Hash} {
		if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) != 32 {
			t.Errorf("%s is not 32 bytes in base64", name)
		}
	}
}

func TestBrokenKeysAreNotReplaced(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(data, keyFile)
	if err := os.WriteFile(file, []byte(`{"seal":"7f3a`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadKeys(data); err == nil || !strings.Contains(err.Error(), keyFile) || strings.Contains(err.Error(), "7f3a") {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(file); string(b) != `{"seal":"7f3a` {
		t.Error("the file was written over")
	}
	if _, err := loadKeys(file); err == nil {
		t.Error("a file is no data folder")
	}
}

// TestWhoseSettingsWin has a caller who sets everything.
func TestWhoseSettingsWin(t *testing.T) {
	s := &Stack{keys: newKeys(), azurite: azuritetest.Start(t), lender: lender{drain: "http://127.0.0.1/drain"}, opts: Options{Environ: []string{
		"DRAIN_SCHEDULE=0 0 * * * *", "PARTNER_CRF_SECRET=the callers own secret", "PARTNER_CREDZU_TOKEN=", "PARTNER_ACME_KIND=crf", "PARTNER_ACME_TOKEN=0123456789abcdef",
		"AzureWebJobsStorage=DefaultEndpointsProtocol=https;AccountName=production;AccountKey=7f3a", "LEADRELAY_SEAL_KEY=7f3a", "LEADRELAY_HASH_KEY=7f3a",
		"LEADRELAY_PREFIX=production", "FUNCTIONS_WORKER_RUNTIME=python", "HOME=/home/caller"}}}
	s.settings = s.environ()
	got := map[string]string{}
	for _, kv := range s.settings {
		name, value, _ := strings.Cut(kv, "=")
		if _, twice := got[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		got[name] = value
	}
	for name, want := range map[string]string{
		"DRAIN_SCHEDULE": "0 0 * * * *", "SWEEP_SCHEDULE": "0 * * * * *", "PARTNER_CRF_SECRET": "the callers own secret", "PARTNER_CREDZU_TOKEN": "",
		"PARTNER_ACME_TOKEN": "0123456789abcdef", "PARTNER_CR3DENTIALS_HMAC_SECRET": s.keys.Cr3dentials, "INBOX_DEMO_URL": "http://127.0.0.1/drain",
		"AzureWebJobsStorage": s.azurite.ConnectionString(), "LEADRELAY_SEAL_KEY": s.keys.Seal, "LEADRELAY_HASH_KEY": s.keys.Hash, "LEADRELAY_PREFIX": "leadrelay",
		"FUNCTIONS_WORKER_RUNTIME": "custom", "HOME": "/home/caller",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	partners := s.partners("http://127.0.0.1:7071")
	if _, on := partners["credzu"]; on || len(partners) != 4 {
		t.Errorf("%d partners, credzu: %v", len(partners), on)
	}
	if p := partners["acme"]; p.URL != "http://127.0.0.1:7071/webhooks/acme/0123456789abcdef" || p.Header != "" {
		t.Errorf("%+v", p)
	}
	if p := partners["crf"]; p.URL != "http://127.0.0.1:7071/webhooks/crf" || p.Header != "X-Api-Key" || p.Secret != "the callers own secret" {
		t.Errorf("%+v", p)
	}
}

// TestOwnSettingsOpenTheBackend wants the keys taken as the product takes them.
func TestOwnSettingsOpenTheBackend(t *testing.T) {
	env := config.New(append(newKeys().settings(), "AzureWebJobsStorage=UseDevelopmentStorage=true"))
	if b := app.OpenBackend(env, nil); env.Err("LEADRELAY_") != nil || b.Destinations == nil {
		t.Error(env.Err("LEADRELAY_"))
	}
}
