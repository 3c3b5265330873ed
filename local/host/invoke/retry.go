package invoke

import (
	"context"
	"math/rand/v2"
	"time"

	"leadrelay/local/host/hostjson"
	"leadrelay/local/host/newtonsoft"
)

// RetryContext is what a handler learns about retries (functions-host.md §2.2).
type RetryContext struct {
	RetryCount, MaxRetryCount int
	Err                       error // of the try before
}

// value is the context as metadata: {RetryCount, MaxRetryCount, Exception, Instance:null, State:{}}.
func (c RetryContext) value() newtonsoft.Value {
	o := &newtonsoft.Object{}
	o.Set("RetryCount", newtonsoft.Int(int64(c.RetryCount)))
	o.Set("MaxRetryCount", newtonsoft.Int(int64(c.MaxRetryCount)))
	o.Set("Exception", nil)
	if c.Err != nil {
		e := &newtonsoft.Object{}
		e.Set("ClassName", "System.Exception")
		e.Set("Message", c.Err.Error())
		o.Set("Exception", e)
	}
	o.Set("Instance", nil)
	o.Set("State", &newtonsoft.Object{})
	return o
}

// retried runs an invocation in its retry policy's loop: in this process, around this one message or tick (§5.3).
func (r *Runner) retried(ctx context.Context, inv Invocation, do func(context.Context, Attempt) error) error {
	policy := inv.Function.Retry
	if policy == nil || inv.NoRetry {
		return r.once(ctx, nil, do)
	}
	var err error
	for n := 0; ; n++ {
		err = r.once(ctx, &RetryContext{RetryCount: n, MaxRetryCount: policy.MaxRetryCount, Err: err}, do)
		if err == nil || ctx.Err() != nil || (policy.MaxRetryCount >= 0 && n >= policy.MaxRetryCount) {
			return err
		}
		pause := delay(policy, n)
		r.Log.Warn("retry", "the function failed and is tried again", "function", inv.Function.Name, "id", inv.ID, "retry", n+1, "in", pause, "reason", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// delay is the pause before retry n+1: fixed, or doubling with ±20 % between the two intervals.
func delay(p *hostjson.Retry, n int) time.Duration {
	if !p.Exponential {
		return p.Delay
	}
	grown := float64(p.Minimum) * float64(uint64(1)<<min(n, 30)) * (0.8 + 0.4*rand.Float64())
	return max(p.Minimum, time.Duration(min(grown, float64(p.Maximum))))
}
