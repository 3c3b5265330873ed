package load_test

import (
	"testing"
	"time"

	"leadrelay/local/bench/load"
	"leadrelay/local/bench/sink"
)

func crm(t testing.TB) *sink.Sink {
	t.Helper()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestLoadCountsWhatWasAnswered compares its count with the server's: they differ by what is in flight at most.
func TestLoadCountsWhatWasAnswered(t *testing.T) {
	s := crm(t)
	address := s.Address(sink.CRM)
	l, err := load.Start(t.Context(), load.Options{Address: address, Connections: 4, Status: 200,
		Request: load.Same(load.Post(address, "/crm", map[string]string{"X-Api-Key": "k"}, []byte(`{"a":1}`)))})
	if err != nil {
		t.Fatal(err)
	}
	for l.Now().Good < 100 {
		time.Sleep(time.Millisecond)
	}
	first := l.Now()
	if err := l.Stop(); err != nil {
		t.Fatal(err)
	}
	all, there := l.Now(), s.Counts()
	if all.Bad != 0 || all.Good != there.Requests["CallCRM"] || there.Bodies["CallCRM"] != 7*all.Good || there.Opened != 4 {
		t.Errorf("sent %d, %d of them bad; arrived %+v", all.Good, all.Bad, there)
	}
	later := all.Less(first)
	var times int64
	for _, n := range later.Times {
		times += n
	}
	if later.Good != all.Good-first.Good || times > all.Good || all.Times.Quantile(0.5) <= 0 || all.Times.Quantile(0.99) < all.Times.Quantile(0.5) {
		t.Errorf("%d of %d came later, %d of them timed", later.Good, all.Good, times)
	}
}

func TestLoadSaysWhatWentWrong(t *testing.T) {
	s := crm(t)
	s.SetCRM(500)
	address := s.Address(sink.CRM)
	l, err := load.Start(t.Context(), load.Options{Address: address, Connections: 1, Status: 200, Request: load.Same(load.Post(address, "/", nil, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for l.Now().Bad == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := l.Stop(); err == nil || l.Now().Good != 0 {
		t.Errorf("%v, %d good", err, l.Now().Good)
	}
	if status, body, err := load.Once(address, load.Post(address, "/", nil, nil)); status != 500 || body != "{}" || err != nil {
		t.Errorf("once: %d %q %v", status, body, err)
	}
}

func TestQuantilesAreKnownToOnePercent(t *testing.T) {
	var h load.Histogram
	for i := range 1000 {
		h.Add(time.Duration(i+1) * time.Microsecond)
	}
	for share, want := range map[float64]time.Duration{0.001: time.Microsecond, 0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond} {
		got := h.Times().Quantile(share)
		if got < want || float64(got) > 1.01*float64(want) {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
	if (load.Times{}).Quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
}
