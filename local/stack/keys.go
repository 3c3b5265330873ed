package stack

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keys are the secrets of a stack. With a data folder they are kept there, or nothing stored could be opened again.
type keys struct {
	Seal        string `json:"seal"`
	Hash        string `json:"hash"`
	CRF         string `json:"crf"`
	Credzu      string `json:"credzu"`
	Cr3dentials string `json:"cr3dentials"`
	Referral    string `json:"referral"`
}

const keyFile = "leadrelay-keys.json"

func loadKeys(data string) (keys, error) {
	if data == "" {
		return newKeys(), nil
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return keys{}, fmt.Errorf("data folder: %w", err)
	}
	path := filepath.Join(data, keyFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		k := newKeys()
		b, err := json.MarshalIndent(k, "", "  ")
		if err != nil {
			return k, fmt.Errorf("keep the keys: %w", err)
		}
		return k, os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return keys{}, fmt.Errorf("read the keys: %w", err)
	}
	var k keys
	if err := json.Unmarshal(b, &k); err != nil {
		return keys{}, fmt.Errorf("%s is not what `leadctl up` wrote", path)
	}
	return k, nil
}

func newKeys() keys {
	key := func() string { return base64.StdEncoding.EncodeToString(random(32)) }
	token := func() string { return hex.EncodeToString(random(24)) }
	return keys{Seal: key(), Hash: key(), CRF: token(), Credzu: token(), Cr3dentials: token(), Referral: "whsec_" + base64.StdEncoding.EncodeToString(random(24))}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it crashes the program instead
	return b
}

// settings are the keys as settings of the product.
func (k keys) settings() []string {
	return []string{"LEADRELAY_PREFIX=leadrelay", "LEADRELAY_SEAL_KEY=" + k.Seal, "LEADRELAY_HASH_KEY=" + k.Hash}
}
