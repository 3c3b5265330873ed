package storage_test

import (
	"strings"
	"testing"

	"leadrelay/local/host/hosttest"
	"leadrelay/local/host/settings"
	"leadrelay/local/host/storage"
)

func open(t *testing.T, connection string, environ ...string) (*storage.Account, error) {
	t.Helper()
	app, err := settings.Load("", false, environ)
	if err != nil {
		t.Fatal(err)
	}
	return storage.Open(app, connection)
}

func TestConnectionsAreFoundAsWebJobsFindThem_5_1(t *testing.T) {
	for _, environ := range []string{"AzureWebJobsStorage=UseDevelopmentStorage=true", "AzureWebJobsMine=UseDevelopmentStorage=true;", "Mine=UseDevelopmentStorage=true", "ConnectionStrings__Mine=UseDevelopmentStorage=true"} {
		connection := "Mine"
		if strings.Contains(environ, "Storage=Use") && strings.HasPrefix(environ, "AzureWebJobsStorage") {
			connection = "AzureWebJobsStorage"
		}
		account, err := open(t, connection, environ)
		if err != nil {
			t.Errorf("%s: %v", environ, err)
			continue
		}
		if got := account.Queue("q").URL(); got != "http://127.0.0.1:10001/devstoreaccount1/q" {
			t.Errorf("%s: queue at %s", environ, got)
		}
	}
	account, err := open(t, "Mine", "Mine__accountName=acc")
	if err != nil || account.Queue("q").URL() != "https://acc.queue.core.windows.net/q" {
		t.Errorf("identity: %v", err)
	}
}

func TestMissingAndBrokenConnectionsAreNamedNotShown_5_1(t *testing.T) {
	if _, err := open(t, "Mine"); err == nil || !strings.Contains(err.Error(), "'Mine' does not exist") {
		t.Errorf("missing: %v", err)
	}
	if _, err := open(t, "Mine", "Mine=AccountKey=s3cret"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("broken: %v", err)
	}
}

func TestErrorsCarryNoSignature_5_1(t *testing.T) {
	account, err := open(t, "Mine", "Mine=QueueEndpoint=http://127.0.0.1:1/acc;BlobEndpoint=http://127.0.0.1:1/acc;SharedAccessSignature=sv=1&sig=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	_, err = account.Queue("q").EnqueueMessage(hosttest.Context(t), "x", nil)
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error = %v", err)
	}
}
