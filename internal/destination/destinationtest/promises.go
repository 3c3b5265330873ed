package destinationtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"leadrelay/internal/lead"
)

func delivered(t *testing.T, s *suite) {
	d := s.open(t)
	for n, body := range []string{
		`{"requestedAmount":25000.00,"n":12345678901234567890.10,"lastName":"Björk 🏦 \u0000 & <Sons>"}`,
		" {\r\n\t\"spaces\": [ 1 , 2 ]\r\n} \n",
		`[]`,
	} {
		one := delivery(n)
		one.Body = []byte(body)
		receipt, err := d.Deliver(within(t), one)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if receipt.Assumed {
			t.Errorf("%q was assumed though nothing was there", body)
		}
		if s.bodies(t)[body] != 1 {
			t.Errorf("%q is not found byte for byte", body)
		}
	}
	if n := len(s.Stored(t)); n != 3 {
		t.Errorf("%d are stored, want 3", n)
	}
}

func fiftyAtOnce(t *testing.T, s *suite) {
	d, ctx := s.open(t), within(t)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			if _, err := d.Deliver(ctx, delivery(n)); err != nil {
				t.Errorf("delivery %d: %v", n, err)
			}
		})
	}
	all.Wait()
	found := s.bodies(t)
	for n := range 50 {
		if found[string(delivery(n).Body)] != 1 {
			t.Errorf("delivery %d is found %d times", n, found[string(delivery(n).Body)])
		}
	}
}

// atLeastOnce checks that a delivery which was sent more than once is there, and once only where the driver says so.
func (s *suite) atLeastOnce(t *testing.T, body []byte, most int) {
	t.Helper()
	found := s.bodies(t)
	if n := found[string(body)]; n < 1 || n > most || s.Once && n != 1 || len(found) != 1 {
		t.Errorf("the delivery is found %d times among %d different ones", n, len(found))
	}
}

func twice(t *testing.T, s *suite) {
	d, one := s.open(t), delivery(1)
	if _, err := d.Deliver(within(t), one); err != nil {
		t.Fatal(err)
	}
	one.Repeat = true
	receipt, err := d.Deliver(within(t), one)
	if err != nil {
		t.Fatalf("the second time: %v", err)
	}
	if receipt.Assumed != s.Once {
		t.Errorf("Assumed is %t the second time, want %t", receipt.Assumed, s.Once)
	}
	s.atLeastOnce(t, one.Body, 2)
	update := delivery(2)
	update.LeadID = one.LeadID
	if receipt, err := d.Deliver(within(t), update); err != nil || receipt.Assumed {
		t.Errorf("another event of the same lead is taken for the same: %+v, %v", receipt, err)
	}
	if s.bodies(t)[string(update.Body)] != 1 {
		t.Error("another event of the same lead is not found")
	}
}

func neverExpires(t *testing.T, s *suite) {
	if _, err := s.open(t).Deliver(within(t), delivery(1)); err != nil {
		t.Fatal(err)
	}
	for _, stored := range s.Stored(t) {
		if at := stored.Expires; !at.IsZero() && at.Before(time.Now().AddDate(100, 0, 0)) {
			t.Errorf("what was delivered expires on %s", at)
		}
	}
}

func canceled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	_, err := s.open(t).Deliver(ctx, delivery(1))
	s.want(t, "canceled", err, lead.Unavailable)
	s.empty(t, "canceled")
}

func tooLarge(t *testing.T, s *suite) {
	if s.TooLarge == 0 {
		return // there is no bound
	}
	d, one := s.open(t), delivery(1)
	body := make([]byte, s.TooLarge)
	for i := range body {
		body[i] = 'x'
	}
	one.Body = body
	_, err := d.Deliver(within(t), one)
	s.want(t, "too large", err, lead.TooLarge)
	s.empty(t, "too large")
	one.Body = body[1:]
	if _, err := d.Deliver(within(t), one); err != nil {
		t.Errorf("one byte less: %v", err)
	}
	s.atLeastOnce(t, one.Body, 1)
}

func hopeless(t *testing.T, s *suite) {
	if s.Fail == nil {
		s.through(never{t})
	}
	for what, address := range s.Hopeless {
		s.wrong(t, what, func() { s.Options.Address = address })
	}
}

func refused(t *testing.T, s *suite) {
	for what, address := range s.Refused {
		s.wrong(t, what, func() { s.Options.Address = address })
	}
}

// wrong opens and delivers with a wrong address: one of the two must tell.
func (s *suite) wrong(t *testing.T, what string, change func()) {
	t.Helper()
	change()
	d, err := s.Open(s.Options)
	if err == nil {
		_, err = d.Deliver(within(t), delivery(1))
	}
	s.want(t, what, err, lead.Address)
	s.empty(t, what)
}
