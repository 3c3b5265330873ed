package play

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// dice are seeded chance.
type dice struct{ *rand.Rand }

func roll(seed, n uint64) dice { return dice{rand.New(rand.NewPCG(seed, n))} }

// rollFor is what never changes about an id: a lead keeps its applicant over all updates.
func rollFor(id string) dice {
	sum := sha256.Sum256([]byte(id))
	return roll(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:]))
}

// chance is true in so many of a hundred.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// between is from lo to hi, both included.
func (d dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

func (d dice) uuid() string {
	a, b := d.Uint64(), d.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(0xc<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// when is a moment of a year that is over, so that it depends on the seed alone and lies in no future.
func (d dice) when() time.Time {
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(d.Int64N(int64(365 * 24 * time.Hour))))
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// optional is nil now and then.
func optional[T any](d dice, v T) *T {
	if d.chance(12) {
		return nil
	}
	return &v
}

// oneOf is an optional one of a list.
func oneOf[T any](d dice, from []T) *T { return optional(d, pick(d, from)) }

// several are up to three of a list, none at all, or nil.
func several(d dice, from []string) []*string {
	if d.chance(12) {
		return nil
	}
	out := []*string{}
	for _, i := range d.Perm(len(from))[:d.IntN(min(4, len(from)))] {
		out = append(out, &from[i])
	}
	return out
}

// encode is compact JSON, as a program writes it: characters as they are, null for what is nil.
func encode(v any) []byte {
	b, err := json.Marshal(v, json.FormatNilSliceAsNull(true), json.Deterministic(true))
	if err != nil {
		panic("play: a payload that is no JSON: " + err.Error()) // types and values of this package only
	}
	return b
}

// MessageID is the Svix id of a generated body: the same body is the same message, so that it can be sent again.
func MessageID(body []byte) string {
	sum := sha256.Sum256(body)
	return "msg_" + strings.NewReplacer("-", "A", "_", "Z").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))[:27]
}
