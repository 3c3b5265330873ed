package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/ledger"
)

func TestBuriedIsListedReadAndDropped(t *testing.T) {
	ctx := azuretest.Context(t)
	names := ledger.Names{Prefix: fmt.Sprintf("poison%d", time.Now().UnixNano()%1e6)}
	p := &ledger.Poison{Container: storage.Account.Container(names.Poison())}
	for _, err := range p.List(ctx, "") {
		t.Errorf("before anything was buried: %v", err)
	}
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for _, b := range []ledger.Buried{
		{Lane: "crf", ID: "a/b?#%.json", Inserted: at.Add(time.Second), Reason: "second", Body: []byte("\x00\xff")},
		{Lane: "crf", ID: "1", Inserted: at, Reason: "first", Body: []byte("{}")},
		{Lane: "crf", ID: "1", Inserted: at, Reason: "first again", Body: []byte("{}")},
		{Lane: "crf", ID: "1", Inserted: at, Reason: "another body", Body: []byte("[]")},
		{Lane: "crfx", ID: "1", Inserted: at, Reason: "another lane", Body: []byte("{}")},
	} {
		if err := p.Keep(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	var found []ledger.BuriedName
	for n, err := range p.List(ctx, "crf") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, n)
	}
	if len(found) != 3 || found[0].Lane != "crf" {
		t.Fatalf("lane crf has %+v", found)
	}
	last := found[2].Name
	b, err := p.Read(ctx, last)
	if err != nil || b.Reason != "second" || string(b.Body) != "\x00\xff" || !b.Inserted.Equal(at.Add(time.Second)) {
		t.Errorf("read %+v, %v", b, err)
	}
	if err := p.Drop(ctx, last); err != nil {
		t.Error(err)
	}
	if _, err := p.Read(ctx, last); !errors.Is(err, ledger.ErrNotBuried) {
		t.Errorf("read after it was dropped: %v", err)
	}
	if err := p.Drop(ctx, last); !errors.Is(err, ledger.ErrNotBuried) {
		t.Errorf("dropped twice: %v", err)
	}
}

func TestSessionIsLinkedAndLinkedAnew(t *testing.T) {
	ctx := azuretest.Context(t)
	links := &ledger.Links{Table: storage.Account.Table(fmt.Sprintf("links%d", time.Now().UnixNano()%1e6)), Hash: ledger.NewHash(make([]byte, 32)).Of, Now: time.Now}
	if _, ok, err := links.Get(ctx, "cr3dentials", "s"); ok || err != nil {
		t.Errorf("without a table: %v, %v", ok, err)
	}
	for _, id := range []string{"one", "two"} {
		want := ledger.LeadRef{Partner: "crf", ID: id}
		if err := links.Set(ctx, "cr3dentials", "s/?#|", want); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := links.Get(ctx, "cr3dentials", "s/?#|"); got != want || !ok || err != nil {
			t.Errorf("got %v, %v, %v", got, ok, err)
		}
	}
	if _, ok, err := links.Get(ctx, "acme", "s/?#|"); ok || err != nil {
		t.Errorf("another partner's session: %v, %v", ok, err)
	}
}

func TestLeadIsNamedByPartnerAndID(t *testing.T) {
	for text, want := range map[string]ledger.LeadRef{"crf|4-2": {Partner: "crf", ID: "4-2"}, "credzu/x|y": {Partner: "credzu", ID: "x|y"}, " 4-2 ": {Partner: "crf", ID: "4-2"}} {
		if got, err := ledger.ParseLeadRef(text); got != want || err != nil {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "|", "crf|", "|x"} {
		if _, err := ledger.ParseLeadRef(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
