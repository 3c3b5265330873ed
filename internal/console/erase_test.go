package console_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"leadrelay/internal/crm"
	vocabulary "leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/registry"
)

// TestErasedLeadIsGoneFromAllThatWeKeepAndListedWhereItWasSent searches the whole storage for what the person said.
func TestErasedLeadIsGoneFromAllThatWeKeepAndListedWhereItWasSent(t *testing.T) {
	w := newWorld(t)
	w.lender("acme", "queue")
	w.lender("careful", "blob", func(s *registry.Spec) { s.FraudLimit = 0.5 })
	zebra := map[string]any{"firstName": "Zebra", "fraudScore": 0.9}
	body := lead(t, uuid(1), zebra)
	first := w.accept("crf", body)
	w.accept("crf", body)
	big := lead(t, uuid(1), map[string]any{"firstName": "Zebra", "padding": strings.Repeat("Zebra ", 20_000), "fraudScore": 0.9})
	w.accept("crf", big)
	status, _ := w.post("crf", lead(t, uuid(1), map[string]any{"firstName": "Zebra", "fraudScore": 7}))
	w.handle()
	other := w.accept("crf", lead(t, uuid(2), map[string]any{"firstName": "Okapi"}))
	w.bury(body)
	w.bury(lead(t, uuid(2), nil))
	w.drained(uuid(1), body)
	if status != http.StatusUnprocessableEntity || len(w.where("Zebra")) < 5 {
		t.Fatalf("it lies in %v", w.where("Zebra"))
	}
	e, err := w.desk.Erase(w.ctx, "crf", uuid(1), who())
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Events) != 3 || len(e.Rejected) != 1 || !e.Table || len(e.Poison) != 1 {
		t.Errorf("erased %+v", e)
	}
	if len(e.Copies) != 2 || e.Copies[0].Destination != "acme" || e.Copies[0].Lender != "Acme" || e.Copies[0].FarID == "" || !strings.Contains(e.Copies[0].Place, "lender-acme") {
		t.Errorf("the copies are %+v", e.Copies)
	}
	for _, word := range []string{"Zebra", uuid(1)} {
		for _, place := range w.where(word) {
			if !strings.Contains(place, "lender-") {
				t.Errorf("%s still holds %q", place, word)
			}
		}
	}
	shown := w.show(first)
	if !shown.Erased || shown.ErasedAt.IsZero() || len(shown.Deeds) != 1 || shown.Deeds[0].What != ledger.DeedErased {
		t.Errorf("it shows %+v", shown)
	}
	if again := w.accept("crf", body); w.show(again).DuplicateOf == "" {
		t.Error("the erased event is not known any more")
	}
	if w.show(other).Erased || !strings.Contains(string(w.reveal(other)), "Okapi") {
		t.Error("another lead was erased too")
	}
	if e, err = w.desk.Erase(w.ctx, "crf", uuid(1), who()); err != nil || e.Before < 2 || len(e.Copies) != 2 {
		t.Errorf("erased again: %+v %v", e, err)
	}
	w.balanced()
	w.quiet("Zebra")
}

func TestDeliveryOfAnErasedEventEndsAsDead(t *testing.T) {
	w := newWorld(t)
	w.lender("careful", "queue", func(s *registry.Spec) { s.FraudLimit = 0.5 })
	receipt := w.accept("crf", lead(t, uuid(1), map[string]any{"fraudScore": 0.9}))
	if _, err := w.desk.Erase(w.ctx, "crf", uuid(1), who()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Release(w.ctx, receipt, "", who()); err != nil {
		t.Fatal(err)
	}
	w.handle()
	if d := w.delivery(receipt, "careful"); d.State != "dead" || !strings.Contains(d.Reason, "erased") || w.got("careful") != 0 {
		t.Errorf("it is %+v", d)
	}
}

func (w *world) reveal(receipt string) []byte {
	w.Helper()
	e, err := w.desk.Show(w.ctx, receipt, true, who())
	if err != nil {
		w.Fatal(err)
	}
	return e.Payload
}

func (w *world) bury(body []byte) {
	w.Helper()
	if err := w.desk.Poison.Keep(w.ctx, ledger.Buried{Lane: "a", ID: fmt.Sprint(len(body)), Inserted: w.clock(), Reason: "a test", Body: body}); err != nil {
		w.Fatal(err)
	}
}

// drained puts a lead into the leads table, as a drain does.
func (w *world) drained(id string, body []byte) {
	w.Helper()
	e, err := w.desk.Partners["crf"].Decode(partner.Request{}, body)
	if err != nil {
		w.Fatal(err)
	}
	change := crm.Change{Event: e, Payload: body, Version: vocabulary.Version{Time: w.clock(), Receipt: "R"}}
	for _, o := range w.desk.Leads.(crm.CRM).Upsert(w.ctx, []crm.Change{change}) {
		if o.Err != nil {
			w.Fatal(o.Err)
		}
	}
}

// where names every row, blob and message that holds a word, in base64 too.
func (w *world) where(word string) []string {
	w.Helper()
	var out []string
	all := w.sim.Storage("")
	look := func(place string, v any) {
		if holds(v, word) {
			out = append(out, place)
		}
	}
	for _, name := range all.Tables() {
		for _, r := range all.Table(name).Rows() {
			look("table "+name+" "+r.PartitionKey+" "+r.RowKey, r.PartitionKey+r.RowKey)
			for column, v := range r.Properties {
				look("table "+name+" "+r.RowKey+" "+column, v)
			}
		}
	}
	for _, name := range all.Containers() {
		for _, b := range all.Container(name).Blobs() {
			look("container "+name+" "+b.Name, b.Data)
			look("container "+name+" "+b.Name, b.Name)
			var kept ledger.Buried
			if json.Unmarshal(b.Data, &kept) == nil {
				look("container "+name+" "+b.Name, kept.Body)
			}
		}
	}
	for _, name := range all.Queues() {
		for _, m := range all.Queue(name).Messages() {
			look("queue "+name, m.Text)
		}
	}
	return out
}

func holds(v any, word string) bool {
	text := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		text = string(b)
	}
	plain, _ := base64.StdEncoding.DecodeString(text) // what is none is empty
	return strings.Contains(text, word) || bytes.Contains(plain, []byte(word))
}
