package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/lead"
)

// LeadStates remembers, for each lead, what its CRM was last told and who is telling it something now (DESIGN 3, Drain).
// One row per lead, changed by ETag only; it holds hashes and times, no payload and no id. It may be used side by side
// and by several processes. Errors are as azure.Classify tells them.
type LeadStates struct {
	rows stateRows
	hash func(parts ...string) string
	now  func() time.Time
}

// NewLeadStates keeps the states in a table of our account, which is created by the first write when it is missing.
// hash makes a row's key; nil takes the SHA-256.
func NewLeadStates(a *azure.Account, table string, hash func(parts ...string) string, now func() time.Time) *LeadStates {
	if hash == nil {
		hash = plainHash
	}
	return &LeadStates{rows: tableRows{a.Rows(table), a.Table(table)}, hash: hash, now: now}
}

// NewMemoryLeadStates keeps the states in memory, for tests.
func NewMemoryLeadStates(now func() time.Time) *LeadStates {
	return &LeadStates{rows: &memoryRows{}, hash: plainHash, now: now}
}

// plainHash is the SHA-256 of the parts, each with its length before it, in hex.
func plainHash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// LeadChange is what somebody wants to tell a CRM about a lead.
type LeadChange struct {
	Version  lead.Version
	Hash     string // of the content; equal hashes say the same. Never empty
	Activity bool   // something that happened to the lead: never stale, and no version of it
}

// LeadKey names a lead in a CRM: what one CRM was told says nothing about another.
type LeadKey struct{ CRM, Partner, ID string }

// LeadVerdict says what to do with a change.
type LeadVerdict uint8

// The verdicts.
const (
	LeadApply     LeadVerdict = iota // the lead is claimed: tell the CRM, then Settle
	LeadStale                        // the CRM has a newer version
	LeadUnchanged                    // the CRM was last told just this
	LeadBusy                         // somebody else is at it, or a newer version is on its way: come back after Until
)

// LeadClaim is the answer to [LeadStates.Claim]. Only one whose verdict is LeadApply is to be settled.
type LeadClaim struct {
	Verdict LeadVerdict
	Until   time.Time // for LeadBusy
	Tries   int       // how many tries failed since the CRM last took something for this lead
	Known   bool      // somebody has claimed the lead before

	key    string
	etag   azcore.ETag
	change LeadChange
	before leadState
	held   leadState
}

// LeadResult is how a claimed change ended.
type LeadResult uint8

// The results.
const (
	LeadApplied LeadResult = iota // the CRM has it
	LeadFailed                    // the CRM may or may not have it; counted as a try
	LeadRefused                   // the CRM will never take it: an older version may be applied again
	LeadUntried                   // the CRM was not told: as if it had never been claimed
)

// ErrClaimLost says that a claim ran out and somebody else took the lead over, so its result was not written down.
var ErrClaimLost = errors.New("the claim of the lead is lost")

// How long the states wait for others.
const (
	claimRaces   = 4               // lost ETags before a lead counts as busy
	claimWait    = 5 * time.Second // when it does, or when somebody else is at it: most claims are over by then
	pendingWait  = 5 * time.Minute // before an older version asks again whether a newer one has come through
	pendingLimit = 2 * time.Hour   // after which a newer version that nobody touched counts as gone
)

// Claim judges a change and, when it is to be applied, claims its lead until the given time. A claim that ran out is
// taken over; an older version than the one it was for waits, so that what the CRM may already have is not undone.
//
// A lead event is written down before anything is read: most leads are new, and then the claim is one call.
func (s *LeadStates) Claim(ctx context.Context, k LeadKey, c LeadChange, until time.Time) (LeadClaim, error) {
	key := s.hash("lead", k.CRM, k.Partner, k.ID)
	if !c.Activity {
		claim, err := s.claimAs(ctx, key, c, until, leadState{}, "")
		if !errors.Is(err, errStateRace) {
			return claim, err
		}
	}
	for range claimRaces {
		st, etag, err := s.rows.load(ctx, key)
		if err != nil {
			return LeadClaim{}, fmt.Errorf("lead state: %w", err)
		}
		claim, err := s.claimAs(ctx, key, c, until, st, etag)
		if !errors.Is(err, errStateRace) {
			return claim, err
		}
	}
	return LeadClaim{Verdict: LeadBusy, Until: s.now().Add(claimWait)}, nil
}

// claimAs is Claim of a lead whose row is known. It fails with errStateRace when the row is another.
func (s *LeadStates) claimAs(ctx context.Context, key string, c LeadChange, until time.Time, st leadState, etag azcore.ETag) (LeadClaim, error) {
	now := s.now()
	claim := LeadClaim{key: key, change: c, before: st, held: st, Tries: st.Tries, Known: etag != ""}
	claim.Verdict, claim.Until = st.judge(c, now)
	switch claim.Verdict {
	case LeadApply:
		claim.held = st.claimed(c, now, until)
	case LeadUnchanged:
		if c.Activity || c.Version.Compare(st.Applied) == 0 {
			return claim, nil
		}
		claim.held.Applied = c.Version
	default:
		return claim, nil
	}
	var err error
	if claim.etag, err = s.rows.store(ctx, key, claim.held, etag); err != nil {
		return LeadClaim{}, fmt.Errorf("lead state: %w", err)
	}
	return claim, nil
}

// Settle ends a claim. [ErrClaimLost] means that it had ended before; the change is then to be judged anew.
func (s *LeadStates) Settle(ctx context.Context, claim LeadClaim, r LeadResult) error {
	_, err := s.rows.store(ctx, claim.key, claim.settled(r, s.now()), claim.etag)
	switch {
	case errors.Is(err, errStateRace):
		return ErrClaimLost
	case err != nil:
		return fmt.Errorf("lead state: %w", err)
	}
	return nil
}

// Suspect counts one more start of a message that may be crashing the process, before anything is done with it,
// and tells how many starts have not ended in [LeadStates.Clear], this one included.
func (s *LeadStates) Suspect(ctx context.Context, parts ...string) (int, error) {
	key := s.hash(append([]string{"suspect"}, parts...)...)
	st, etag, err := s.rows.load(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("suspect: %w", err)
	}
	st.Tries++
	if _, err := s.rows.store(ctx, key, st, etag); err != nil && !errors.Is(err, errStateRace) {
		return 0, fmt.Errorf("suspect: %w", err)
	}
	return st.Tries, nil
}

// Clear forgets a suspect: its message came to an end, whatever end that was.
func (s *LeadStates) Clear(ctx context.Context, parts ...string) error {
	return s.rows.remove(ctx, s.hash(append([]string{"suspect"}, parts...)...))
}
