// Package azuretest gives the drivers on Azure Storage one Azurite for each test package, and SAS URLs for it.
package azuretest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/local/azurite"
)

// Storage is a running Azurite, path-style over http, and what opens it.
type Storage struct {
	Account    *azure.Account // the owner's view
	Connection string         // what opens it
	Signer     azure.Signer
	Client     *http.Client
	names      atomic.Int64
}

// Main runs a package's tests beside one Azurite:
//
//	var storage azuretest.Storage
//	func TestMain(m *testing.M) { os.Exit(azuretest.Main(m, &storage)) }
func Main(m *testing.M, s *Storage) int {
	server, err := azurite.Start(context.Background(), azurite.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer server.Close()
	s.Client, s.Connection = azure.NewClient(), server.ConnectionString()
	if s.Account, err = azure.ConnectAccount(s.Connection, s.Client); err != nil {
		fmt.Println(err)
		return 1
	}
	if s.Signer, err = azure.NewSigner(s.Connection); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// Context is a context of a test, with a deadline that a busy machine keeps.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// name is a name that nobody has used on this server.
func (s *Storage) name() string { return fmt.Sprintf("leads-%d", s.names.Add(1)) }

// Queue makes a queue.
func (s *Storage) Queue(t testing.TB) string {
	t.Helper()
	name := s.name()
	if _, err := s.Account.Queue(name).Create(Context(t), nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// Container makes a container.
func (s *Storage) Container(t testing.TB) string {
	t.Helper()
	name := s.name()
	if _, err := s.Account.Container(name).Create(Context(t), nil); err != nil {
		t.Fatal(err)
	}
	return name
}

// Sign is SignQueue or SignContainer of [Storage].Signer.
type Sign func(name, permissions string, from, until time.Time) config.Secret

// Hour signs for the hour around now.
func (sign Sign) Hour(name, permissions string) config.Secret {
	return sign(name, permissions, time.Now().Add(-30*time.Minute), time.Now().Add(30*time.Minute))
}

// Hopeless are addresses whose URL alone tells that they cannot work now, whatever the storage says.
func (sign Sign) Hopeless(name, permissions string) map[string]config.Secret {
	now := time.Now()
	return map[string]config.Secret{
		"expired":                 sign(name, permissions, now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"not yet valid":           sign(name, permissions, now.Add(time.Hour), now.Add(2*time.Hour)),
		"without its permissions": sign(name, "x", now.Add(-time.Hour), now.Add(time.Hour)),
		"cut off":                 sign.Hour(name, permissions)[:60],
		"no URL":                  "leads",
	}
}

// Refused are addresses that only the storage knows to be wrong.
func (sign Sign) Refused(name, permissions string) map[string]config.Secret {
	other := sign.Hour(name+"-other", permissions).Reveal()
	path, _, _ := strings.Cut(sign.Hour(name, permissions).Reveal(), "?")
	_, query, _ := strings.Cut(other, "?")
	return map[string]config.Secret{
		"nothing there":      config.Secret(other),
		"signed for another": config.Secret(path + "?" + query),
	}
}
