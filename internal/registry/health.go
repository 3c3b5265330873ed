package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

const healthPartition = "health"

// Health is what the machine learned of a destination. Its row is written when something changes, not on every delivery.
type Health struct {
	Held      bool
	Reason    string    // why it is held
	Since     time.Time // since when
	Probes    int       // how many probes have failed
	NextProbe time.Time
	Failures  int       // tries that failed since the last one that went through; counted to twenty-odd
	Failing   time.Time // when the first of them failed
	Through   time.Time // when a try went through after failures
	Colour    string    // green, yellow or red, as the last watch saw it; empty before the first
	Why       string    // why it is not green
	Turned    time.Time // when it took this colour
	Address   int       // which address is used: 0 the address, 1 the next one
}

// parseHealth reads a health row; its ETag stays with the row.
func parseHealth(b []byte) (Health, error) {
	var h Health
	if err := json.Unmarshal(b, &h); err != nil {
		return Health{}, fmt.Errorf("a health row that we did not write: %w", err)
	}
	return h, nil
}

// The probing of a held destination: first after a minute, then later and later, at most an hour apart (DESIGN 3).
const (
	firstProbe = time.Minute
	lastProbe  = time.Hour
)

// Limits after which a destination that is reachable at times only is held (DESIGN 3).
const (
	failuresToHold = 20
	silenceToHold  = 24 * time.Hour
)

// Hold notes that the way to a destination is broken. It is probed again from a minute on.
func (r *Registry) Hold(ctx context.Context, id, reason string) error {
	return r.learn(ctx, id, func(h *Health) bool {
		if h.Held {
			return false
		}
		h.Held, h.Reason, h.Since, h.Probes, h.NextProbe = true, reason, r.now(), 0, r.now().Add(firstProbe)
		return true
	})
}

// Probed notes that a probe of a held destination failed.
func (r *Registry) Probed(ctx context.Context, id, reason string) error {
	return r.learn(ctx, id, func(h *Health) bool {
		h.Probes++
		h.Reason, h.NextProbe = reason, r.now().Add(min(firstProbe<<min(h.Probes, 10), lastProbe))
		return h.Held
	})
}

// Mended notes that the way to a destination works (again): a try went through, or a person says so.
func (r *Registry) Mended(ctx context.Context, id string) error {
	return r.learn(ctx, id, func(h *Health) bool {
		if !h.Held && h.Failures == 0 {
			return false
		}
		*h = Health{Through: r.now(), Address: h.Address, Colour: h.Colour, Why: h.Why, Turned: h.Turned}
		return true
	})
}

// Failed notes that a try failed although the address may be right. A destination that let nothing through for a day
// and at least twenty tries is held.
func (r *Registry) Failed(ctx context.Context, d Destination, reason string) error {
	if d.Health.Failures > failuresToHold && r.now().Sub(d.Health.Failing) < silenceToHold {
		return nil // counted enough; only time is missing
	}
	return r.learn(ctx, d.ID, func(h *Health) bool {
		if h.Failures == 0 {
			h.Failing = r.now()
		}
		h.Failures++
		if !h.Held && h.Failures >= failuresToHold && r.now().Sub(h.Failing) >= silenceToHold {
			h.Held, h.Reason, h.Since, h.NextProbe = true, "nothing got through for a day: "+reason, r.now(), r.now().Add(firstProbe)
		}
		return true
	})
}

// Switch notes which of two addresses works.
func (r *Registry) Switch(ctx context.Context, id string, address int) error {
	return r.learn(ctx, id, func(h *Health) bool {
		changed := h.Address != address
		h.Address = address
		return changed
	})
}

// ProbeSoon makes a held destination be probed by the next sweep, because its address was changed.
func (r *Registry) ProbeSoon(ctx context.Context, id string) error {
	return r.learn(ctx, id, func(h *Health) bool {
		h.NextProbe, h.Address = r.now(), 0
		return true
	})
}

// Coloured notes how a destination does, and why; it writes only when that has changed since it was read.
func (r *Registry) Coloured(ctx context.Context, d Destination, colour, why string) error {
	if d.Health.Colour == colour && d.Health.Why == why {
		return nil
	}
	return r.learn(ctx, d.ID, func(h *Health) bool {
		if h.Colour != colour {
			h.Turned = r.now()
		}
		h.Colour, h.Why = colour, why
		return true
	})
}

// Many may learn of one destination at once: every message of every instance may have failed on it.
const (
	learnTries = 20
	firstPause = 10 * time.Millisecond // the longest one after the first try; it doubles
	lastPause  = 500 * time.Millisecond
)

// learn changes a health row, guarded by its ETag; change says whether there is anything to write. Who comes second
// reads again after a while, at random.
func (r *Registry) learn(ctx context.Context, id string, change func(*Health) bool) error {
	for try := range learnTries {
		var h Health
		etag := azcore.ETag("")
		resp, err := r.table.GetEntity(ctx, healthPartition, id, nil)
		switch {
		case err == nil:
			if h, err = parseHealth(resp.Value); err != nil {
				return err
			}
			etag = resp.ETag
		case !azure.NotFound(err):
			return fmt.Errorf("read health: %w", azure.Classify(err))
		}
		if !change(&h) {
			return nil
		}
		err = r.writeHealth(ctx, id, h, etag)
		if err == nil {
			r.Forget()
			return nil
		}
		if !azure.Stale(err) && !azure.Exists(err) {
			return fmt.Errorf("write health: %w", azure.Classify(err))
		}
		select {
		case <-time.After(rand.N(min(firstPause<<try, lastPause))):
		case <-ctx.Done():
			return azure.Classify(ctx.Err())
		}
	}
	return lead.Errorf(lead.Unavailable, "the health row changed under every try")
}

func (r *Registry) writeHealth(ctx context.Context, id string, h Health, etag azcore.ETag) error {
	props := map[string]any{"Held": h.Held, "Reason": h.Reason, "Probes": int32(h.Probes), "Failures": int32(h.Failures), "Address": int32(h.Address), "Colour": h.Colour, "Why": h.Why}
	for name, t := range map[string]time.Time{"Since": h.Since, "NextProbe": h.NextProbe, "Failing": h.Failing, "Through": h.Through, "Turned": h.Turned} {
		if !t.IsZero() { // Azure's times begin in 1601
			props[name] = aztables.EDMDateTime(t.UTC())
		}
	}
	b, err := json.Marshal(aztables.EDMEntity{Entity: aztables.Entity{PartitionKey: healthPartition, RowKey: id}, Properties: props})
	if err != nil {
		return err
	}
	if etag == "" {
		_, err = r.table.AddEntity(ctx, b, nil)
		return err
	}
	_, err = r.table.UpdateEntity(ctx, b, &aztables.UpdateEntityOptions{IfMatch: to.Ptr(etag), UpdateMode: aztables.UpdateModeReplace})
	return err
}
