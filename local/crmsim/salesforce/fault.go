package salesforce

import (
	"net/http"
	"strings"
	"time"
)

// Fault is something that goes wrong once, or Times times, at the next request that fits.
type Fault struct {
	Path  string // a part of the path; empty: any call but those for tokens
	Times int    // 0 means once

	// What happens; the zero value changes nothing.
	Delay      time.Duration
	DropBefore bool   // the connection is closed, and nothing was done
	DropAfter  bool   // the connection is closed after the work was done
	Truncate   bool   // the answer's body breaks off in the middle
	Status     int    // answered instead of the work
	Code       string // errorCode of that answer; empty: Body as it is
	Body       string // text/html, as a gateway's
	Header     map[string]string
	Item       string // with ItemCode: the item with this external id fails, the others do not
	ItemCode   string
}

// Script adds faults; they are used up in order.
func (o *Org) Script(faults ...Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range faults {
		f.Times = max(f.Times, 1)
		o.faults = append(o.faults, &f)
	}
}

// Pending is how many scripted faults have not happened yet.
func (o *Org) Pending() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, f := range o.faults {
		n += f.Times
	}
	return n
}

// takeFault is the first fault that fits a request, used once; faults of items wait for their item.
func (o *Org) takeFault(r *http.Request) Fault {
	for _, f := range o.faults {
		fits := strings.Contains(r.URL.Path, f.Path)
		if f.Path == "" {
			fits = r.URL.Path != tokenPath
		}
		if f.Times > 0 && f.ItemCode == "" && fits {
			f.Times--
			return *f
		}
	}
	return Fault{}
}

// itemFault is the fault of one item, used once.
func (o *Org) itemFault(key string) *problem {
	for _, f := range o.faults {
		if f.Times > 0 && f.ItemCode != "" && f.Item == key {
			f.Times--
			return fail(http.StatusBadRequest, f.ItemCode, "scripted for "+key)
		}
	}
	return nil
}

func (f Fault) reply() reply {
	if f.Code != "" {
		out := fail(f.Status, f.Code, "scripted").reply()
		out.header = f.Header
		return out
	}
	return reply{status: f.Status, raw: f.Body, kind: "text/html", header: f.Header}
}
