package drain_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/drain"
	"leadrelay/internal/inbox"
	"leadrelay/internal/inbox/queue"
	"leadrelay/internal/lead"
	"leadrelay/internal/ledger"
	"leadrelay/internal/partner"
	"leadrelay/internal/partner/crf"
)

// account is a storage account that says yes to everything, at once. Its queue has so many messages.
type account struct {
	batches [][]byte // answers of Get Messages, of 32 leads that are in no other
	next    atomic.Int64
	left    atomic.Int64
}

func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	resp := &http.Response{StatusCode: http.StatusNoContent, ProtoMajor: 1, ProtoMinor: 1, Request: r, Body: http.NoBody,
		Header: http.Header{"Etag": {`W/"datetime'2026-01-01T00%3A00%3A00.0000000Z'"`}, "X-Ms-Request-Id": {"1"}, "X-Ms-Version": {"2021-12-02"}}}
	say := func(status int, answer []byte) {
		resp.StatusCode, resp.ContentLength, resp.Body = status, int64(len(answer)), io.NopCloser(bytes.NewReader(answer))
	}
	switch {
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/messages"):
		answer := []byte(`<?xml version="1.0" encoding="utf-8"?><QueueMessagesList />`)
		if a.left.Add(-32) >= 0 {
			answer = a.batches[int(a.next.Add(1))%len(a.batches)]
		}
		say(http.StatusOK, answer)
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "RowKey"):
		resp.Header.Set("Content-Type", "application/json")
		say(http.StatusNotFound, []byte(`{"odata.error":{"code":"ResourceNotFound","message":{"lang":"en-US","value":"none"}}}`))
	case r.Method == http.MethodGet:
		say(http.StatusOK, []byte(`{"value":[]}`))
	}
	return resp, nil
}

// newAccount has CRF Connect's sample lead under many ids, in our envelope and base64, as our own queue destination puts it.
func newAccount(tb testing.TB) *account {
	tb.Helper()
	sample, err := os.ReadFile("../partner/crf/testdata/lead.json")
	if err != nil {
		tb.Fatal(err)
	}
	a := &account{}
	for batch := range 64 {
		var b bytes.Buffer
		b.WriteString(`<?xml version="1.0" encoding="utf-8"?><QueueMessagesList>`)
		for i := range 32 {
			n := batch*32 + i
			id := fmt.Sprintf("4626a582-afb9-48bf-8d86-%012x", n)
			e := lead.Envelope{ID: fmt.Sprintf("01JQZ8V5X6T7B8C9D0E1F%05d", n), Partner: "crf", Type: "crf.lead", Subject: id,
				Time: time.Date(2026, 1, 2, 3, 4, 5, n, time.UTC), Data: bytes.ReplaceAll(sample, []byte("4626a582-afb9-48bf-8d86-87e6fe91a842"), []byte(id))}
			fmt.Fprintf(&b, `<QueueMessage><MessageId>5974b586-0df3-4e2d-ad0c-%012x</MessageId><InsertionTime>Fri, 02 Jan 2026 03:04:05 GMT</InsertionTime>`+
				`<ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime><PopReceipt>`, n)
			_ = xml.EscapeText(&b, []byte("AgAAAAMAAAAAAAAAlhLZ3V972AE="))
			fmt.Fprintf(&b, `</PopReceipt><TimeNextVisible>Fri, 02 Jan 2026 03:09:05 GMT</TimeNextVisible><DequeueCount>1</DequeueCount><MessageText>%s</MessageText></QueueMessage>`,
				base64.StdEncoding.EncodeToString(e.AppendJSON(nil)))
		}
		b.WriteString(`</QueueMessagesList>`)
		a.batches = append(a.batches, b.Bytes())
	}
	return a
}

// bench is a drain of that account into its leads table, with CRF Connect's decoder and a log in JSON.
type bench struct {
	far     *account
	drainer *drain.Drainer
	lane    drain.Lane
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	const connection = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.windows.net"
	b := &bench{far: newAccount(tb)}
	client := &http.Client{Transport: b.far}
	own, err := azure.ConnectAccount(connection, client)
	if err != nil {
		tb.Fatal(err)
	}
	sign, err := azure.NewSigner(connection)
	if err != nil {
		tb.Fatal(err)
	}
	in, err := queue.Open(inbox.Options{Address: sign.SignQueue("leads", "up", time.Now().AddDate(0, 0, -1), time.Now().AddDate(1, 0, 0)),
		Poison: noPoison{}, Client: client, Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	from := crf.Open(config.New([]string{"PARTNER_CRF_SECRET=secret-secret-secret"}).Instance("PARTNER", "crf"), time.Now)
	b.drainer = &drain.Drainer{Partners: map[string]partner.Partner{"crf": from}, Now: time.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		States: ledger.NewLeadStates(own, "state", ledger.NewHash([]byte("a key")).Of, time.Now)}
	b.lane = drain.Lane{Name: "main", Inbox: in, PartnerName: "crf", Partner: from, CRM: table.New(own, "leads", time.Now), CRMName: "table"}
	return b
}

// benchLeads is how many leads one run drains.
const benchLeads = 64 * 32

func (b *bench) run(tb testing.TB) {
	b.far.left.Store(benchLeads)
	if report, err := b.drainer.Run(tb.Context(), b.lane); err != nil || report.Created != benchLeads {
		tb.Fatalf("%+v, %v", report, err)
	}
}

// BenchmarkDrain is a new lead from an inbox into the leads table, but for the time that storage takes: everything that the
// process does, requests included.
func BenchmarkDrain(b *testing.B) {
	d := newBench(b)
	for _, d.lane.InFlight = range []int{8, 32, 64} {
		b.Run(fmt.Sprint(d.lane.InFlight, " in flight"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.run(b)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*benchLeads), "µs/lead")
		})
	}
}
