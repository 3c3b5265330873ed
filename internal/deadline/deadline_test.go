package deadline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"leadrelay/internal/deadline"
)

const length = 10 * time.Second

// TestNobodyGetsMoreThanTheWholeTimeNorLessThanNineTenths asks for contexts again and again.
func TestNobodyGetsMoreThanTheWholeTimeNorLessThanNineTenths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s deadline.Shared
		seen := map[context.Context]bool{}
		for range 100 {
			ctx := s.Within(length)
			seen[ctx] = true
			end, _ := ctx.Deadline()
			if left := time.Until(end); left > length || left < length*9/10 || ctx.Err() != nil {
				t.Errorf("%v are left, %v", left, ctx.Err())
			}
			time.Sleep(300 * time.Millisecond)
		}
		if len(seen) != 25 {
			t.Errorf("%d contexts for a hundred calls, want one for each four", len(seen))
		}
		time.Sleep(length)
		for ctx := range seen {
			if ctx.Err() != context.DeadlineExceeded {
				t.Error("a context has no end")
			}
		}
	})
}

func TestParentEndsThemAll(t *testing.T) {
	parent, end := context.WithCancel(t.Context())
	s := deadline.Shared{Parent: parent}
	ctx := s.Within(length)
	end()
	if ctx.Err() != context.Canceled || s.Within(length).Err() != context.Canceled {
		t.Error("the parent is over, a call is not")
	}
}
