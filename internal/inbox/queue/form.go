package queue

import (
	"strings"

	"github.com/segmentio/asm/base64" // seven times as fast as encoding/base64
)

// form is how a message's text carries its body. A sender chooses: CRF Connect's document does not say which it takes,
// Functions triggers read base64, most other services push plain text (facts/azure-storage.md §2).
type form byte

const (
	plain   form = 't'
	encoded form = 'b'
)

// decode reads a text that starts like JSON as it is, else as strict base64, else as it is.
func decode(text string, strict *base64.Encoding) ([]byte, form) {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		return []byte(text), plain
	}
	if body, err := strict.DecodeString(trimmed); err == nil {
		return body, encoded
	}
	return []byte(text), plain
}

// encode is the text again.
func (f form) encode(body []byte) string {
	if f == encoded {
		return base64.StdEncoding.EncodeToString(body)
	}
	return string(body)
}

// lease is what a message's Lease holds: the form, then the pop receipt.
func (f form) lease(receipt string) string { return string(f) + receipt }

func receiptOf(lease string) (form, string) {
	if lease == "" {
		return plain, ""
	}
	return form(lease[0]), lease[1:]
}
