package azuresim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"leadrelay/local/azuresim"
)

// BenchmarkPutMessage is one raw Put Message of 3 KB by SAS, without and with sockets, its client's cost included.
func BenchmarkPutMessage(b *testing.B) {
	body := "<QueueMessage><MessageText>" + strings.Repeat("bGVhZA==", 380) + "</MessageText></QueueMessage>"
	for _, sockets := range []bool{false, true} {
		b.Run(map[bool]string{false: "memory", true: "socket"}[sockets], func(b *testing.B) {
			s := azuresim.New(azuresim.Options{})
			defer s.Close()
			client := &http.Client{Transport: s.Process()}
			if sockets {
				if err := s.Start(); err != nil {
					b.Fatal(err)
				}
				client = s.Client()
			}
			w := newWorld(b, s.ConnectionString(), client.Transport)
			if _, err := w.account.Queue("leads").Create(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			address := w.signer.SignQueue("leads", "a", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)).Reveal() + "&messagettl=-1"
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					resp, err := client.Post(address, "application/xml", strings.NewReader(body))
					if err != nil || resp.StatusCode != http.StatusCreated {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if n%10_000 == 9_999 {
						s.Queue("leads").Clear()
					}
				}
			})
		})
	}
}
