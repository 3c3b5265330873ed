// Package salesforce keeps leads as Lead records of a Salesforce org, upserted by an external id in collections.
//
// What becomes of what (facts/crm.md §2; the map says which fields):
//   - A lead event is an upsert: an update of a lead that the org has never seen makes its record. A lead that was removed
//     by the partner keeps its record; the map gives it a closed status.
//   - An activity only ever updates. Without the lead's record it fails with [crm.ErrNoLead] and writes nothing. With it, it
//     writes the lead's own fields, a record of the event object, once, and perhaps a task for the owner, once.
//   - A lead that people have converted takes no updates: its activities are written as event records without a parent,
//     its lead events are Refused.
//   - A record that people have deleted is made again by the lead's next event.
//   - A lead that a duplicate rule of the org blocks is Refused. So is one whose key stands in two records, which cannot
//     happen while the key's field is unique.
package salesforce

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/httpclient"
	"leadrelay/internal/mapping"
)

// DefaultVersion is the API version of Summer '26.
const DefaultVersion = "v67.0"

// CRM is one Salesforce org.
type CRM struct {
	setting func(string) string // the whole name of a setting, for errors
	client  *http.Client
	now     func() time.Time
	private bool // a simulator on this machine

	origin     string // of the org's My Domain: every call goes there and nowhere else
	version    string
	auth       auth
	assignment string // Sforce-Auto-Assign for new leads
	allowSave  bool   // of Sforce-Duplicate-Rule-Header
	share      int    // percent of the daily allocation, after which we stop
	mapping    *mapping.Mapping
	event      eventObject

	session session
	gate    gate

	mu   sync.Mutex
	seen time.Time // when the org last answered a call well
}

var (
	_ crm.CRM         = (*CRM)(nil)
	_ crm.Preflighter = (*CRM)(nil)
	_ crm.Batched     = (*CRM)(nil)
)

// eventObject is the object whose records are events, CRF_Event__c (§2.7). Its key field and its lookup to the lead bear
// the same prefix.
type eventObject struct{ name, key, parent, relation string }

func newEventObject(name string) (eventObject, bool) {
	prefix, ok := strings.CutSuffix(name, "Event__c")
	return eventObject{name: name, key: prefix + "Event_Key__c", parent: prefix + "Lead__c", relation: prefix + "Lead__r"}, ok
}

// Open reads CRM_<NAME>_URL (the My Domain address), _CLIENT_ID with _CLIENT_SECRET, or with _JWT_KEY (PEM) and _USERNAME;
// _API_VERSION; _ASSIGNMENT: off, on, or an assignment rule's id, for new leads; _DUPLICATES: allow (what a rule only warns
// of is saved) or reject; _USAGE_LIMIT: percent of the org's daily calls after which we stop; _MAPPING: the map's file;
// _EVENT_OBJECT.
func Open(s *config.Settings, o crm.Options) crm.CRM {
	c := &CRM{setting: s.Key, client: o.Client, now: o.Now, session: newSession()}
	c.readURL(s)
	c.auth = readAuth(s, c.origin)
	c.version = s.String("API_VERSION", DefaultVersion)
	if !regexp.MustCompile(`^v[1-9]\d\.0$`).MatchString(c.version) {
		s.Complain("API_VERSION", "must be like %s", DefaultVersion)
	}
	switch a := s.String("ASSIGNMENT", "off"); {
	case a == "off":
		c.assignment = "FALSE"
	case a == "on":
		c.assignment = "TRUE"
	case regexp.MustCompile(`^01Q[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$`).MatchString(a):
		c.assignment = a
	default:
		s.Complain("ASSIGNMENT", "must be off, on, or the id of an assignment rule (01Q…)")
	}
	c.allowSave = s.OneOf("DUPLICATES", "allow", "reject") == "allow"
	c.share = s.Int("USAGE_LIMIT", 90, 1, 100)
	var ok bool
	if c.event, ok = newEventObject(s.String("EVENT_OBJECT", "CRF_Event__c")); !ok {
		s.Complain("EVENT_OBJECT", "must end in Event__c: its prefix is that of its fields")
	}
	c.readMapping(s)
	return c
}

func (c *CRM) readMapping(s *config.Settings) {
	var err error
	if c.mapping, err = mapping.Load("salesforce", s.String("MAPPING", "")); err != nil {
		s.Complain("MAPPING", "%v", err)
		return
	}
	for _, col := range c.mapping.Columns() {
		if c.object(col.Object) == "" {
			s.Complain("MAPPING", "object %s: there are lead, event and task", col.Object)
		}
	}
}

// object is the org's name of an object of the map.
func (c *CRM) object(word string) string {
	return map[string]string{"lead": "Lead", "event": c.event.name, "task": "Task"}[word]
}

// readURL takes https only, but for a simulator on this machine.
func (c *CRM) readURL(s *config.Settings) {
	address := s.Required("URL")
	if address == "" {
		return
	}
	c.private = loopback(address)
	u, err := httpclient.ParseURL(address, c.private)
	switch {
	case err != nil:
		s.Complain("URL", "%v", err)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		s.Complain("URL", "must be the My Domain address alone: https://<your domain>.my.salesforce.com")
	default:
		c.origin = u.Scheme + "://" + u.Host
	}
}

// loopback tells addresses of this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// fresh is how long a good answer spares Check a call of its own.
const fresh = time.Minute

// Check asks for a token and for the API version's root, unless the org answered within the last minute. While the org
// is to be left alone it refuses at once, with the time that is left.
func (c *CRM) Check(ctx context.Context) error {
	if err := c.gate.closed(c.now()); err != nil {
		return err
	}
	c.mu.Lock()
	seen := c.seen
	c.mu.Unlock()
	if !seen.IsZero() && c.now().Sub(seen) < fresh {
		return nil
	}
	if _, err := c.call(ctx, request{method: http.MethodGet, path: "/"}); err != nil {
		return err
	}
	return c.gate.closed(c.now()) // the answer may have told that the allocation is nearly used
}
