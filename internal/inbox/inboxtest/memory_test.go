package inboxtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/inboxtest"
	"leadrelay/internal/lead"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	inboxtest.Run(t, func(*testing.T) inboxtest.Harness {
		m := &inboxtest.Memory{}
		return inboxtest.Harness{
			Open:    m.Open,
			Options: inbox.Options{Address: inboxtest.Address},
			Put:     func(_ testing.TB, texts ...string) { m.Put(texts...) },
			Buried:  func(testing.TB) []inboxtest.Buried { return m.Buried() },
			Wrong:   map[string]config.Secret{"another": "memory://another"},
			Fail: func(status int, after time.Duration) {
				m.Fail(&lead.Error{Kind: inboxtest.KindOf(status), Code: fmt.Sprint(status), RetryAfter: after})
			},
			Around: synctest.Test,
		}
	})
}
