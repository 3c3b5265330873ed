package partnertest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Cost measures what a driver does with its samples: Decode against a bare scan of the same tokens ("x-scan", the median
// of paired rounds), and the judgment of each setup's proof against a bare HMAC-SHA256 of the body ("x-hmac").
func Cost(b *testing.B, h Harness) {
	p := open(b, h, h.Setups[0])
	for _, name := range samples(b) {
		body := read(b, name)
		r := request(h, body)
		b.Run("Decode/"+name, func(b *testing.B) {
			compare(b, "x-scan", scanner(b, body), func() {
				if _, err := p.Decode(r, body); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	body := read(b, h.Sample)
	for _, s := range h.Setups {
		p, r := open(b, h, s), prove(s, body, Now(), Current)
		b.Run("Proof/"+s.Name, func(b *testing.B) {
			sum := make([]byte, 0, sha256.Size)
			compare(b, "x-hmac", func() {
				mac := hmac.New(sha256.New, []byte("a key of thirty-two characters.."))
				mac.Write(body)
				sum = mac.Sum(sum[:0])
			}, func() {
				if err := judge(p, r, body); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// scanner reads every token of body, by a decoder that is used again and again.
func scanner(b *testing.B, body []byte) func() {
	var src bytes.Buffer
	dec := jsontext.NewDecoder(&src)
	return func() {
		src = *bytes.NewBuffer(body)
		dec.Reset(&src)
		for {
			if _, err := dec.ReadToken(); err == io.EOF {
				return
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// compare does work in turns with a yardstick, and reports the median of the CPU time that work takes, the collector's
// share included, and of its ratio to the yardstick's. CPU time, because a busy machine stretches all others.
func compare(b *testing.B, unit string, yardstick, work func()) {
	const round = 1000 // long enough for the collector to have its share
	b.ReportAllocs()
	work()
	var times, ratios []float64
	for done := 0; done < b.N; {
		n := min(round, b.N-done)
		done += n
		bare := timed(n, yardstick)
		full := timed(n, work)
		times, ratios = append(times, float64(full)/float64(n)), append(ratios, float64(full)/float64(bare))
	}
	b.ReportMetric(median(times), "ns/op")
	b.ReportMetric(median(ratios), unit)
}

func timed(n int, f func()) time.Duration {
	start := cpu()
	for range n {
		f()
	}
	return cpu() - start
}

// cpu is the time that the process has spent on processors so far.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
