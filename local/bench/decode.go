package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"leadrelay/internal/config"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/cr3dentials"
	"leadrelay/internal/partner/credzu"
	"leadrelay/internal/partner/crf"
	"leadrelay/internal/partner/referral"
	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/measure"
	"leadrelay/local/bench/report"
)

// notification is one partner with a payload of its document and a request that proves it.
type notification struct {
	name    string
	partner partner.Partner
	request partner.Request
	body    []byte
	bare    func() // the HMAC of its proof and nothing else; nil where the proof is a comparison
}

const (
	hmacSecret = "bench-0123456789abcdef0123456789abcdef"
	svixSecret = "whsec_YmVuY2gtMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk="
	urlToken   = "bench-0123456789abcdef0123456789abcdef"
)

// notifications are one of each partner.
func notifications(now time.Time) ([]notification, error) {
	env := config.New([]string{"PARTNER_CRF_SECRET=" + lead.Key, "PARTNER_CREDZU_TOKEN=" + urlToken,
		"PARTNER_CR3DENTIALS_HMAC_SECRET=" + hmacSecret, "PARTNER_REFERRAL_SVIX_SECRET=" + svixSecret})
	list := []notification{
		{name: "crf", partner: crf.Open(env.Instance("PARTNER", "crf"), time.Now), body: lead.Lead(), request: partner.Request{Header: http.Header{lead.Header: {lead.Key}}}},
		{name: "credzu", partner: credzu.Open(env.Instance("PARTNER", "credzu"), time.Now), body: credzu.Sample(), request: partner.Request{Token: urlToken}},
		{name: "cr3dentials", partner: cr3dentials.Open(env.Instance("PARTNER", "cr3dentials"), time.Now), body: cr3dentials.Sample()},
		{name: "referral", partner: referral.Open(env.Instance("PARTNER", "referral"), time.Now), body: referral.Sample()},
	}
	if err := env.Err("PARTNER_"); err != nil {
		return nil, err
	}
	list[2].request.Header = http.Header{"X-Webhook-Signature": {fmt.Sprintf("%x", sum(hmacSecret, list[2].body))}}
	list[2].bare = func() { sum(hmacSecret, list[2].body) }
	hook, err := standardwebhooks.NewWebhook(svixSecret)
	if err != nil {
		return nil, err
	}
	signature, err := hook.Sign("msg_bench", now, list[3].body)
	at := strconv.FormatInt(now.Unix(), 10)
	list[3].request.Header = http.Header{"Svix-Id": {"msg_bench"}, "Svix-Timestamp": {at}, "Svix-Signature": {signature}}
	signed := append([]byte("msg_bench."+at+"."), list[3].body...)
	list[3].bare = func() { sum(svixSecret[:32], signed) }
	return list, err
}

// sum is the HMAC-SHA256 of a body, as anybody would write it.
func sum(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// decode measures each partner's Decode, validation included, against a bare scan of the same bytes by jsontext, and its
// proof against the bare HMAC.
func decode(_ context.Context, b *bench) error {
	list, err := notifications(time.Now())
	if err != nil {
		return err
	}
	for _, n := range list {
		if err := n.check(); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		scan := scanner(n.body)
		if err := b.contest("decode-"+n.name, "decode "+n.name, len(n.body), "token scan", func() { _, _ = n.partner.Decode(n.request, n.body) }, scan); err != nil {
			return err
		}
		if n.bare == nil {
			continue
		}
		if err := b.contest("proof-"+n.name, "proof "+n.name, len(n.body), "bare HMAC", func() { n.prove() }, n.bare); err != nil {
			return err
		}
	}
	return nil
}

// check says whether what is measured works.
func (n notification) check() error {
	if err := n.prove(); err != nil {
		return err
	}
	_, err := n.partner.Decode(n.request, n.body)
	return err
}

func (n notification) prove() error {
	if err := n.partner.Admit(n.request); err != nil {
		return err
	}
	return n.partner.Verify(n.request, n.body)
}

// scanner reads all tokens of a body, by a decoder that is used again and again.
func scanner(body []byte) func() {
	var buffer bytes.Buffer
	d := jsontext.NewDecoder(&buffer)
	return func() {
		buffer = *bytes.NewBuffer(body)
		d.Reset(&buffer)
		for {
			if _, err := d.ReadToken(); err != nil {
				if !errors.Is(err, io.EOF) {
					panic(err)
				}
				return
			}
		}
	}
}

// contest writes down what one function takes against another, in turns of this process's CPU.
func (b *bench) contest(id, name string, size int, otherName string, one, other func()) error {
	ratio, mine, theirs, err := turns(4*b.opts.rounds, one, other)
	if err != nil {
		return err
	}
	b.report.Measured(id, b.how(), ratio, "")
	b.report.Note(report.Fact{Group: "decode and proof, in this process", Name: name, Run: b.how(), Value: mine, Unit: "µs",
		Note: fmt.Sprintf("%s %.2f µs, %d bytes", otherName, theirs.Median, size)})
	b.say("%-20s %.2f µs, %s %.2f µs, ratio %.2f (%.2f–%.2f)", name, mine.Median, otherName, theirs.Median, ratio.Median, ratio.Min, ratio.Max)
	return nil
}

// turn is how long one function has its turn.
const turn = 20 * time.Millisecond

// turns lets two functions take turns and gives the ratio of their CPU, turn by turn, and the microseconds of each.
func turns(n int, one, other func()) (ratio, mine, theirs measure.Spread, err error) {
	calls := [2]int{1, 1}
	var ratios, ones, others []float64
	for i := range n + 1 {
		var each [2]float64
		for k, f := range []func(){one, other} {
			took, err := cpu(calls[k], f)
			if err != nil {
				return ratio, mine, theirs, err
			}
			if i == 0 { // the first turn tells how many calls fill the others
				more := 100
				took, err = cpu(more, f)
				if err != nil {
					return ratio, mine, theirs, err
				}
				calls[k] = max(1, int(turn*time.Duration(more)/max(took, 1)))
			}
			each[k] = float64(took) / float64(calls[k]) / 1e3
		}
		if i > 0 {
			ratios, ones, others = append(ratios, each[0]/each[1]), append(ones, each[0]), append(others, each[1])
		}
	}
	return measure.SpreadOf(ratios), measure.SpreadOf(ones), measure.SpreadOf(others), nil
}

// cpu is what n calls take of this process's CPU: time that others take away does not count.
func cpu(n int, f func()) (time.Duration, error) {
	before, err := measure.OwnCPU()
	if err != nil {
		return 0, err
	}
	for range n {
		f()
	}
	after, err := measure.OwnCPU()
	return after - before, err
}
