package azurite_test

import (
	"context"
	"net/http"
	"regexp"
	"testing"

	"leadrelay/local/azurite"
	"leadrelay/local/azurite/azuritetest"
)

func TestServerAnswersOnEveryEndpointOfItsConnectionString(t *testing.T) {
	s := azuritetest.Start(t)
	endpoints := regexp.MustCompile(`Endpoint=([^;]+)`).FindAllStringSubmatch(s.ConnectionString(), -1)
	if len(endpoints) != 3 {
		t.Fatalf("want three endpoints in %s", s.ConnectionString())
	}
	for _, e := range endpoints {
		resp, err := http.Get(e[1])
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

func TestRestartedServerTakesItsPortsAgain(t *testing.T) {
	dir := t.TempDir()
	first, err := azurite.Start(context.Background(), azurite.Options{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	blob, queue, table := first.Ports()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := azurite.Start(context.Background(), azurite.Options{Data: dir, BlobPort: blob, QueuePort: queue, TablePort: table})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if second.ConnectionString() != first.ConnectionString() {
		t.Errorf("connection string changed from %s to %s", first.ConnectionString(), second.ConnectionString())
	}
}
