package front

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"leadrelay/local/host/function"
)

// Keys are what x-functions-key or ?code= is compared with (functions-host.md §4.3, §6.1). A nil *Keys allows everything, as Core Tools
// do without --enableAuth.
type Keys struct {
	Master    string                       `json:"master"`    // opens everything
	Host      map[string]string            `json:"host"`      // name: key, for every function of level function
	Functions map[string]map[string]string `json:"functions"` // function: name: key
}

// ReadKeys reads a file such as {"master":"m","host":{"default":"h"},"functions":{"Receive":{"default":"f"}}}.
func ReadKeys(file string) (*Keys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	k := &Keys{}
	if err := json.Unmarshal(text, k); err != nil {
		return nil, fmt.Errorf("read the keys in %s: not the JSON it should be", file) // the error might quote a key
	}
	if k.Master == "" {
		return nil, errors.New("read the keys: there is no master key")
	}
	return k, nil
}

// allow checks a request against a function's level.
func (k *Keys) allow(r *http.Request, f *function.Function) bool {
	if k == nil || f.Trigger.AuthLevel == "anonymous" {
		return true
	}
	if k.admin(r) {
		return true
	}
	if f.Trigger.AuthLevel != "function" {
		return false
	}
	given, ok := presented(r), false
	for _, keys := range []map[string]string{k.Host, k.Functions[f.Name]} {
		for _, key := range keys {
			ok = equal(given, key) || ok
		}
	}
	return ok
}

// admin checks for the master key.
func (k *Keys) admin(r *http.Request) bool { return k == nil || equal(presented(r), k.Master) }

func presented(r *http.Request) string {
	if key := r.Header.Get("x-functions-key"); key != "" {
		return key
	}
	return r.URL.Query().Get("code")
}

func equal(given, key string) bool {
	return key != "" && subtle.ConstantTimeCompare([]byte(given), []byte(key)) == 1
}
