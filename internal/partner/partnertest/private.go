package partnertest

import (
	"regexp"
	"strings"
	"testing"
)

// private fails when text shows an e-mail address or a telephone number, of a sample or of the suite's own.
func private(t *testing.T, text string) {
	t.Helper()
	if found := regexp.MustCompile(`[\w.+-]+@[\w.-]+|\+?\d[\d -]{7,}\d`).FindString(text); found != "" {
		t.Errorf("personal data in %q", text)
	}
}

// showsSecret says whether text holds a secret setting, or what a secret decodes to.
func showsSecret(s Setup, text string) bool {
	for name, value := range s.Settings {
		if (strings.Contains(name, "SECRET") || strings.Contains(name, "TOKEN")) &&
			strings.Contains(text, strings.TrimPrefix(value, "whsec_")) {
			return true
		}
	}
	return false
}
