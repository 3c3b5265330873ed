//go:build !race

package ledger_test

import (
	"testing"

	"leadrelay/internal/ledger"
)

// TestMessagesAreWrittenAndReadWithFewAllocations bounds what every accepted lead and every delivery pays.
func TestMessagesAreWrittenAndReadWithFewAllocations(t *testing.T) {
	h := ledger.NewHash([]byte("a key of thirty-two bytes, for us"))
	env, event := sealed()
	var text []byte
	if n := testing.AllocsPerRun(100, func() { text, _ = ledger.Seal(h, env, event).Encode() }); n > 12 {
		t.Errorf("sealing and encoding a lead makes %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ledger.ParseMessage(text) }); n > 20 {
		t.Errorf("reading its message makes %v allocations", n)
	}
}
