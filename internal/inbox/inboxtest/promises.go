package inboxtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/inbox"
	"leadrelay/internal/lead"
)

func empty(t *testing.T, s *suite) { none(t, s.open(t), "at first") }

func bodies(t *testing.T, s *suite) {
	in, texts := s.open(t), map[string]string{text(1): text(1)}
	for text, body := range s.Texts {
		texts[text] = body
	}
	started := time.Now()
	for text, body := range texts {
		s.Put(t, text)
		m := one(t, in, long)
		if string(m.Body) != body {
			t.Errorf("%q is received as %q, want %q", text, m.Body, body)
		}
		if m.ID == "" || m.Lease == "" || m.Tries != 1 {
			t.Errorf("%q: ID %q, lease %q, tries %d", text, m.ID, m.Lease, m.Tries)
		}
		if m.Inserted.Before(started.Add(-time.Minute)) || m.Inserted.After(time.Now().Add(time.Minute)) {
			t.Errorf("%q was inserted %s", text, m.Inserted)
		}
	}
}

func leased(t *testing.T, s *suite) {
	s.Put(t, text(1))
	one(t, s.open(t), long)
	none(t, s.open(t), "leased by another")
}

func maximum(t *testing.T, s *suite) {
	s.Put(t, text(1), text(2), text(3), text(4), text(5))
	in, found := s.open(t), map[string]bool{}
	if n := len(receive(t, in, 0, long)); n != 0 {
		t.Errorf("%d leased, none were asked for", n)
	}
	for ctx := within(t); len(found) < 5 && ctx.Err() == nil; {
		got := receive(t, in, 2, long)
		if len(got) > 2 {
			t.Errorf("%d leased, at most 2 were asked for", len(got))
		}
		for _, m := range got {
			found[string(m.Body)] = true
		}
	}
	if len(found) != 5 {
		t.Errorf("%d of 5 were found", len(found))
	}
	s.Put(t, text(6))
	if got := receive(t, in, 1000, long); len(got) != 1 {
		t.Errorf("%d leased where more than 32 were asked for, want the 1 that is there", len(got))
	}
}

func acked(t *testing.T, s *suite) {
	in := s.open(t)
	s.Put(t, text(1))
	m := one(t, in, short)
	if err := in.Ack(within(t), m); err != nil {
		t.Fatal(err)
	}
	time.Sleep(short + short/2) // its lease would have ended
	none(t, in, "acked")
}

func released(t *testing.T, s *suite) {
	in := s.open(t)
	s.Put(t, text(1))
	m := one(t, in, short)
	for try := 1; try <= 3; try++ {
		if m.Tries != try || string(m.Body) != text(1) {
			t.Errorf("try %d is counted as %d, body %q", try, m.Tries, m.Body)
		}
		if err := in.Release(within(t), m, 0); err != nil {
			t.Fatal(err)
		}
		m = one(t, in, short)
	}
}

func releasedLater(t *testing.T, s *suite) {
	if s.NoRenew {
		return // the lease's own end is all there is
	}
	in := s.open(t)
	s.Put(t, text(1))
	if err := in.Release(within(t), one(t, in, short), long); err != nil {
		t.Fatal(err)
	}
	time.Sleep(short + short/2) // its lease would have ended
	none(t, in, "released for later")
	s.Put(t, text(2))
	if err := in.Release(within(t), one(t, in, long), short); err != nil {
		t.Fatal(err)
	}
	if m := one(t, in, long); string(m.Body) != text(2) {
		t.Errorf("%q came back", m.Body)
	}
}

func lapsed(t *testing.T, s *suite) {
	in := s.open(t)
	s.Put(t, text(1))
	first := one(t, in, short)
	again := one(t, in, long)
	if again.ID != first.ID || string(again.Body) != text(1) || again.Tries != 2 {
		t.Errorf("came back as %s, try %d, %q", again.ID, again.Tries, again.Body)
	}
}

func extended(t *testing.T, s *suite) {
	in := s.open(t)
	s.Put(t, text(1))
	m := one(t, in, short)
	renewed, err := in.Extend(within(t), m, long)
	if s.NoRenew {
		s.want(t, "extend", err, lead.Address)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if renewed.ID != m.ID || string(renewed.Body) != text(1) || renewed.Tries != m.Tries {
		t.Errorf("renewed as %+v", renewed)
	}
	time.Sleep(short + short/2) // its first lease would have ended
	none(t, in, "extended")
	if err := in.Ack(within(t), renewed); err != nil {
		t.Errorf("ack with the renewed lease: %v", err)
	}
}

func buried(t *testing.T, s *suite) {
	in := s.open(t)
	body := "  {\"not\": \"JSON\",}\r\n"
	s.Put(t, body)
	m := one(t, in, short)
	if err := in.Bury(within(t), m, "not a lead"); err != nil {
		t.Fatal(err)
	}
	kept := s.Buried(t)
	if len(kept) != 1 || string(kept[0].Body) != body || kept[0].Reason != "not a lead" {
		t.Errorf("kept %q", kept)
	}
	time.Sleep(short + short/2) // its lease would have ended
	none(t, in, "buried")
}

func lost(t *testing.T, s *suite) {
	in := s.open(t)
	s.Put(t, text(1))
	old := one(t, in, short)
	current := one(t, in, long) // the lease has ended and somebody else has it
	ctx := within(t)
	calls := map[string]func() error{
		"ack":  func() error { return in.Ack(ctx, old) },
		"bury": func() error { return in.Bury(ctx, old, "reason") },
	}
	if !s.NoRenew {
		calls["release"] = func() error { return in.Release(ctx, old, 0) }
		calls["extend"] = func() error { _, err := in.Extend(ctx, old, long); return err }
	}
	for what, call := range calls {
		err := call()
		s.want(t, what, err, lead.Internal)
		if !errors.Is(err, inbox.ErrLeaseLost) {
			t.Errorf("%s: %v is not ErrLeaseLost", what, err)
		}
	}
	none(t, in, "after calls with a lost lease")
	if err := in.Ack(ctx, current); err != nil {
		t.Errorf("ack with the current lease: %v", err)
	}
	if err := in.Ack(ctx, current); !errors.Is(err, inbox.ErrLeaseLost) {
		t.Errorf("ack of what is settled: %v is not ErrLeaseLost", err)
	}
}

func many(t *testing.T, s *suite) {
	const count = 40
	var texts []string
	for n := range count {
		texts = append(texts, text(n))
	}
	s.Put(t, texts...)
	in, ctx := s.open(t), within(t)
	var mu sync.Mutex
	var all sync.WaitGroup
	found := map[string]int{}
	for range 8 {
		all.Go(func() {
			for {
				got, err := in.Receive(ctx, 3, long)
				if err != nil || len(got) == 0 {
					if err != nil {
						t.Errorf("receive: %v", err)
					}
					return
				}
				for _, m := range got {
					mu.Lock()
					found[string(m.Body)]++
					mu.Unlock()
					if err := in.Ack(ctx, m); err != nil {
						t.Errorf("ack: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	for _, text := range texts {
		if found[text] != 1 {
			t.Errorf("%s was received %d times", text, found[text])
		}
	}
}

func counted(t *testing.T, s *suite) {
	in, able := s.open(t).(inbox.Counted)
	if !able {
		return
	}
	s.Put(t, text(1), text(2), text(3))
	m := one(t, in.(inbox.Inbox), long)
	if n, err := in.Count(within(t)); s.NoCount {
		s.want(t, "count", err, lead.Address)
	} else if n != 3 || err != nil {
		t.Errorf("counted %d, %v; want 3", n, err)
	}
	if err := in.(inbox.Inbox).Ack(within(t), m); err != nil {
		t.Fatal(err)
	}
	if n, _ := in.Count(within(t)); n != 2 && !s.NoCount {
		t.Errorf("counted %d after one was acked, want 2", n)
	}
}

func canceled(t *testing.T, s *suite) {
	s.Put(t, text(1))
	in := s.open(t)
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	_, err := in.Receive(ctx, 1, long)
	s.want(t, "receive", err, lead.Unavailable)
	m := one(t, in, long)
	s.want(t, "ack", in.Ack(ctx, m), lead.Unavailable)
	if err := in.Ack(within(t), m); err != nil {
		t.Errorf("ack after a canceled one: %v", err)
	}
}
