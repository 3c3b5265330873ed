package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"sync"
)

// Hash is the keyed hash under which events and leads are kept, so that a row survives the erasure of what it was about.
// The key (LEADRELAY_HASH_KEY) is never rotated: another one forgets every duplicate. It may be used side by side.
type Hash struct{ pool *sync.Pool }

// keyed is a hash that has taken in its key, with room for what is to be hashed.
type keyed struct {
	mac hash.Hash
	b   []byte
}

// NewHash makes a hash with a key of 32 bytes.
func NewHash(key []byte) Hash {
	return Hash{&sync.Pool{New: func() any { return &keyed{mac: hmac.New(sha256.New, key)} }}}
}

// Of is 40 hex digits for a list of parts; no two lists share an encoding.
func (h Hash) Of(parts ...string) string {
	k := h.pool.Get().(*keyed)
	defer h.pool.Put(k)
	b := k.b[:0]
	for _, p := range parts {
		b = append(append(strconv.AppendInt(b, int64(len(p)), 10), ':'), p...)
	}
	k.mac.Reset()
	k.mac.Write(b)
	k.b = k.mac.Sum(b[:0])
	var digits [40]byte
	hex.Encode(digits[:], k.b[:20])
	return string(digits[:])
}

// Submission is the hash under which the events of one submission are found.
func (h Hash) Submission(partner, id string) string { return h.Of("submission", partner, id) }

// Lead is the hash under which a lead's events are found.
func (h Hash) Lead(partner, id string) string { return h.Of("lead", partner, id) }
