package partner

import (
	"net/http"
	"strings"
	"testing"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// gate reads settings as a driver with one header and a token does.
func gate(t *testing.T, environ ...string) *Gate {
	t.Helper()
	env := config.New(environ)
	s := env.Instance("PARTNER", "x")
	g := &Gate{}
	g.Header(s, "HEADER", "X-Key", "SECRET")
	g.Token(s)
	if err := env.Err("PARTNER_"); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestWhatIsConfiguredMustAllBeProven(t *testing.T) {
	const secret, token = "0123456789-secret", "0123456789-token"
	both := gate(t, "PARTNER_X_SECRET="+secret, "PARTNER_X_TOKEN="+token)
	only := gate(t, "PARTNER_X_SECRET="+secret)
	for name, c := range map[string]struct {
		gate   *Gate
		header []string
		token  string
		opens  bool
	}{
		"both":              {both, []string{secret}, token, true},
		"header alone":      {both, []string{secret}, "", false},
		"token alone":       {both, nil, token, false},
		"swapped":           {both, []string{token}, secret, false},
		"header enough":     {only, []string{secret}, "", true},
		"unexpected token":  {only, []string{secret}, token, false},
		"twice":             {only, []string{secret, secret}, "", false},
		"empty":             {only, []string{""}, "", false},
		"joined by a comma": {only, []string{secret + ", " + secret}, "", false},
	} {
		err := c.gate.Admit(Request{Header: http.Header{"X-Key": c.header}, Token: c.token})
		if (err == nil) != c.opens || (err != nil && lead.KindOf(err) != lead.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEmptyGateSaysSo(t *testing.T) {
	if g := gate(t); !g.Empty() || g.Admit(Request{}) != nil || g.Admit(Request{Token: "x"}) == nil {
		t.Error("an empty gate is not empty, or takes a token")
	}
}

func TestNoSecretsMatchNothing(t *testing.T) {
	if (Secrets)(nil).Match("") {
		t.Error("nothing matches the empty value")
	}
}

func TestWordIsAnEventType(t *testing.T) {
	for s, want := range map[string]string{"score_update": "score_update", "Verification.Completed": "verification.completed", "a b/ç": "a_b___",
		"": "", strings.Repeat("x", 99): strings.Repeat("x", 64), "\x00\n\"": "___", strings.Repeat("é", 40): strings.Repeat("_", 64)} {
		if got := Word(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func FuzzGate(f *testing.F) {
	f.Add("0123456789-secret!", "0123456789-token!", "x")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, header, token, second string) {
		g := &Gate{}
		s := config.New([]string{"PARTNER_X_SECRET=0123456789-secret", "PARTNER_X_TOKEN=0123456789-token"}).Instance("PARTNER", "x")
		g.Header(s, "HEADER", "X-Key", "SECRET")
		g.Token(s)
		r := Request{Header: http.Header{"X-Key": {header}}, Token: token}
		right := header == "0123456789-secret" && token == "0123456789-token"
		if (g.Admit(r) == nil) != right {
			t.Errorf("%q %q: %v", header, token, g.Admit(r))
		}
		r.Header.Add("X-Key", second)
		if g.Admit(r) == nil {
			t.Error("two values pass")
		}
	})
}

func FuzzWord(f *testing.F) {
	f.Add("Verification.Completed é")
	f.Fuzz(func(t *testing.T, s string) {
		if w := Word(s); len(w) > 64 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" {
			t.Errorf("%q", w)
		}
	})
}
