package azure

import (
	"encoding/base64"
	"testing"
)

// TestBase64IsTheStandardLibrarys writes bodies of all lengths up to a few blocks of the fast encoder, into room that is too
// small, just enough and more.
func TestBase64IsTheStandardLibrarys(t *testing.T) {
	body := make([]byte, 300)
	for i := range body {
		body[i] = byte(i * 7)
	}
	for n := range len(body) {
		want := "<a>" + base64.StdEncoding.EncodeToString(body[:n])
		for _, room := range []int{3, len(want), 1000} {
			if got := appendBase64(append(make([]byte, 0, room), "<a>"...), body[:n]); string(got) != want {
				t.Fatalf("%d bytes into %d: %q, want %q", n, room, got, want)
			}
		}
	}
}
