package ledger_test

import (
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
)

// sealed is what Receive knows of a lead of 3 KB.
func sealed() (lead.Envelope, lead.Event) {
	body := []byte(`{"id":"4626a582-afb9-48bf-8d86-87e6fe91a842","text":"` + strings.Repeat("0123456789 ", 270) + `"}`)
	return lead.Envelope{ID: "01KAJ3D4T0XQ2Z8J5V9W7M6N1B", Partner: "crf", Time: time.Date(2026, 11, 21, 9, 0, 0, 123_000_000, time.UTC), Data: body},
		lead.Event{Type: "crf.lead", Versioned: true, Key: []string{"4626a582-afb9-48bf-8d86-87e6fe91a842", "content"},
			Lead: lead.Lead{ID: "4626a582-afb9-48bf-8d86-87e6fe91a842", SubmissionID: "7c0f0d0a-4b8e-4a55-9a0e-2f6a0b6b5c11"}}
}

func BenchmarkSealAndEncode(b *testing.B) {
	h := ledger.NewHash([]byte("a key of thirty-two bytes, for us"))
	env, event := sealed()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Seal(h, env, event).Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseMessage(b *testing.B) {
	env, event := sealed()
	text, err := ledger.Seal(ledger.NewHash([]byte("a key")), env, event).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.ParseMessage(text); err != nil {
			b.Fatal(err)
		}
	}
}
