// Package rule compiles a destination's filter, which says whether it gets an event, and its projection and template, which
// say how much of one.
package rule

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/lead"
)

// Event is an event as rules see it. Fill the exported fields before the first rule looks; then rules may look side by side.
// Nothing is worked out before a rule asks for it, and then once.
type Event struct {
	Event   lead.Event
	Payload []byte // the partner's bytes

	ID       string    // of the envelope: the receipt
	Time     time.Time // when it was received
	Initial  bool      // the first version of its lead
	Revision int       // which version of its lead it is, from 1; 0 when nobody knows
	Test     bool      // made by `leadctl destinations test`

	leaves lazy[[]any]
	formed lazy[error] // whether the payload is well-formed JSON
	tree   lazy[decoded]
	scant  lazy[any] // the variables without data
	whole  lazy[any] // the variables
	vms    sync.Pool // of *vm.VM: filters that are asked one after the other share one
}

// NewEvent makes an event for rules out of a decoded one and its payload, which may be anything: what is not JSON fails
// the rules that ask for data, and only them.
func NewEvent(e lead.Event, payload []byte) *Event { return &Event{Event: e, Payload: payload} }

// lazy is a value that is made when it is first asked for.
type lazy[T any] struct {
	once sync.Once
	v    T
}

func (l *lazy[T]) get(make func() T) T {
	l.once.Do(func() { l.v = make() })
	return l.v
}

// decoded is the payload as a tree.
type decoded struct {
	root any
	err  error
}

// values are those of the leaves, in their order.
func (e *Event) values() []any {
	return e.leaves.get(func() []any {
		out := make([]any, len(leaves))
		for i, l := range leaves {
			out[i] = l.of(e)
		}
		return out
	})
}

// readable says whether the payload can be asked for members.
func (e *Event) readable() error {
	return e.formed.get(func() error {
		if lead.WellFormed(e.Payload) != nil {
			return errPayload
		}
		return nil
	})
}

// object says whether the payload is an object or null: then asking for one of its members never fails.
func (e *Event) object() bool {
	text := bytes.TrimLeft(e.Payload, " \t\r\n")
	return e.readable() == nil && (text[0] == '{' || text[0] == 'n')
}

func (e *Event) data() (any, error) {
	d := e.tree.get(func() (d decoded) {
		if d.err = e.readable(); d.err == nil {
			d.root, d.err = decode(e.Payload)
		}
		return d
	})
	return d.root, d.err
}

// variables are what a program runs on; withData fails when the payload is not JSON.
func (e *Event) variables(withData bool) (any, error) {
	if !withData {
		return e.scant.get(func() any { return e.named(nil) }), nil
	}
	root, err := e.data()
	if err != nil {
		return nil, err
	}
	return e.whole.get(func() any { return e.named(root) }), nil
}

// named are the leaves by their names.
func (e *Event) named(data any) variables {
	top := map[string]any{}
	for i, l := range leaves {
		at, names := top, strings.Split(l.name, ".")
		for _, name := range names[:len(names)-1] {
			inner, ok := at[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[name] = inner
			}
			at = inner
		}
		at[names[len(names)-1]] = e.values()[i]
	}
	return variables{Event: top["event"].(map[string]any), Lead: top["lead"].(map[string]any), Data: data}
}
