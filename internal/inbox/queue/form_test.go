package queue

import (
	standard "encoding/base64"
	"strings"
	"testing"

	"github.com/segmentio/asm/base64"
)

// FuzzTextIsBase64AsTheStandardLibrarySays reads texts of all lengths: the fast decoder takes 24 bytes at a time.
func FuzzTextIsBase64AsTheStandardLibrarySays(f *testing.F) {
	for _, n := range []int{0, 1, 2, 24, 32, 33, 34, 35, 36, 47, 48, 49, 100, 3041} {
		text := standard.StdEncoding.EncodeToString([]byte(strings.Repeat("\xff\x00a?", n)[:n]))
		f.Add(text)
		f.Add(text + "\r\n")
		f.Add(strings.TrimRight(text, "="))
		f.Add(text + text)
		if n > 0 {
			f.Add(text[:len(text)/2] + "\n" + text[len(text)/2:])
			f.Add(text[:len(text)/2] + "-" + text[len(text)/2+1:])
		}
	}
	for _, text := range []string{"QQ==", "QR==", "QQ=", "=", "_-__", "{}", "lead", strings.Repeat("A", 60) + "é==="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body, form := decode(text, base64.StdEncoding.Strict())
		want, err := standard.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
		if trimmed := strings.TrimSpace(text); err != nil || strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
			want = []byte(text)
		} else if form != encoded {
			t.Fatalf("%q is not taken for base64", text)
		}
		if string(body) != string(want) {
			t.Errorf("%q is read as %q, want %q", text, body, want)
		}
	})
}
