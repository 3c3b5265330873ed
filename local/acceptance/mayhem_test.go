package acceptance

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"leadrelay/local/azurite"
)

// quick makes the host look again soon for messages that failed, and lets leases of killed processes end soon.
func quick() []string {
	return []string{
		"AzureFunctionsJobHost__extensions__queues__visibilityTimeout=00:00:01",
		"AzureFunctionsJobHost__extensions__queues__maxPollingInterval=00:00:00.200",
		"DRAIN_LEASE=6s",
	}
}

// sender posts leads one after the other, each until it is accepted, as a partner does that retries.
type sender struct {
	s  *system
	wg sync.WaitGroup

	mu       sync.Mutex
	accepted []string // lead ids that were answered 200
	statuses map[int]int
	bad      []string // answers that no partner should get
}

// start runs n senders until stop.
func (d *sender) start(n int, stop context.Context) {
	d.statuses = map[int]int{}
	for range n {
		d.wg.Go(func() {
			for stop.Err() == nil {
				d.one(stop)
			}
		})
	}
}

func (d *sender) one(stop context.Context) {
	id := uuid.NewString()
	body := leadWith(id, nil)
	for stop.Err() == nil {
		status, answer, err := d.s.post(bytes.NewReader(body), nil)
		if err != nil {
			status = 0 // the host is between two lives
		}
		d.note(id, status, answer)
		if status == http.StatusOK {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(30 * time.Millisecond)
}

func (d *sender) note(id string, status int, answer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.statuses[status]++
	if status == http.StatusOK {
		d.accepted = append(d.accepted, id)
	}
	if status >= 400 && status < 500 {
		d.bad = append(d.bad, strconv.Itoa(status)+" "+answer)
	}
}

func TestTenTimesTheSameLeadAtOnceIsOneRowAndOneMessageEach(t *testing.T) {
	s := up(t, append(quick(), "DRAIN_SCHEDULE=0 0 0 1 1 *")) // only by hand
	id := uuid.NewString()
	body := leadWith(id, nil)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { s.accepted(body) })
	}
	wg.Wait()
	s.eventually(func() string {
		queued, err := s.ours.Queue("leadrelay-intake").GetProperties(t.Context(), nil)
		if err != nil {
			return err.Error()
		}
		if *queued.ApproximateMessagesCount > 0 {
			return "the intake is not empty"
		}
		return ""
	})
	queued, err := s.ours.Queue("demo-leads").GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := *queued.ApproximateMessagesCount; n != 1 {
		t.Errorf("the lender's queue has %d messages", n)
	}
	if n := s.blobs("demo-leads"); n != 1 {
		t.Errorf("the lender's container has %d blobs", n)
	}
	s.inLeads([]string{id})
}

func (s *system) blobs(container string) int {
	s.t.Helper()
	n := 0
	pages := s.ours.Container(container).NewListBlobsFlatPager(nil)
	for pages.More() {
		page, err := pages.NextPage(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(page.Segment.BlobItems)
	}
	return n
}

func TestHandlerKilledFiftyTimesUnderLoadLosesNothingThatWasAcknowledged(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 5
	}
	s := up(t, quick(), "--message-lease", "5s")
	ctx, stop := context.WithCancel(t.Context())
	d := &sender{s: s}
	d.start(3, ctx)
	killed, last := 0, 0
	s.eventually(func() string { // fifty restarts of handler and host take a while
		for killed < kills {
			s.refresh()
			pid := s.info.PIDs.Handler
			if pid == 0 || pid == last || !alive(pid) {
				return "the handler is down"
			}
			time.Sleep(rand.N(200 * time.Millisecond))
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed, last = killed+1, pid
			}
		}
		return ""
	})
	stop()
	d.wg.Wait()
	if len(d.accepted) == 0 || len(d.bad) > 0 {
		t.Fatalf("%d leads were accepted; the answers were %v %v", len(d.accepted), d.statuses, d.bad)
	}
	t.Logf("%d kills, %d leads accepted, answers %v", killed, len(d.accepted), d.statuses)
	s.inLeads(d.accepted)
}

func TestStorageOutageLosesNothingThatWasAcknowledged(t *testing.T) {
	data := t.TempDir()
	s := up(t, quick(), "--data", data, "--message-lease", "5s")
	blob, queue, table := ports(t, s.info.Storage)
	ctx, stop := context.WithCancel(t.Context())
	d := &sender{s: s}
	d.start(3, ctx)
	s.eventually(func() string { return d.atLeast(http.StatusOK, 20) })
	if err := syscall.Kill(s.info.PIDs.Azurite, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.eventually(func() string { return d.atLeast(http.StatusServiceUnavailable, 5) })
	again, err := azurite.Start(t.Context(), azurite.Options{Data: data, BlobPort: blob, QueuePort: queue, TablePort: table})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	before := d.count(http.StatusOK)
	s.eventually(func() string { return d.atLeast(http.StatusOK, before+20) })
	stop()
	d.wg.Wait()
	for status := range d.statuses {
		if status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Errorf("the answers were %v; only 200 and 503 may be", d.statuses)
		}
	}
	t.Logf("%d leads accepted, answers %v", len(d.accepted), d.statuses)
	s.inLeads(d.accepted)
}

func (d *sender) count(status int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.statuses[status]
}

func (d *sender) atLeast(status, n int) string {
	if have := d.count(status); have < n {
		return strconv.Itoa(have) + " answers of " + strconv.Itoa(status) + ", want " + strconv.Itoa(n)
	}
	return ""
}

// ports are Azurite's ports in a connection string.
func ports(t *testing.T, connection string) (blob, queue, table int) {
	t.Helper()
	var out []int
	for _, m := range regexp.MustCompile(`(?:Blob|Queue|Table)Endpoint=([^;]+)`).FindAllStringSubmatch(connection, -1) {
		u, err := url.Parse(m[1])
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, port)
	}
	return out[0], out[1], out[2]
}
