package play

import (
	"net/http"
	"time"
)

// Schedule is how a partner tries: data, so that a test can hold it against the document.
type Schedule struct {
	Waits    []time.Duration  // before each retry, from the end of the failed try; none means a single try
	Timeout  time.Duration    // of one try
	Together int              // tries at the same time
	Window   time.Duration    // no retry starts later than this after the first try; 0 is no limit
	Accepts  func(int) bool   // which status counts as received
	Off      func(Trial) bool // whether the partner switches the webhook off after this failed try; nil never
	Source   string           // where it is written
	Assumed  string           // what is not written anywhere and was decided here

	GaveUp    string // what the partner does with a notification that ran out of tries
	SwitchOff string // what it means that the webhook is switched off
}

// Trial is a failed try as a schedule judges it. Times are the partner's: --fast does not change them.
type Trial struct {
	Last    bool          // no try of this notification is left
	Failing time.Duration // since the first failure after the last success
}

// Tries is how often a notification is sent at most.
func (s Schedule) Tries() int { return len(s.Waits) + 1 }

const day = 24 * time.Hour

func success(status int) bool { return status >= 200 && status <= 299 }

// crfSchedule: the document names no retry. "PUSH … a single lead at a time".
func crfSchedule() Schedule {
	return Schedule{
		Timeout: 30 * time.Second, Together: 1, Accepts: success,
		Source:  `seeds/001, "Webhook Integration" and "Submitting a Test Lead"`,
		Assumed: "one try (the document names no retry), 2xx as success, 30 s for an answer",
		GaveUp:  `CRF Connect's document names no retry: send such a lead again by its id, with "Send Lead" in the partner portal (here: leadctl resend crf --id …)`,
	}
}

// credzuSchedule: attempts at once, then after 5, 20 and 60 seconds; nothing but 200 counts.
func credzuSchedule() Schedule {
	return Schedule{
		Waits:   []time.Duration{5 * time.Second, 20 * time.Second, 60 * time.Second},
		Timeout: 30 * time.Second, Together: 8, Accepts: func(status int) bool { return status == http.StatusOK },
		Source:  `seeds/000, "Retry Logic"`,
		Assumed: "30 s for an answer, eight tries at a time, each delay from the failure before it",
		GaveUp:  "Credzu would mark these webhooks failed and tell its support; fetch what was missed with Get Events",
	}
}

// cr3dentialsSchedule: one try and five retries, then the webhook is inactive.
func cr3dentialsSchedule() Schedule {
	return Schedule{
		Waits:   []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second},
		Timeout: 10 * time.Second, Together: 8, Accepts: success,
		Off:    func(t Trial) bool { return t.Last },
		Source: `seeds/004, "Response Requirements" and "Error Handling and Retries"`,
		Assumed: `"5 failed attempts" are the five retries, eight tries at a time, and an inactive webhook sends nothing more, ` +
			"retries included",
		GaveUp:    "Cr3dentials would give these up",
		SwitchOff: "Cr3dentials would set the webhook inactive and send nothing more: re-activate it in the Partner Portal",
	}
}

// referralSchedule: at most five retries in seven days, one attempt at a time; off after five days of failures. The
// delays are those that Svix itself publishes (docs.svix.com/retries), cut to five.
func referralSchedule() Schedule {
	return Schedule{
		Waits:   []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour},
		Timeout: 15 * time.Second, Together: 1, Window: 7 * day, Accepts: success,
		Off:       func(t Trial) bool { return t.Failing >= 5*day },
		Source:    `seeds/003, "Retry Policy"`,
		Assumed:   "the delays 5 s, 5 min, 30 min, 2 h, 5 h (Svix's own first five; the document says only exponential) and 15 s for an answer",
		GaveUp:    "Svix would mark these messages failed, and disable the endpoint after five days of nothing but failures",
		SwitchOff: "Svix would disable the endpoint and send an EndpointDisabledEvent: enable it in the partner's portal",
	}
}
