package destinationtest_test

import (
	"fmt"
	"testing"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/destination"
	"leadrelay/internal/destination/destinationtest"
	"leadrelay/internal/lead"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Harness {
		m := &destinationtest.Memory{Limit: 1000}
		return destinationtest.Harness{
			Open:    m.Open,
			Options: destination.Options{Address: destinationtest.Address},
			Stored: func(testing.TB) (out []destinationtest.Stored) {
				for _, d := range m.Delivered() {
					out = append(out, destinationtest.Stored{Body: d.Body})
				}
				return out
			},
			Hopeless: map[string]config.Secret{"another": "memory://another"},
			TooLarge: 1001,
			Once:     true,
			Fail: func(status int, retryAfter time.Duration) {
				m.Fail(&lead.Error{Kind: destinationtest.KindOf(status), Code: fmt.Sprint(status), RetryAfter: retryAfter})
			},
		}
	})
}
