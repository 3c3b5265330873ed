package drain_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/crm"
	"leadrelay/internal/drain"
	"leadrelay/internal/lead"
)

// settlement is what becomes of one message.
type settlement struct {
	body   []byte
	err    error // the CRM's answer
	tries  int   // failed ones before
	report drain.Report
	left   int           // messages in the inbox after the run
	unseen time.Duration // for how long
	buried string        // part of the reason
	runErr string        // part of the run's error
}

func TestSettlements(t *testing.T) {
	old := func(age time.Duration) []byte {
		return enveloped(activityNote("x", "signed"), time.Now().Add(-age), "R")
	}
	envelope := func(e lead.Envelope) []byte {
		e.ID, e.Time = "R", time.Now()
		return e.AppendJSON(nil)
	}
	cases := map[string]func() settlement{
		"BareLeadIsCreated": func() settlement {
			return settlement{body: leadNote("a", "new"), report: drain.Report{Created: 1}}
		},
		"EnvelopedLeadIsCreated": func() settlement {
			return settlement{body: enveloped(leadNote("a", "new"), time.Now(), "R"), report: drain.Report{Created: 1}}
		},
		"TestEventIsTakenOutUnapplied": func() settlement {
			return settlement{body: envelope(lead.Envelope{Partner: "acme", Type: "t", Data: leadNote("a", "new"), Test: true}), report: drain.Report{Tests: 1}}
		},
		"NoticeIsTakenOut": func() settlement {
			return settlement{body: encode(note{Notice: true}), report: drain.Report{Unchanged: 1}}
		},
		"InvalidIsBuriedWithTheRule": func() settlement {
			return settlement{body: encode(note{Email: email}), report: drain.Report{Buried: 1}, buried: "id required"}
		},
		"NoJSONIsBuried": func() settlement {
			return settlement{body: []byte("not " + email), report: drain.Report{Buried: 1}, buried: "not JSON"}
		},
		"DuplicateKeysAreBuried": func() settlement {
			return settlement{body: []byte(`{"id":"a","id":"b"}`), report: drain.Report{Buried: 1}, buried: "duplicate key"}
		},
		"EnvelopeAroundBytesIsBuried": func() settlement {
			return settlement{body: envelope(lead.Envelope{Partner: "acme", Data: []byte{0xFF}, Binary: true}), report: drain.Report{Buried: 1}, buried: "not JSON"}
		},
		"PanickingDecoderBuries": func() settlement {
			return settlement{body: encode(note{ID: "a", Email: email, Panic: true}), report: drain.Report{Buried: 1}, buried: "panicked"}
		},
		"UnknownPartnerWaits": func() settlement {
			return settlement{body: envelope(lead.Envelope{Partner: "nobody", Data: leadNote("a", "new")}), report: drain.Report{Released: 1}, left: 1,
				unseen: time.Hour, runErr: `partner "nobody" is not configured`}
		},
		"RefusedIsBuriedWithTheReason": func() settlement {
			return settlement{body: leadNote("a", "new"), err: lead.Errorf(lead.Refused, "column x"), report: drain.Report{Buried: 1}, buried: "column x"}
		},
		"UnavailableIsReleased": func() settlement {
			return settlement{body: leadNote("a", "new"), err: lead.Errorf(lead.Unavailable, "down"), report: drain.Report{Released: 1}, left: 1, unseen: 5 * time.Second}
		},
		"EveryTryWaitsLonger": func() settlement {
			return settlement{body: leadNote("a", "new"), err: lead.Errorf(lead.Internal, "?"), tries: 4, report: drain.Report{Released: 1}, left: 1, unseen: 80 * time.Second}
		},
		"NoTryWaitsLongerThanAnHour": func() settlement {
			return settlement{body: leadNote("a", "new"), err: lead.Errorf(lead.Unavailable, "down"), tries: 30, report: drain.Report{Released: 1}, left: 1, unseen: time.Hour}
		},
		"WhatTheCRMAsksForWins": func() settlement {
			return settlement{body: leadNote("a", "new"), err: &lead.Error{Kind: lead.Unavailable, RetryAfter: 90 * time.Second}, tries: 3,
				report: drain.Report{Released: 1}, left: 1, unseen: 90 * time.Second}
		},
		"ActivityWaitsForItsLead": func() settlement {
			return settlement{body: old(time.Hour), report: drain.Report{Released: 1}, left: 1, unseen: 5 * time.Second}
		},
		"ActivityWithoutLeadIsBuriedAfterAWeek": func() settlement {
			return settlement{body: old(7 * 24 * time.Hour), report: drain.Report{Buried: 1}, buried: "no lead"}
		},
		"BrokenWayStopsTheLane": func() settlement {
			return settlement{body: leadNote("a", "new"), err: lead.Errorf(lead.Address, "401"), report: drain.Report{Released: 1}, left: 1, runErr: "mended: address: 401"}
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { check(t, c()) }) })
	}
}

func check(t *testing.T, c settlement) {
	w := newWorld(t)
	w.inbox.put(c.body)
	w.crm.Fail = func(context.Context, crm.Change) error { return lead.Errorf(lead.Unavailable, "down") }
	for range c.tries {
		w.run()
		time.Sleep(w.inbox.unseen)
	}
	w.inbox.unseen = 0
	w.crm.Fail = func(context.Context, crm.Change) error { return c.err }
	report, err := w.drainer.Run(t.Context(), w.lane)
	c.report.Taken = 1
	w.wantReport(report, c.report)
	left, unseen := w.inbox.Len(), w.inbox.unseen
	if left != c.left || unseen != c.unseen {
		t.Errorf("want %d messages left, unseen for %s; got %d for %s", c.left, c.unseen, left, unseen)
	}
	if buried := w.inbox.reasons(); !strings.Contains(buried, c.buried) || (buried == "") != (c.buried == "") || strings.Contains(buried, email) {
		t.Errorf("want buried for %q, got %q", c.buried, buried)
	}
	if err == nil && c.runErr != "" || err != nil && (c.runErr == "" || !strings.Contains(err.Error(), c.runErr)) {
		t.Errorf("want the run's error %q, got %v", c.runErr, err)
	}
	if log := w.log.b.String(); strings.Contains(log, email) {
		t.Errorf("the log holds personal data: %s", log)
	}
	if n := len(w.log.lines("drained")); n != c.tries+1 {
		t.Errorf("want one line for each time the message was taken, got %d", n)
	}
	if n := len(w.log.lines("drain")); n != c.tries+1 {
		t.Errorf("want one line for each run, got %d", n)
	}
}

func TestBuryThatFailsGivesTheMessageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.inbox.put([]byte("nonsense"))
		w.inbox.fail = func(op string) error {
			if op == "bury" {
				return lead.Errorf(lead.Address, "403")
			}
			return nil
		}
		report, err := w.drainer.Run(t.Context(), w.lane)
		if err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("want the run to tell it, got %v", err)
		}
		w.wantReport(report, drain.Report{Taken: 1, Released: 1})
		if n, unseen := w.inbox.Len(), w.inbox.unseen; n != 1 || unseen != time.Hour {
			t.Errorf("want the message back in an hour, got %d messages in %s", n, unseen)
		}
	})
}
