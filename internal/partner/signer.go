package partner

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Signer makes HMAC-SHA256 signatures with one key. It may be used side by side. It holds the key where no printing
// finds it, prepared, so that a signature costs less than the first one of a new key.
type Signer struct {
	macs *sync.Pool // of *mac
}

type mac struct {
	hash.Hash
	text []byte // what is written before the body, then the sum
}

// NewSigner makes the signer of key.
func NewSigner(key []byte) Signer {
	return Signer{macs: &sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

// Sign is the signature of the texts and the body, one behind the other.
func (s Signer) Sign(body []byte, before ...string) (sum [sha256.Size]byte) {
	m := s.macs.Get().(*mac)
	defer s.macs.Put(m)
	m.Reset()
	m.text = m.text[:0]
	for _, text := range before {
		m.text = append(m.text, text...)
	}
	m.Write(m.text)
	m.Write(body)
	m.text = m.Sum(m.text[:0])
	copy(sum[:], m.text)
	return sum
}
