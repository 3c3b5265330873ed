package cost

import (
	"math"
	"strings"
	"testing"
	"time"
)

func prices(t *testing.T) Prices {
	t.Helper()
	p, err := ReadPrices()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLeadCostsOnePutAtTheDoorAndOneMoreForEachDestination fixes what cannot change; the rest of Deliver is in bare/scripts.
func TestLeadCostsOnePutAtTheDoorAndOneMoreForEachDestination(t *testing.T) {
	p := prices(t)
	for _, n := range []int{1, 2, 8} {
		l, err := CountLead(t.Context(), n, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(n, l.Operations, l.Own, l.StoredBytes, l.DayWrites)
		if r := l.Operations[Receive]; len(r) != 1 || r["queue PutMessage"] != 1 {
			t.Errorf("%d destinations: receive asked %v", n, r)
		}
		if h := l.Operations[Host]; h["queue GetMessages"] != 1 || h["queue DeleteMessage"] != 1 || h.total() != 2 {
			t.Errorf("%d destinations: the host asked %v", n, h)
		}
		if d := l.Operations[Deliver]; d["queue PutMessage"] != float64(n) {
			t.Errorf("%d destinations: deliver put %v messages", n, d["queue PutMessage"])
		}
		if d := l.Operations[Drain]; d["queue DeleteMessage"] != 1 || d["queue GetMessages"] > 2.0/batch {
			t.Errorf("%d destinations: drain asked %v for a message", n, d)
		}
		if _, err := p.Price(l); err != nil {
			t.Error(err)
		}
	}
}

func TestIdleMonthIsCounted(t *testing.T) {
	idle, err := prices(t).CountIdle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Log(idle)
	if idle.Dollars <= 0 || idle.Operations["queue GetMessages"] < 518_400 {
		t.Errorf("an idle month is counted as %+v", idle)
	}
}

func TestOperationWithoutAMeterIsAnError(t *testing.T) {
	if _, err := (Operations{"queue Unknown": 1}).Bill(); err == nil {
		t.Error("it costs nothing")
	}
}

func TestPriceIsTheSumOfItsParts(t *testing.T) {
	p := prices(t)
	p.Per10000 = map[Meter]float64{Table: 0.01, QueueClass1: 0.1, QueueClass2: 1}
	p.PerMillionExecutions, p.GBSecond, p.Memory, p.LeastExecution = 0.2, 0.00002, 0.5, 0.1
	l := Lead{Own: 8, DayWrites: 2, Durations: map[Phase]time.Duration{Receive: time.Millisecond, Deliver: 200 * time.Millisecond}, Operations: map[Phase]Operations{
		Receive: {"queue PutMessage": 1}, Host: {"queue GetMessages": 1}, Deliver: {"table InsertEntity": 2}, Drain: {"table Transaction": 1}}}
	d, err := p.Price(l)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]float64{"storage": {d.Storage, 10 + 100 + 2}, "executions": {d.Executions, 0.4}, "time": {d.GBSeconds, 0.15 * 1e6 * 0.00002}, "drain": {d.Drain, 1},
		"total": {d.Total, 112 + 0.4 + 3}} {
		if math.Abs(c[0]-c[1]) > 1e-9 {
			t.Errorf("%s: %v dollars, want %v", name, c[0], c[1])
		}
	}
	c := p.Ceiling(l)
	if c.Account != 2500 || c.Partition != 1000 || c.Leads != 1000 {
		t.Errorf("ceiling %+v", c)
	}
	if w := p.WayTo(7000, c, 100*time.Microsecond); w.Deployments != 10 || w.Instances != 10 {
		t.Errorf("7,000 leads/s take %+v", w)
	}
}

func TestReportShowsEveryLead(t *testing.T) {
	r, err := NewReport(t.Context(), map[int]time.Duration{1: 100 * time.Microsecond, 2: 120 * time.Microsecond, 8: 300 * time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	text := r.Markdown()
	t.Log("\n" + text)
	for _, want := range []string{"| 1 destination | 2 destinations | 8 destinations |", "**one deployment**", "100000 leads/s", "Idle, a month"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
