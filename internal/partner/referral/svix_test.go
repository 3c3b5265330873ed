package referral_test

import (
	"net/http"
	"testing"

	svix "github.com/svix/svix-webhooks/go"

	"leadrelay/internal/lead"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/partnertest"
	"leadrelay/internal/partner/referral"
)

// The document verifies with Svix's libraries, so what they sign must open.
func TestWhatSvixSignsOpens(t *testing.T) {
	hook, err := svix.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{string(referral.Sample()), `{"name":"Zoë 李小龍 😀"}`, "{\n\t\"a\" : 1.00\n}\n", ""} {
		signature, err := hook.Sign(id, partnertest.Now(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"svix", "webhook"} {
			r := partner.Request{Header: http.Header{}}
			set(&r, prefix, partnertest.Now(), signature)
			if err := judge(open(t), r, []byte(body)); err != nil {
				t.Errorf("%s headers, %q: %v", prefix, body, err)
			}
			if err := judge(open(t), r, []byte(body+" ")); lead.KindOf(err) != lead.Unauthorized {
				t.Errorf("%s headers: the signature of %q opens another body", prefix, body)
			}
		}
	}
}
