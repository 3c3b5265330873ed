// Package blob is the blob service: block blobs, conditions, leases and listings as Azure keeps them.
package blob

import (
	"regexp"
	"slices"
	"sync"
	"time"

	"leadrelay/local/azuresim/ordered"
	"leadrelay/local/azuresim/wire"
)

// MaxBody is how large a blob may be in one request, in bytes. Azure takes 5,000 MiB.
const MaxBody = 256 << 20

// maxPage is how many blobs a page of a listing holds (facts/azure-storage.md §3).
const maxPage = 5000

// Store holds the containers of one account.
type Store struct {
	mu         sync.RWMutex
	containers map[string]*container
	deleted    map[string]time.Time
	deletion   time.Duration
	page       int
}

// NewStore makes an empty store. deletion is how long the name of a deleted container cannot be used (Azure: 30 s); page
// is the most that a page lists, 0 for Azure's own 5,000.
func NewStore(deletion time.Duration, page int) *Store {
	if page <= 0 {
		page = maxPage
	}
	return &Store{containers: map[string]*container{}, deleted: map[string]time.Time{}, deletion: deletion, page: page}
}

// container is one container; its lock is its own.
type container struct {
	mu       sync.Mutex
	name     string
	meta     map[string]string
	policies []wire.Policy
	blobs    ordered.Map[*blob]
	last     int64 // the tick of the latest version; each has its own
	etag     string
	modified time.Time
}

// blob is one block or append blob.
type blob struct {
	data     []byte
	headers  [len(contentHeaders)]string
	meta     map[string]string
	md5      string
	etag     string
	created  time.Time
	modified time.Time
	lease    lease
	blocks   map[string][]byte // staged and not committed
	grows    bool              // an append blob
	staged   bool              // only blocks are there; the blob is not yet
}

func (b *blob) kind() string {
	if b.grows {
		return "AppendBlob"
	}
	return "BlockBlob"
}

// contentHeaders are kept with a blob: the header of a request, and of an answer.
var contentHeaders = [6][2]string{
	{"X-Ms-Blob-Content-Type", "Content-Type"}, {"X-Ms-Blob-Content-Encoding", "Content-Encoding"}, {"X-Ms-Blob-Content-Language", "Content-Language"},
	{"X-Ms-Blob-Cache-Control", "Cache-Control"}, {"X-Ms-Blob-Content-Disposition", "Content-Disposition"}, {"X-Ms-Blob-Content-Md5", "Content-Md5"},
}

// version gives the next ETag and time of change.
func (c *container) version(now time.Time) (etag string, at time.Time) {
	c.last = max(c.last+1, wire.Ticks(now))
	return wire.ETag(c.last), now
}

func (s *Store) find(name string) (*container, *wire.Error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.containers[name]; c != nil {
		return c, nil
	}
	return nil, wire.Errorf(404, "ContainerNotFound", "The specified container does not exist.")
}

// Policy finds a stored access policy.
func (s *Store) Policy(name, id string) (wire.Policy, bool) {
	c, err := s.find(name)
	if err != nil {
		return wire.Policy{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.policies {
		if p.ID == id {
			return p, true
		}
	}
	return wire.Policy{}, false
}

// Stored is a blob as it lies in a container.
type Stored struct {
	Name        string
	Data        []byte // not a copy: not to be written to
	ContentType string
	ETag        string
	Modified    time.Time
	Metadata    map[string]string
}

// Blobs are the blobs of a container in order of name. A container that is not there has none.
func (s *Store) Blobs(name string) []Stored {
	c, err := s.find(name)
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Stored
	for name, b := range c.blobs.From("") {
		if !b.staged {
			out = append(out, Stored{Name: name, Data: b.data, ContentType: b.headers[0], ETag: b.etag, Modified: b.modified, Metadata: b.meta})
		}
	}
	return out
}

// Clear takes all blobs out of a container.
func (s *Store) Clear(name string) {
	if c, err := s.find(name); err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.blobs = ordered.Map[*blob]{}
	}
}

// Names are the containers in order.
func (s *Store) Names() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []string
	for name := range s.containers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var namePattern = regexp.MustCompile(`^([a-z0-9](-?[a-z0-9])*|\$root|\$logs)$`)

func checkName(name string) *wire.Error {
	switch {
	case len(name) < 3 || len(name) > 63:
		return wire.Errorf(400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
	case !namePattern.MatchString(name):
		return wire.Errorf(400, "InvalidResourceName", "The specifed resource name contains invalid characters.")
	}
	return nil
}
