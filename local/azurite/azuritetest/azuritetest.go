// Package azuritetest gives a test an Azurite of its own.
package azuritetest

import (
	"context"
	"testing"

	"leadrelay/local/azurite"
)

// Start runs an Azurite in memory on free ports until the test ends. Without Azurite the test fails: it never skips.
func Start(t testing.TB) *azurite.Server {
	t.Helper()
	s, err := azurite.Start(context.Background(), azurite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("stop azurite: %v", err)
		}
	})
	return s
}
