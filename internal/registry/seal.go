package registry

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"leadrelay/internal/config"
)

// Sealer keeps secrets in storage: AES-256-GCM with a random nonce, bound to what the secret belongs to. Losing its
// key loses the secrets.
type Sealer struct {
	current cipher.AEAD
	all     []cipher.AEAD // current first, then the old one during a rotation
}

// NewSealer makes a sealer with a key of 32 bytes and, during a rotation, the old key; nil keys are skipped.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	s := &Sealer{}
	for _, key := range keys {
		if key == nil {
			continue
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("seal key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("seal key: %w", err)
		}
		s.all = append(s.all, aead)
	}
	if len(s.all) == 0 {
		return nil, errors.New("seal key: none is set")
	}
	s.current = s.all[0]
	return s, nil
}

// Seal hides a secret that belongs to owner, an id that never changes.
func (s *Sealer) Seal(secret config.Secret, owner string) []byte {
	nonce := make([]byte, s.current.NonceSize())
	_, _ = rand.Read(nonce) // never fails: it crashes the program instead
	return s.current.Seal(nonce, nonce, []byte(secret.Reveal()), []byte(owner))
}

// errSealed says nothing about the secret or the key.
var errSealed = errors.New("cannot be unsealed: LEADRELAY_SEAL_KEY is not the key it was sealed with")

// Open undoes Seal, with the current key or the old one.
func (s *Sealer) Open(sealed []byte, owner string) (config.Secret, error) {
	for _, aead := range s.all {
		if len(sealed) < aead.NonceSize() {
			return "", errSealed
		}
		nonce, text := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
		if plain, err := aead.Open(nil, nonce, text, []byte(owner)); err == nil {
			return config.Secret(plain), nil
		}
	}
	return "", errSealed
}
