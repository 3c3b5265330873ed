package app_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/app"
)

// key is a right key; the Referral one is for Svix.
var key = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("7f3a"), 8))

const closed = "DefaultEndpointsProtocol=http;AccountName=closed;AccountKey=N2YzYQ==;BlobEndpoint=http://%[1]s/closed;QueueEndpoint=http://%[1]s/closed;TableEndpoint=http://%[1]s/closed"

// nowhere is an account on a port where nobody listens.
func nowhere(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf(closed, l.Addr())
}

// right are settings with every partner; later ones count.
func right(t testing.TB, more ...string) []string {
	t.Helper()
	return append([]string{"AzureWebJobsStorage=" + nowhere(t), "LEADRELAY_SEAL_KEY=" + key, "LEADRELAY_HASH_KEY=" + key,
		"PARTNER_CRF_SECRET=secret-7f3a-0123456789", "PARTNER_CREDZU_TOKEN=token-7f3a-0123456789", "PARTNER_CR3DENTIALS_HMAC_SECRET=7f3a",
		"PARTNER_REFERRAL_SVIX_SECRET=whsec_" + key}, more...)
}

func start(environ []string) (*app.App, error) {
	return app.New(environ, slog.New(slog.DiscardHandler), time.Now)
}

func TestEverySettingRightAndWrong(t *testing.T) {
	const ok = ""
	other := base64.StdEncoding.EncodeToString([]byte("too short"))
	for _, c := range []struct{ setting, wrong string }{
		{"HOME=/home/somebody", ok},
		{"LEADRELAY_PREFIX=acme", ok},
		{"LEADRELAY_PREFIX=Acme", "LEADRELAY_PREFIX: must be"},
		{"LEADRELAY_PREFIX=a-b", "LEADRELAY_PREFIX: must be"},
		{"LEADRELAY_SEAL_KEY=", "LEADRELAY_SEAL_KEY: is required"},
		{"LEADRELAY_SEAL_KEY=" + other, "LEADRELAY_SEAL_KEY: must be 32 bytes"},
		{"LEADRELAY_SEAL_KEY=7f3a-is-no-base64", "LEADRELAY_SEAL_KEY: must be 32 bytes"},
		{"LEADRELAY_SEAL_KEY_OLD=" + key, ok},
		{"LEADRELAY_SEAL_KEY_OLD=" + other, "LEADRELAY_SEAL_KEY_OLD: must be 32 bytes"},
		{"LEADRELAY_HASH_KEY=", "LEADRELAY_HASH_KEY: is required"},
		{"LEADRELAY_HASH_KEY=" + other, "LEADRELAY_HASH_KEY: must be 32 bytes"},
		{"LEADRELAY_RETENTION_DAYS=30", ok},
		{"LEADRELAY_ALERT_URL=https://ops.example.com/7f3a", "LEADRELAY_ALERT_SECRET: is required"},
		{"LEADRELAY_ALERT_PRIVATE=7f3a", "LEADRELAY_ALERT_PRIVATE: must be"},
		{"PARTNER_CRF_QUIET=6h", ok},
		{"PARTNER_CRF_QUIET=7f3a", "PARTNER_CRF_QUIET: must be"},
		{"LEADRELAY_RETENTION_DAYS=-1", "LEADRELAY_RETENTION_DAYS: must be"},
		{"LEADRELAY_RETENTION_DAYS=a month", "LEADRELAY_RETENTION_DAYS: must be"},
		{"LEADRELAY_SEALKEY=" + key, "LEADRELAY_SEALKEY: there is no such setting"},
		{"DRAIN_SCHEDULE=*/10 * * * * *", ok},
		{"SWEEP_SCHEDULE=0 * * * * *", ok},
		{"AzureWebJobsStorage=", "AzureWebJobsStorage: is required"},
		{"AzureWebJobsStorage=7f3a", "AzureWebJobsStorage: "},
		{"AzureWebJobsStorage=AccountName=a", "AzureWebJobsStorage: "},
		{"AzureWebJobsStorage=UseDevelopmentStorage=true", ok},
		{"PARTNER_CRF_SECRET=short-7f3a", "PARTNER_CRF_SECRET: must be at least 16"},
		{"PARTNER_CRF_SECRET_OLD=short-7f3a", "PARTNER_CRF_SECRET_OLD: must be at least 16"},
		{"PARTNER_CRF_SECRET=", ok}, // it is off
		{"PARTNER_CRF_TOKEN=token-7f3a-0123456789", ok},
		{"PARTNER_CRF_TOKEN=token 7f3a/0123456789", "PARTNER_CRF_TOKEN: stands in a URL"},
		{"PARTNER_CRF_HEADER=X-Other", ok},
		{"PARTNER_CRF_HEADER=X Other", "PARTNER_CRF_HEADER: must be the name of a header"},
		{"PARTNER_CRF_HMAC_SECRET=secret-7f3a-0123456789", "PARTNER_CRF_HMAC_SECRET: there is no such setting"},
		{"PARTNER_CRF_MAX_BODY=1048576", ok},
		{"PARTNER_CRF_MAX_BODY=1", "PARTNER_CRF_MAX_BODY: must be"},
		{"PARTNER_CRF_MAX_BODY=5000000000", "PARTNER_CRF_MAX_BODY: must be"},
		{"PARTNER_CRF_ON_INVALID=keep", ok},
		{"PARTNER_CRF_ON_INVALID=drop", "PARTNER_CRF_ON_INVALID: must be"},
		{"PARTNER_CRF_STRICT=true", ok},
		{"PARTNER_CRF_STRICT=very", "PARTNER_CRF_STRICT: must be"},
		{"PARTNER_CRF_ALLOW=203.0.113.0/24, 2001:db8::1", ok},
		{"PARTNER_CRF_ALLOW=203.0.113.0/33", "PARTNER_CRF_ALLOW: must be"},
		{"PARTNER_CRF=x", "PARTNER_CRF: there is no such setting"},
		{"partner_crf_secret=x", ok}, // not ours
		{"PARTNER_CREDZU_TOKEN=short-7f3a", "PARTNER_CREDZU_TOKEN: must be at least 16"},
		{"PARTNER_CREDZU_STRICT=true", ok},
		{"PARTNER_CR3DENTIALS_SECRET=secret-7f3a-0123456789", ok},
		{"PARTNER_CR3DENTIALS_HMAC_SECRET_OLD=7f3a", ok},
		{"PARTNER_REFERRAL_SVIX_SECRET=whsec_7f3a", "PARTNER_REFERRAL_SVIX_SECRET: must be"},
		{"PARTNER_ACME_SECRET=secret-7f3a-0123456789", "PARTNER_ACME_KIND: there is no partner driver of that name; there are cr3dentials, credzu, crf, referral"},
		{"PARTNER_ACME_KIND=crf", "PARTNER_ACME_SECRET: "},
		{"INBOX_A_URL=http://example.com/?sig=7f3a", "INBOX_A_URL: "},
		{"INBOX_A_COLOUR=red", "INBOX_A_COLOUR: there is no such setting"},
	} {
		t.Run(c.setting, func(t *testing.T) {
			environ := right(t, c.setting)
			if name, value, _ := strings.Cut(c.setting, "="); value == "" {
				environ = slices.DeleteFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
			}
			a, err := start(environ)
			if (err == nil) != (c.wrong == ok) || (a == nil) != (err != nil) {
				t.Fatalf("%v", err)
			}
			if err == nil {
				return
			}
			if !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
			if strings.Contains(err.Error(), "7f3a") || strings.Contains(err.Error(), other) {
				t.Errorf("a value is shown: %v", err)
			}
		})
	}
}

// TestAnotherPartnerOfTheSameKind gives two partners one driver.
func TestAnotherPartnerOfTheSameKind(t *testing.T) {
	if _, err := start(right(t, "PARTNER_ACME_KIND=crf", "PARTNER_ACME_SECRET=secret-7f3a-0123456789")); err != nil {
		t.Error(err)
	}
}

// TestAllComplaintsAtOnce makes many mistakes in one deployment.
func TestAllComplaintsAtOnce(t *testing.T) {
	_, err := start([]string{"LEADRELAY_PREFIX=X", "LEADRELAY_SEAL_KEY=7f3a", "PARTNER_CRF_SECRET=7f3a", "PARTNER_CRF_STRICT=7f3a", "PARTNER_ACME_SECRET=7f3a",
		"PARTNER_CREDZU_MAX_BODY=7f3a", "LEADRELAY_TYPO=7f3a", "INBOX_A_KIND=7f3a", "LEADRELAY_RETENTION_DAYS=7f3a"})
	if err == nil {
		t.Fatal("it starts")
	}
	var names []string
	for _, line := range strings.Split(err.Error(), "\n")[1:] {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		names = append(names, name)
	}
	for _, want := range []string{"AzureWebJobsStorage", "INBOX_A_KIND", "INBOX_A_URL", "LEADRELAY_HASH_KEY", "LEADRELAY_PREFIX", "LEADRELAY_RETENTION_DAYS", "LEADRELAY_SEAL_KEY",
		"LEADRELAY_TYPO", "PARTNER_ACME_KIND", "PARTNER_CREDZU_MAX_BODY", "PARTNER_CREDZU_TOKEN", "PARTNER_CRF_SECRET", "PARTNER_CRF_STRICT"} {
		if !slices.Contains(names, want) {
			t.Errorf("nothing is said of %s:\n%v", want, err)
		}
	}
	if !slices.IsSorted(names) || strings.Contains(err.Error(), "7f3a") || !regexp.MustCompile(`^settings:\n`).MatchString(err.Error()) {
		t.Errorf("%v", err)
	}
}

// TestAnIdentityIsEnough starts without any key of the storage account, as on Azure.
func TestAnIdentityIsEnough(t *testing.T) {
	environ := right(t)[1:]
	if _, err := start(append(environ, "AzureWebJobsStorage__accountName=acme", "AzureWebJobsStorage__clientId=4626a582-afb9-48bf-8d86-87e6fe91a842")); err != nil {
		t.Error(err)
	}
}
