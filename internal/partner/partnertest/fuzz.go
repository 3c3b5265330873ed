package partnertest

import (
	"net/http"
	"slices"
	"testing"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// Fuzz feeds a driver bodies and proofs of somebody who knows no secret: nothing panics, nothing passes,
// and a body decodes to a sound event, always the same, or is Invalid.
func Fuzz(f *testing.F, h Harness) {
	for i, s := range h.Setups {
		for _, name := range samples(f) {
			body := read(f, name)
			wrong := prove(s, body, Now(), Wrong)
			values := append(headerValues(wrong), "", "", "")
			f.Add(uint8(i), body, values[0], values[1], values[2], wrong.Token)
		}
	}
	var partners []partner.Partner
	for _, s := range h.Setups {
		partners = append(partners, open(f, h, s))
	}
	f.Fuzz(func(t *testing.T, setup uint8, body []byte, a, b, c, token string) {
		i := int(setup) % len(partners)
		r := partner.Request{Header: http.Header{}, Token: token}
		values := []string{a, b, c}
		for n, name := range names(prove(h.Setups[i], body, Now(), Wrong)) {
			r.Header.Set(name, values[n%len(values)])
		}
		if err := judge(partners[i], r, body); lead.KindOf(err) != lead.Unauthorized || err == nil {
			t.Fatalf("it passed, or is not unauthorized: %v", err)
		}
		_ = partners[i].Verify(r, body) // also for headers that Admit refuses
		e, err := partners[i].Decode(r, body)
		if err != nil {
			if lead.KindOf(err) != lead.Invalid {
				t.Fatalf("kind %v, want invalid", lead.KindOf(err))
			}
			return
		}
		sound(t, e)
		again, err := partners[i].Decode(r, body)
		if err != nil || !slices.Equal(again.Key, e.Key) {
			t.Fatal("decoded again it is another event")
		}
	})
}

func headerValues(r partner.Request) []string {
	var out []string
	for _, name := range names(r) {
		out = append(out, r.Header.Get(name))
	}
	return out
}
