package console_test

import (
	"fmt"
	"testing"
	"time"

	"leadrelay/internal/console"
	"leadrelay/internal/registry"
)

// TestShadowAnswersForThePastAndForWhatComes asks what a destination would have got, before and after it is registered.
func TestShadowAnswersForThePastAndForWhatComes(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		w.accept("crf", lead(t, uuid(n), map[string]any{"requestedAmount": 10_000 * (n + 1)}))
	}
	shade := func(s *registry.Spec) { s.State, s.Filter = registry.Shadow, "lead.amount >= 20000" }
	w.lender("shade", "queue", shade)
	w.pass(time.Minute)
	w.accept("crf", lead(t, uuid(3), map[string]any{"requestedAmount": 50_000}))
	page, err := w.desk.Shadow(w.ctx, "shade", w.clock().AddDate(0, 0, -7), 3, "")
	if err != nil || len(page.Events) != 3 || page.Next == "" {
		t.Fatalf("%+v, %v", page, err)
	}
	rest, err := w.desk.Shadow(w.ctx, "shade", w.clock().AddDate(0, 0, -7), 3, page.Next)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, j := range append(page.Events, rest.Events...) {
		got += fmt.Sprint(j.Lead[len(j.Lead)-1:], j.Gets, j.Then, j.Unknown, " ")
		if !j.Gets && j.Why == "" {
			t.Errorf("nothing says why %s is not for it", j.Lead)
		}
	}
	if want := "3trueshadowedfalse 2truefalse 1truefalse 0falsefalse "; got != want {
		t.Errorf("judged %s, want %s", got, want)
	}
	if n := len(w.list(console.Filter{Destination: "shade", State: "shadowed"})); n != 1 || w.got("shade") != 0 {
		t.Errorf("%d are listed as shadowed, %d were sent", n, w.got("shade"))
	}
	if n := w.balanced(); n != 4 {
		t.Errorf("the books have %d receipts", n)
	}
}

func TestShadowOfAPageCostsABoundedNumberOfRequests(t *testing.T) {
	w := newWorld(t)
	w.lender("shade", "queue", func(s *registry.Spec) { s.State = registry.Shadow })
	for n := range 30 {
		w.accept("crf", lead(t, uuid(n), nil))
	}
	w.sim.Forget()
	page, err := w.desk.Shadow(w.ctx, "shade", time.Time{}, 20, "")
	if n := w.sim.Count(); err != nil || len(page.Events) != 20 || n > 12+20*5 {
		t.Errorf("%d events cost %d requests: %v", len(page.Events), n, err)
	}
}
