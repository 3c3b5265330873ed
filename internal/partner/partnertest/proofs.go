package partnertest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// tolerance is how old or young a dated proof may be.
const tolerance = 5 * time.Minute

func proofs(t *testing.T, h Harness, s Setup) {
	p, body := open(t, h, s), read(t, h.Sample)
	for _, name := range samples(t) {
		t.Run("SampleOpens/"+name, func(t *testing.T) { opens(t, p, prove(s, read(t, name), Now(), Current), read(t, name)) })
	}
	t.Run("OldSecretStillOpens", func(t *testing.T) { opens(t, p, prove(s, body, Now(), Old), body) })
	t.Run("WrongSecret", func(t *testing.T) { refuses(t, s, p, prove(s, body, Now(), Wrong), body) })
	t.Run("NoProof", func(t *testing.T) {
		refuses(t, s, p, partner.Request{Header: http.Header{}}, body)
		refuses(t, s, p, partner.Request{}, body)
	})
	if s.Settings["TOKEN"] == "" {
		t.Run("UnconfiguredTokenIsRefused", func(t *testing.T) {
			r := prove(s, body, Now(), Current)
			r.Token = "a-token-that-nobody-configured"
			refuses(t, s, p, r, body)
		})
	}
	for _, header := range names(prove(s, body, Now(), Current)) {
		t.Run(header, func(t *testing.T) { eachHeader(t, s, p, header, body) })
	}
	if prove(s, body, Now(), Current).Token != "" {
		t.Run("Token", func(t *testing.T) { token(t, s, p, body) })
	}
	if s.Timed {
		t.Run("Age", func(t *testing.T) { ages(t, s, p, body) })
	}
	if s.Body {
		t.Run("Body", func(t *testing.T) { changedBody(t, s, p, body) })
	}
	if text := fmt.Sprintf("%v %+v %#v", p, p, p); showsSecret(s, text) {
		t.Error("a printed partner shows a secret")
	}
}

func prove(s Setup, body []byte, at time.Time, k Key) partner.Request {
	r := partner.Request{Header: http.Header{}}
	s.Prove(&r, body, at, k)
	return r
}

func judge(p partner.Partner, r partner.Request, body []byte) error {
	if err := p.Admit(r); err != nil {
		return err
	}
	return p.Verify(r, body)
}

func opens(t *testing.T, p partner.Partner, r partner.Request, body []byte) {
	t.Helper()
	if err := judge(p, r, body); err != nil {
		t.Errorf("a right proof is refused: %v", err)
	}
}

func refuses(t *testing.T, s Setup, p partner.Partner, r partner.Request, body []byte) {
	t.Helper()
	err := judge(p, r, body)
	if err == nil {
		t.Error("it passed")
		return
	}
	if lead.KindOf(err) != lead.Unauthorized {
		t.Errorf("kind %v, want unauthorized", lead.KindOf(err))
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	if showsSecret(s, text) {
		t.Errorf("the error shows a secret: %s", text)
	}
	for _, header := range names(r) {
		for _, value := range r.Header[header] {
			if len(value) >= 8 && strings.Contains(text, value) {
				t.Errorf("the error shows the header %s", header)
			}
		}
	}
	if len(r.Token) >= 8 && strings.Contains(text, r.Token) {
		t.Error("the error shows the token")
	}
	private(t, err.Error())
}

// spoiled are wrong versions of a right value.
func spoiled(value string) map[string]string {
	out := map[string]string{"Empty": "", "Truncated": value[:len(value)-1], "Longer": value + value[len(value)-1:]}
	for _, at := range []int{0, len(value) / 2, len(value) - 1} {
		for bit := range 7 {
			b := []byte(value)
			b[at] ^= 1 << bit
			out[fmt.Sprintf("Bit%dOfByte%d", bit, at)] = string(b)
		}
	}
	turned := strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, value)
	if turned != value {
		out["WrongCase"] = turned
	}
	return out
}

func eachHeader(t *testing.T, s Setup, p partner.Partner, header string, body []byte) {
	good := prove(s, body, Now(), Current).Header.Get(header)
	with := func(values ...string) partner.Request {
		r := prove(s, body, Now(), Current)
		r.Header[header] = values
		return r
	}
	t.Run("Absent", func(t *testing.T) {
		r := with()
		delete(r.Header, header)
		refuses(t, s, p, r, body)
	})
	t.Run("Duplicated", func(t *testing.T) {
		refuses(t, s, p, with(good, good), body)
		refuses(t, s, p, with(good, "another"), body)
		refuses(t, s, p, with("another", good), body)
	})
	for name, value := range spoiled(good) {
		t.Run(name, func(t *testing.T) { refuses(t, s, p, with(value), body) })
	}
}

func token(t *testing.T, s Setup, p partner.Partner, body []byte) {
	good := prove(s, body, Now(), Current)
	for name, value := range spoiled(good.Token) {
		t.Run(name, func(t *testing.T) {
			refuses(t, s, p, partner.Request{Header: good.Header, Token: value}, body)
		})
	}
}

func ages(t *testing.T, s Setup, p partner.Partner, body []byte) {
	for _, at := range []time.Time{Now().Add(-tolerance), Now().Add(tolerance)} {
		opens(t, p, prove(s, body, at, Current), body)
	}
	for _, far := range []time.Duration{tolerance + time.Second, time.Hour, 100 * 365 * 24 * time.Hour} {
		refuses(t, s, p, prove(s, body, Now().Add(-far), Current), body)
		refuses(t, s, p, prove(s, body, Now().Add(far), Current), body)
	}
}

// changedBody tries one changed bit at places all over the body, and bodies that are cut or longer.
func changedBody(t *testing.T, s Setup, p partner.Partner, body []byte) {
	r := prove(s, body, Now(), Current)
	for i := range 64 {
		at := i * (len(body) - 1) / 63
		other := append([]byte(nil), body...)
		other[at] ^= 1 << (i % 7)
		refuses(t, s, p, r, other)
	}
	refuses(t, s, p, r, nil)
	refuses(t, s, p, r, body[:len(body)/2])
	refuses(t, s, p, r, append(append([]byte(nil), body...), body...))
}
