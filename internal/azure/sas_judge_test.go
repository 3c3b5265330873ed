package azure

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFindingsNameEveryLetterThatLacksAndEveryOneTooMany(t *testing.T) {
	texts := func(s SAS, p Purpose) (out []string) {
		for _, f := range s.Judge(p, now()) {
			out = append(out, f.Level.String()+": "+f.Text)
		}
		return out
	}
	for _, c := range []struct {
		kind    ServiceKind
		purpose Purpose
		sp      string
		want    []string
	}{
		{Queue, Deliver, "a", []string{"ok: grants what is needed: a"}},
		{Queue, Deliver, "raup", []string{"warning: grants more than is needed: rup"}},
		{Queue, Deliver, "r", []string{"fault: lacks the permission a", "warning: grants more than is needed: r"}},
		{Queue, Drain, "rup", []string{"ok: grants what is needed: rup"}},
		{Queue, Drain, "p", []string{"warning: lacks the permission u, to renew leases and to give messages back early", "warning: lacks the permission r, to count what waits", "ok: grants what is needed: p"}},
		{Queue, Drain, "a", []string{"fault: lacks the permission p", "warning: grants more than is needed: a"}},
		{Container, Deliver, "c", []string{"ok: grants what is needed: c"}},
		{Container, Deliver, "w", []string{"ok: grants what is needed: w"}},
		{Container, Deliver, "racwdl", []string{"warning: grants more than is needed: wradl"}},
		{Container, Deliver, "rl", []string{"fault: lacks the permission c or w", "warning: grants more than is needed: rl"}},
		{Container, Drain, "rdl", []string{"ok: grants what is needed: rdl"}},
		{Container, Drain, "r", []string{"fault: lacks the permission l", "fault: lacks the permission d"}},
	} {
		raw := strings.Replace(docQueue, "sp=a", "sp="+c.sp, 1)
		if c.kind == Container {
			raw = strings.Replace(docContainer, "sp=c", "sp="+c.sp, 1)
		}
		s, err := ParseSAS(raw, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		got := texts(s, c.purpose)
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s sp=%s: %q is not among %q", c.kind, c.sp, want, got)
			}
		}
		if broken := strings.Contains(strings.Join(got, "\n"), "fault:"); broken != (s.Usable(c.purpose, now()) != nil) {
			t.Errorf("%s sp=%s: Judge and Usable disagree", c.kind, c.sp)
		}
	}
}

func TestFindingsFollowTheClock(t *testing.T) {
	s, err := ParseSAS(docContainer, Container)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := s.Expires()
	for _, c := range []struct {
		at    time.Time
		level Level
		text  string
	}{
		{now(), OK, "is valid for 1137 days, until 2030-01-01T22:20:57Z"},
		{end.Add(-29 * 24 * time.Hour), Warning, "expires in 29 days, on 2030-01-01T22:20:57Z"},
		{end.Add(-30 * time.Hour), Warning, "expires in 1 day, on 2030-01-01T22:20:57Z"},
		{end.Add(-time.Second), Warning, "expires in less than a day, on 2030-01-01T22:20:57Z"},
		{end, Fault, "has expired on 2030-01-01T22:20:57Z"},
		{time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), Fault, "is not valid before 2021-09-17T14:20:57Z"},
	} {
		if found := s.Judge(Deliver, c.at); !slices.Contains(found, Finding{c.level, c.text}) {
			t.Errorf("%s: %v lacks %v %s", c.at, found, c.level, c.text)
		}
	}
}

func TestFindingsTellHowFarTheSASReaches(t *testing.T) {
	for raw, want := range map[string]Finding{
		docQueue:                    {Warning, "may be used over plain http too (it has no spr=https)"},
		docQueue + "&ss=bq&srt=sco": {Warning, "is an account SAS: it opens more than this queue"},
		docQueue + "&sip=1.2.3.4":   {Warning, "is bound to caller addresses (sip), and a function app's may change"},
		strings.Replace(docQueue, "mystorageaccount.queue.core.windows.net", "leads.example.org", 1):                             {Warning, "leads to a host that is not Azure Storage's own"},
		strings.Replace(docQueue, "https://mystorageaccount.queue.core.windows.net", "http://127.0.0.1:1/acc", 1):                {Warning, "is http, which works on this machine only"},
		strings.Replace(docQueue, "https://mystorageaccount.queue.core.windows.net", "http://127.0.0.1:1/acc", 1) + "&spr=https": {Fault, "is signed for https (spr=https) and written with http"},
		docQueue + "&si=policy": {OK, "grants what is needed: a"},
	} {
		s, err := ParseSAS(raw, Queue)
		if err != nil {
			t.Fatal(err)
		}
		if found := s.Judge(Deliver, now()); !slices.Contains(found, want) {
			t.Errorf("%v lacks %v", found, want)
		}
	}
}
