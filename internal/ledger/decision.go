package ledger

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"leadrelay/internal/azure"
)

// Decision says why an event was not for a destination.
type Decision struct {
	Destination string `json:"destination"` // id
	Name        string `json:"name"`        // not kept with the event: whoever shows it knows what it is called now
	Why         string `json:"why"`
	Derived     bool   `json:"derived,omitempty"` // it is not kept with the event: it was found out afterwards, from settings that have not changed since
}

// The reasons why an event is not for a destination.
const (
	WhyPartner   = "not one of its partners"
	WhyType      = "not one of its event types"
	WhyUpdate    = "an update, and it wants initial leads only"
	WhyFilter    = "the filter says no"
	WhyApplicant = "the same applicant came under another lead id"
)

// letters stand for the reasons in a row.
func letters() [5]struct{ letter, why string } {
	return [...]struct{ letter, why string }{{"p", WhyPartner}, {"t", WhyType}, {"u", WhyUpdate}, {"f", WhyFilter}, {"a", WhyApplicant}}
}

// Passed is what an event's row says about the destinations that the event was not for.
type Passed struct {
	Count int        // how many there were
	At    time.Time  // when the settings had been read by which it was judged; zero in a row of an earlier version of the product
	Kept  []Decision // all, when they are few; else those that judging it again might not tell
}

// MostKept is how many decisions a row keeps.
const MostKept = 20

// String is how a row keeps it: the count, the time in milliseconds, then a letter and a destination's id for each decision;
// "2@1795251600000 p0123456789abcdef f123456789abcdef0". It is empty when the event was for all.
func (p Passed) String() string {
	if p.Count == 0 {
		return ""
	}
	b := strconv.AppendInt(nil, int64(p.Count), 10)
	b = strconv.AppendInt(append(b, '@'), p.At.UnixMilli(), 10)
	for _, d := range p.Kept[:min(len(p.Kept), MostKept)] {
		for _, l := range letters() {
			if l.why == d.Why {
				b = append(append(append(b, ' '), l.letter...), d.Destination...)
			}
		}
	}
	return string(b)
}

// parsePassed reads what String wrote; not ok is for anything else.
func parsePassed(text string) (p Passed, ok bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Passed{}, text == ""
	}
	count, at, _ := strings.Cut(words[0], "@")
	n, err := strconv.Atoi(count)
	ms, wrong := strconv.ParseInt(at, 10, 64)
	if err != nil || wrong != nil {
		return Passed{}, false
	}
	p = Passed{Count: n, At: time.UnixMilli(ms).UTC()}
	for _, w := range words[1:] {
		for _, l := range letters() {
			if id, is := strings.CutPrefix(w, l.letter); is {
				p.Kept = append(p.Kept, Decision{Destination: id, Why: l.why})
			}
		}
	}
	return p, true
}

// oldPassed reads what earlier versions of the product wrote: all decisions in full, as JSON.
func oldPassed(b []byte) Passed {
	var all []Decision
	if len(b) == 0 || json.Unmarshal(b, &all) != nil {
		return Passed{}
	}
	return Passed{Count: len(all), Kept: all}
}

func passedOf(r azure.Row) Passed {
	if p, ok := parsePassed(r.Text("Passed")); ok && p.Count > 0 {
		return p
	}
	return oldPassed(r.Bytes("Passed"))
}
