package hostjson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"leadrelay/internal/schedule"
)

// ParseRetry reads a retry policy of host.json or function.json (functions-host.md §5.3); "" is an absent value.
func ParseRetry(strategy, maxRetryCount, delay, minimum, maximum string) (*Retry, error) {
	var complaints []error
	span := func(name, text string) time.Duration {
		d, err := schedule.ParseTimeSpan(text)
		if err != nil {
			complaints = append(complaints, fmt.Errorf("%s: %w", name, err))
		}
		return d
	}
	p := &Retry{}
	n, err := strconv.Atoi(maxRetryCount)
	if err != nil || n < -1 {
		complaints = append(complaints, fmt.Errorf("maxRetryCount: %q is not a whole number from -1", maxRetryCount))
	}
	p.MaxRetryCount = n
	switch strings.ToLower(strategy) {
	case "fixeddelay":
		p.Delay = span("delayInterval", delay)
	case "exponentialbackoff":
		p.Exponential = true
		p.Minimum, p.Maximum = span("minimumInterval", minimum), span("maximumInterval", maximum)
		if p.Maximum < p.Minimum {
			complaints = append(complaints, errors.New("maximumInterval is less than minimumInterval"))
		}
	default:
		complaints = append(complaints, fmt.Errorf("strategy: %q is not fixedDelay or exponentialBackoff", strategy))
	}
	return p, errors.Join(complaints...)
}
