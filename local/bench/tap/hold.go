package tap

import (
	"bytes"
	"fmt"
	"regexp"

	"leadrelay/local/bench/bare/script"
	"leadrelay/local/bench/lead"
)

// Lead is the benchmark's lead under an id that ends in the given eight digits, hexadecimal ones.
func Lead(digits string) []byte {
	return bytes.Replace(lead.Lead(), []byte("87e6fe91a842"), []byte("0000"+digits), 1)
}

// word is what a key may be, or be a part of; what is longer is not a key but base64 of something whole.
var word = regexp.MustCompile(`[0-9A-Za-z]+`)

const longestKey = 128

// Hold puts [script.Fresh] at the end of every word in which two texts, about different leads, differ.
func Hold(one, other string) (string, error) {
	if len(one) != len(other) {
		return "", fmt.Errorf("two leads of one length make texts of %d and %d bytes", len(one), len(other))
	}
	out := []byte(one)
	for _, at := range word.FindAllStringIndex(one, -1) {
		if n := at[1] - at[0]; one[at[0]:at[1]] != other[at[0]:at[1]] && n >= len(script.Fresh) && n <= longestKey {
			copy(out[at[1]-len(script.Fresh):at[1]], script.Fresh)
		}
	}
	return string(out), nil
}
