package ledger

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
)

func TestPassedIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 123e6, time.UTC)
	for text, want := range map[string]Passed{
		"":                  {},
		"971@1795251600123": {Count: 971, At: at},
		"5@1795251600123 p0123456789abcdef t1 u2 f3 a4": {Count: 5, At: at, Kept: []Decision{{Destination: "0123456789abcdef", Why: WhyPartner},
			{Destination: "1", Why: WhyType}, {Destination: "2", Why: WhyUpdate}, {Destination: "3", Why: WhyFilter}, {Destination: "4", Why: WhyApplicant}}},
	} {
		if got := want.String(); got != text {
			t.Errorf("%q is written, want %q", got, text)
		}
		if got := passedOf(read(t, azure.NewEntity("p", "e").Text("Passed", text))); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func TestPassedOfAnEarlierVersionIsRead(t *testing.T) {
	old := []byte(`[{"destination":"d1","name":"acme","why":"the filter says no"},{"destination":"","name":"","why":"and further destinations"}]`)
	p := passedOf(read(t, azure.NewEntity("p", "e").Bytes("Passed", old)))
	if p.Count != 2 || !p.At.IsZero() || p.Kept[0] != (Decision{Destination: "d1", Name: "acme", Why: WhyFilter}) {
		t.Errorf("%+v", p)
	}
	e := func() *azure.Entity { return azure.NewEntity("p", "e") }
	for _, broken := range []*azure.Entity{e(), e().Bytes("Passed", []byte("{")), e().Text("Passed", "x@y"), e().Text("Passed", "1"), e().Text("Passed", "@"), e().Int("Passed", 1)} {
		if p := passedOf(read(t, broken)); p.Count != 0 || p.Kept != nil {
			t.Errorf("%s is read as %+v", broken.JSON(), p)
		}
	}
}

// read is a row as it is read after it was written.
func read(t *testing.T, e *azure.Entity) azure.Row {
	t.Helper()
	r, err := azure.ParseRow(e.JSON())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPassedNeverTakesMuchRoom(t *testing.T) {
	p := Passed{Count: 100_000, At: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	for i := range p.Count {
		p.Kept = append(p.Kept, Decision{Destination: fmt.Sprintf("%016x", i), Why: WhyApplicant})
	}
	if text := p.String(); len(text) > 400 || strings.Count(text, " a") != MostKept {
		t.Errorf("%d bytes: %.100s", len(text), text)
	}
}
