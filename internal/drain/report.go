package drain

import (
	"log/slog"
	"time"
)

// Report counts what a run did. Taken is the sum of the counts from Created to Unknown.
type Report struct {
	Taken     int           `json:"taken"` // messages leased
	Created   int           `json:"created"`
	Updated   int           `json:"updated"`
	Unchanged int           `json:"unchanged"`
	Stale     int           `json:"stale"`    // something newer was there before, or came with it
	Released  int           `json:"released"` // given back, to be tried later
	Buried    int           `json:"buried"`
	Tests     int           `json:"tests"`     // marked test events: taken out, not applied
	Unknown   int           `json:"unknown"`   // the lease was lost or the settlement failed: somebody has it, or it comes back
	Left      int           `json:"left"`      // messages in the inbox afterwards, those that were put off included; LeftUnknown
	OldestAge time.Duration `json:"oldestAge"` // of the messages taken, in nanoseconds
	Elapsed   time.Duration `json:"elapsed"`   // in nanoseconds
}

// LeftUnknown is Left where the inbox does not tell.
const LeftUnknown = -1

// LogValue tells durations in milliseconds.
func (r Report) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("taken", r.Taken), slog.Int("created", r.Created), slog.Int("updated", r.Updated), slog.Int("unchanged", r.Unchanged),
		slog.Int("stale", r.Stale), slog.Int("released", r.Released), slog.Int("buried", r.Buried), slog.Int("tests", r.Tests),
		slog.Int("unknown", r.Unknown), slog.Int("left", r.Left), slog.Int64("oldest_ms", r.OldestAge.Milliseconds()), slog.Int64("ms", r.Elapsed.Milliseconds()),
	)
}

// result is how a message ended, in the words of the log.
type result string

const (
	created    result = "created"
	updated    result = "updated"
	unchanged  result = "unchanged"
	stale      result = "stale"
	superseded result = "superseded" // by a newer version in the same batch
	released   result = "released"
	buried     result = "buried"
	test       result = "test"
	unknown    result = "unknown"
)

func (r *Report) add(what result) {
	switch what {
	case created:
		r.Created++
	case updated:
		r.Updated++
	case unchanged:
		r.Unchanged++
	case stale, superseded:
		r.Stale++
	case released:
		r.Released++
	case buried:
		r.Buried++
	case test:
		r.Tests++
	case unknown:
		r.Unknown++
	}
}
