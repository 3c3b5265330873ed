package sink_test

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/local/azuresim"
	"leadrelay/local/bench/sink"
)

// request is one that candidates send; its path is behind the account.
type request struct {
	name, method string
	service      sink.Service
	path, body   string
	header       map[string]string
}

const (
	text   = `<QueueMessage><MessageText>{"a":"b &amp; c"}</MessageText></QueueMessage>`
	entity = `{"PartitionKey":"p","RowKey":"r","N":1}`
	batch  = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n" +
		"--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPOST %[1]s/rows HTTP/1.1\r\nAccept: application/json;odata=minimalmetadata\r\nContent-Type: application/json\r\nPrefer: return-no-content\r\n\r\n{\"PartitionKey\":\"q\",\"RowKey\":\"1\"}\r\n" +
		"--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPOST %[1]s/rows HTTP/1.1\r\nAccept: application/json;odata=minimalmetadata\r\nContent-Type: application/json\r\nPrefer: return-no-content\r\n\r\n{\"PartitionKey\":\"q\",\"RowKey\":\"2\"}\r\n" +
		"--changeset_1--\r\n--batch_1--\r\n"
)

// requests are sent to both servers in this order.
func requests() []request {
	quiet := map[string]string{"Prefer": "return-no-content", "Content-Type": "application/json"}
	any := map[string]string{"If-Match": "*", "Content-Type": "application/json"}
	blob := map[string]string{"X-Ms-Blob-Type": "BlockBlob", "Content-Type": "application/json", "If-None-Match": "*"}
	return []request{
		{"create a queue", "PUT", sink.Queue, "/leads", "", nil},
		{"create a container", "PUT", sink.Blob, "/leads?restype=container", "", nil},
		{"create a table", "POST", sink.Table, "/Tables", `{"TableName":"rows"}`, quiet},
		{"put a message", "POST", sink.Queue, "/leads/messages?messagettl=-1&visibilitytimeout=0", text, nil},
		{"put a message that expires", "POST", sink.Queue, "/leads/messages", text, nil},
		{"a queue's metadata", "GET", sink.Queue, "/leads?comp=metadata", "", nil},
		{"get messages", "GET", sink.Queue, "/leads/messages?numofmessages=2&visibilitytimeout=30", "", nil},
		{"get of an empty queue", "GET", sink.Queue, "/leads/messages?numofmessages=32", "", nil},
		{"put a blob", "PUT", sink.Blob, "/leads/2026/x.json", `{"a":1}`, blob},
		{"get a blob that is not there", "GET", sink.Blob, "/leads/none", "", nil},
		{"list an empty prefix", "GET", sink.Blob, "/leads?restype=container&comp=list&prefix=none", "", nil},
		{"get an entity that is not there", "GET", sink.Table, "/rows(PartitionKey='p',RowKey='none')", "", nil},
		{"insert", "POST", sink.Table, "/rows", entity, quiet},
		{"insert and have it back", "POST", sink.Table, "/rows", strings.Replace(entity, `"r"`, `"r2"`, 1), map[string]string{"Content-Type": "application/json"}},
		{"get an entity", "GET", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", "", nil},
		{"query", "GET", sink.Table, "/rows()?$filter=RowKey%20eq%20'r2'", "", nil},
		{"merge", "PATCH", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", entity, any},
		{"merge, tunnelled", "POST", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", entity, map[string]string{"If-Match": "*", "X-Http-Method": "MERGE"}},
		{"replace", "PUT", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", entity, any},
		{"upsert", "PUT", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", entity, nil},
		{"delete an entity", "DELETE", sink.Table, "/rows(PartitionKey='p',RowKey='r2')", "", map[string]string{"If-Match": "*"}},
		{"a transaction", "POST", sink.Table, "/$batch", batch, map[string]string{"Content-Type": "multipart/mixed; boundary=batch_1"}},
	}
}

// TestSinkAnswersAsAzureDoes holds the status, the header names and the shape of every answer against azuresim's.
func TestSinkAnswersAsAzureDoes(t *testing.T) {
	sim := azuresim.New(azuresim.Options{})
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	s := start(t, sink.Options{})
	s.SetFeed("leads", &sink.Feed{Total: 2, Text: func(b []byte, _ int64) []byte { return append(b, `{"a":"b &amp; c"}`...) }})
	put(t, s, "rows", `{"odata.etag":"W/\"datetime'2026-01-01T00%3A00%3A00.0000000Z'\"","PartitionKey":"p","RowKey":"r2","Timestamp":"2026-01-01T00:00:00.0000000Z","N":1}`)
	endpoints := map[sink.Service]string{}
	for i, part := range strings.Split(sim.ConnectionString(), ";")[3:6] {
		_, endpoints[sink.Service(i)], _ = strings.Cut(part, "=")
	}
	for _, r := range requests() {
		t.Run(r.name, func(t *testing.T) {
			want, got := send(t, r, strings.TrimSuffix(endpoints[r.service], "/")), send(t, r, s.URL(r.service))
			if got != want {
				t.Errorf("the sink says\n%s\nazuresim says\n%s", got, want)
			}
		})
	}
	if n := s.Counts().Requests["Unknown"]; n > 0 {
		t.Errorf("%d requests are unknown to the sink", n)
	}
}

func start(t testing.TB, o sink.Options) *sink.Sink {
	t.Helper()
	s, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func put(t testing.TB, s *sink.Sink, table, entity string) {
	t.Helper()
	if err := s.PutRow(table, entity); err != nil {
		t.Fatal(err)
	}
}

// send gives the answer without what differs from answer to answer.
func send(t *testing.T, r request, endpoint string) string {
	t.Helper()
	body := r.body
	if strings.Contains(body, "%[1]s") {
		body = fmt.Sprintf(body, endpoint)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, endpoint+r.path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "SharedKey "+sink.AccountName+":eA==")
	req.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	req.Header.Set("X-Ms-Version", "2026-02-06")
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if json.Unmarshal(b, &object) == nil { // the order of members says nothing
		b, _ = json.Marshal(object)
	}
	var out strings.Builder
	fmt.Fprintln(&out, resp.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		fmt.Fprintln(&out, name, shape(endpoint, resp.Header.Get(name)))
	}
	return out.String() + shape(endpoint, string(b))
}

// shape blanks ids, receipts, times, tags, sums and lengths.
func shape(endpoint, s string) string {
	s = strings.ReplaceAll(s, endpoint, "ENDPOINT")
	for _, p := range []string{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, `[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [0-9:]{8} GMT`,
		`\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d(:|%3A)\d\d(\.\d+)?Z`, `"0x8D[0-9A-F]+"`, `AgAAAAMAAAAA[A-Za-z0-9+/]{20}`, `^\d+$`} {
		s = regexp.MustCompile(p).ReplaceAllString(s, "*")
	}
	return s
}

// TestSinkAnswersTheProductsClients uses the product's own clients, SDKs or not.
func TestSinkAnswersTheProductsClients(t *testing.T) {
	s := start(t, sink.Options{Keep: 2})
	account, err := azure.ConnectAccount(s.ConnectionString(), azure.NewClient())
	if err != nil {
		t.Fatal(err)
	}
	ctx, rows, q := t.Context(), account.Rows("rows"), account.Messages("leads")
	if _, err := rows.Insert(ctx, azure.NewEntity("p", "r").Text("T", "t")); err != nil {
		t.Error(err)
	}
	if _, err := rows.Get(ctx, "p", "r"); !azure.NotFound(err) {
		t.Errorf("a row that nobody put there: %v", err)
	}
	put(t, s, "rows", `{"odata.etag":"W/\"x\"","PartitionKey":"p/1","RowKey":"r|'1'","T":"t"}`)
	if r, err := rows.Get(ctx, "p/1", "r|'1'"); err != nil || r.Text("T") != "t" {
		t.Errorf("a row that was put there: %+v, %v", r, err)
	}
	if _, err := rows.Transact(ctx, []azure.Write{{Entity: azure.NewEntity("p", "1")}, {Entity: azure.NewEntity("p", "2"), Match: "*"}}); err != nil {
		t.Error(err)
	}
	if _, err := account.Blobs("claims").Put(ctx, "a/b.json", "application/json", []byte("{}"), map[string]string{"k": "v"}); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"one", "two & <2>", "three"} {
		if id, err := q.Put(ctx, text, 0); err != nil || id == "" {
			t.Error(id, err)
		}
	}
	if got := s.Texts(); !slices.Equal(got, []string{"two & <2>", "three"}) {
		t.Errorf("kept %q", got)
	}
	s.SetFeed("leads", &sink.Feed{Total: 40, Text: func(b []byte, n int64) []byte { return fmt.Append(b, "message ", n) }})
	seen := map[string]bool{}
	for range 3 {
		messages, err := q.Get(ctx, 32, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			seen[m.Text] = true
			if err := q.Delete(ctx, m.ID, m.Receipt); err != nil {
				t.Error(err)
			}
		}
	}
	c := s.Counts()
	if len(seen) != 40 || c.Requests["DeleteMessage"] != 40 || c.Requests["Unknown"] != 0 || c.Writes != 2 {
		t.Errorf("%d messages, %+v", len(seen), c)
	}
}

func TestSinkWaitsSideBySide(t *testing.T) {
	s := start(t, sink.Options{})
	s.SetDelay(sink.CRM, 50*time.Millisecond)
	s.SetCRM(500)
	started, done := time.Now(), make(chan int)
	for range 20 {
		go func() {
			resp, err := http.Post(s.URL(sink.CRM)+"/crm", "application/json", strings.NewReader("{}"))
			if err != nil {
				done <- 0
				return
			}
			resp.Body.Close()
			done <- resp.StatusCode
		}()
	}
	for range 20 {
		if status := <-done; status != 500 {
			t.Errorf("status %d", status)
		}
	}
	if took := time.Since(started); took > 20*50*time.Millisecond {
		t.Errorf("20 requests took %v: one after the other", took)
	}
	if c := s.Counts(); c.Waits != 20 || c.MeanWait() < 50*time.Millisecond {
		t.Errorf("%d waits of %v", c.Waits, c.MeanWait())
	}
}

func TestSinkSpeaksTLS(t *testing.T) {
	s := start(t, sink.Options{TLS: true})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	resp, err := client.Post(s.URL(sink.Queue)+"/leads/messages", "application/xml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	key, ok := resp.TLS.PeerCertificates[0].PublicKey.(*rsa.PublicKey)
	if resp.StatusCode != http.StatusCreated || !ok || key.Size() != 2048/8 {
		t.Errorf("answered %d over TLS", resp.StatusCode)
	}
}

// BenchmarkPutMessage is one put with its client, both over bare TCP: what the benchmark's own core does for a request.
func BenchmarkPutMessage(b *testing.B) {
	s := start(b, sink.Options{})
	conn, err := net.Dial("tcp", s.Address(sink.Queue))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	body := "<QueueMessage><MessageText>" + strings.Repeat("x", 3041) + "</MessageText></QueueMessage>"
	request := fmt.Appendf(nil, "POST /%s/leads/messages?messagettl=-1 HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n%s", sink.AccountName, len(body), body)
	answer := make([]byte, 4<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Read(answer); err != nil || string(answer[9:12]) != "201" {
			b.Fatalf("%v: %s", err, answer)
		}
	}
}
