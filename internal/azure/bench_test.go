package azure_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/wire"
)

// canned is what a far side without a socket says to every request.
type canned struct {
	status int
	etag   string
	body   string
}

// client is one of whose connections each leads to it.
func (c canned) client() *http.Client {
	answer := fmt.Appendf(nil, "HTTP/1.1 %d X\r\nContent-Length: %d\r\nServer: Windows-Azure-Table/1.0\r\nx-ms-request-id: 1\r\n", c.status, len(c.body))
	if c.etag != "" {
		answer = fmt.Appendf(answer, "ETag: %s\r\n", c.etag)
	}
	answer = append(append(answer, "\r\n"...), c.body...)
	client := azure.NewClient()
	client.Transport.(*wire.Transport).Base.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return &cannedConn{answer: answer}, nil
	}
	return client
}

// cannedConn is a connection to a canned far side.
type cannedConn struct {
	net.Conn
	answer []byte
	left   bytes.Reader
}

func (c *cannedConn) Write(p []byte) (int, error)      { c.left.Reset(c.answer); return len(p), nil }
func (c *cannedConn) Read(p []byte) (int, error)       { return c.left.Read(p) }
func (c *cannedConn) Close() error                     { return nil }
func (c *cannedConn) SetDeadline(time.Time) error      { return nil }
func (c *cannedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *cannedConn) SetWriteDeadline(time.Time) error { return nil }

// What Azure answers.
const (
	oneMessage = `<QueueMessage><MessageId>4d0ec3bf-1d2b-4e8b-9d6a-8e7b5d5b0a11</MessageId><InsertionTime>Sat, 21 Nov 2026 10:00:00 GMT</InsertionTime><ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime><PopReceipt>AgAAAAMAAAAAAAAA</PopReceipt><TimeNextVisible>Sat, 21 Nov 2026 10:00:00 GMT</TimeNextVisible>`
	listBegins = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList>`
	listEnds   = `</QueueMessagesList>`
	oneRow     = `{"odata.metadata":"https://acc.table.core.windows.net/$metadata#t/@Element","odata.etag":"W/\"datetime'2026-11-21T10%3A00%3A00.1234567Z'\"","PartitionKey":"a94a8fe5ccb19ba61c4c0873d391e987982fbbd3","RowKey":"e","Timestamp":"2026-11-21T10:00:00.1234567Z","State":"delivered","Count":3,"Size@odata.type":"Edm.Int64","Size":"123456789012","At@odata.type":"Edm.DateTime","At":"2026-11-21T10:00:00.1234567Z","Done":true,"Data@odata.type":"Edm.Binary","Data":"AAECAwQFBgcICQoLDA0ODw=="}`
	anETag     = `W/"datetime'2026-11-21T10%3A00%3A00.1234567Z'"`
	onePart    = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 204 No Content\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-cache\r\nPreference-Applied: return-no-content\r\nDataServiceVersion: 3.0;\r\nETag: " + anETag + "\r\n\r\n\r\n"
)

func messagesOf(n int, rest string) string {
	return listBegins + strings.Repeat(oneMessage+rest+"</QueueMessage>", n) + listEnds
}

// cost is one call and the allocations that it may cost.
type cost struct {
	name string
	far  canned
	most float64
	open func(*far) func() error
}

func costs() []cost {
	body := bytes.Repeat([]byte("0123456789abcde\n"), 190) // 3,040 bytes
	const partition = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"
	entity := azure.NewEntity(partition, "e").Text("State", "delivered").Int("Count", 3).Time("At", time.Unix(1e9, 0))
	row := func(do func(context.Context, rows) error) func(*far) func() error {
		return func(f *far) func() error {
			t := f.table("leads")
			return func() error { return do(f.ctx, t) }
		}
	}
	queue := func(do func(context.Context, messages) error) func(*far) func() error {
		return func(f *far) func() error {
			q := f.queue("leads")
			return func() error { return do(f.ctx, q) }
		}
	}
	text, put := string(body), messagesOf(1, "")
	return []cost{
		{"PutBase64", canned{201, "", put}, 7, queue(func(ctx context.Context, q messages) error { _, err := q.PutBase64(ctx, body, 0); return err })},
		{"Put", canned{201, "", put}, 7, queue(func(ctx context.Context, q messages) error { _, err := q.Put(ctx, text, 0); return err })},
		{"Get32", canned{200, "", messagesOf(32, "<DequeueCount>1</DequeueCount><MessageText>"+strings.Repeat("MDEyMzQ1Njc4OWFiY2RlCg==", 170)+"</MessageText>")}, 12,
			queue(func(ctx context.Context, q messages) error { _, err := q.Get(ctx, 32, time.Minute); return err })},
		{"Delete", canned{204, "", ""}, 10, queue(func(ctx context.Context, q messages) error {
			return q.Delete(ctx, "4d0ec3bf-1d2b-4e8b-9d6a-8e7b5d5b0a11", "AgAAAAMAAAAAAAAA")
		})},
		{"PutBlob", canned{201, `"0x8D"`, ""}, 7, func(f *far) func() error {
			c := f.container("leads")
			return func() error { _, err := c.Put(f.ctx, "x.json", "application/json", body, nil); return err }
		}},
		{"Insert", canned{204, anETag, ""}, 6, row(func(ctx context.Context, t rows) error { _, err := t.Insert(ctx, entity); return err })},
		{"Merge", canned{204, anETag, ""}, 7, row(func(ctx context.Context, t rows) error { _, err := t.Merge(ctx, entity, azcore.ETagAny); return err })},
		{"GetRow", canned{200, "", oneRow}, 19, row(func(ctx context.Context, t rows) error { _, err := t.Get(ctx, partition, "e"); return err })},
		{"Transact3", canned{202, "", "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n" + strings.Repeat(onePart, 3) + "--changesetresponse_1--\r\n--batchresponse_1--\r\n"}, 12,
			row(func(ctx context.Context, t rows) error {
				_, err := t.Transact(ctx, []azure.Write{{Entity: entity}, {Entity: entity}, {Entity: entity}})
				return err
			})},
	}
}

// call is one over the canned far side, by one of the two ways, under a deadline as the flows set one.
func (c cost) call(tb testing.TB, sdk bool) func() error {
	account, err := azure.ConnectAccount("AccountName=acc;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acc;QueueEndpoint=http://127.0.0.1:1/acc;TableEndpoint=http://127.0.0.1:1/acc", c.far.client())
	must(tb, err)
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
	tb.Cleanup(cancel)
	return c.open(&far{t: tb, ctx: ctx, sdk: sdk, account: account})
}

func TestCallsStayWithinTheirAllocations(t *testing.T) {
	if racing {
		t.Skip("the race detector throws away what is kept for the next call")
	}
	for _, c := range costs() {
		do := c.call(t, false)
		got := testing.AllocsPerRun(200, func() { must(t, do()) })
		t.Logf("%s: %.0f allocations", c.name, got)
		if got > c.most {
			t.Errorf("%s allocates %.0f times, at most %.0f are allowed", c.name, got, c.most)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	for _, c := range costs() {
		for way, sdk := range map[string]bool{"ours": false, "sdk": true} {
			b.Run(c.name+"/"+way, func(b *testing.B) {
				do := c.call(b, sdk)
				b.ReportAllocs()
				for b.Loop() {
					if err := do(); err != nil && !(sdk && c.name == "Transact3") { // the SDK's way reads the ETags by further calls
						b.Fatal(err)
					}
				}
			})
		}
	}
}
