package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Erasure is what was erased of a lead, and what lies elsewhere.
type Erasure struct {
	Partner  string   `json:"partner"`
	Lead     string   `json:"lead"`
	Events   []string `json:"events,omitempty"`   // receipts whose payload is gone now
	Before   int      `json:"before,omitempty"`   // events that had been erased before
	Rejected []string `json:"rejected,omitempty"` // of the events, those refused at the door that named the lead
	Table    bool     `json:"table"`              // the leads table had it
	Poison   []string `json:"poison,omitempty"`   // buried messages that named the lead
	Copies   []Copy   `json:"copies,omitempty"`
}

// Copy is what lies, or may lie, in a lender's storage. It is not touched: it is the lender's.
type Copy struct {
	Receipt     string    `json:"receipt"`
	Destination string    `json:"destination"` // name
	Lender      string    `json:"lender,omitempty"`
	Place       string    `json:"place,omitempty"` // host and path of the destination
	State       string    `json:"state"`           // delivered; of any other a try may have got through
	Sent        time.Time `json:"sent"`
	FarID       string    `json:"far_id,omitempty"` // Azure message id or ETag
}

// Erase takes away every payload and personal field of a lead that we keep: in the ledger, its claims, the leads table and
// what a drain buried. Keyed hashes stay, so that duplicates are still known. What has been delivered is listed. Events
// of the lead that are on their way into the ledger are not found: ask again when the intake is empty. It may be
// called again, and lists the copies again.
func (c *Console) Erase(ctx context.Context, partner, lead string, w Who) (Erasure, error) {
	out := Erasure{Partner: partner, Lead: leadID(lead)}
	if partner == "" || out.Lead == "" {
		return out, errors.New("say which partner's lead")
	}
	all, err := c.names(ctx)
	if err != nil {
		return out, err
	}
	keys, err := c.Ledger.EventsOf(ctx, c.Ledger.Hash.Lead(partner, out.Lead))
	if err != nil {
		return out, err
	}
	for _, key := range keys {
		if err := c.eraseEvent(ctx, key, w, all, &out); err != nil {
			return out, err
		}
	}
	if err := c.eraseRejected(ctx, w, all, &out); err != nil {
		return out, err
	}
	if out.Table, err = c.Leads.Erase(ctx, partner, out.Lead); err != nil {
		return out, err
	}
	err = c.erasePoison(ctx, &out)
	return out, err
}

func (c *Console) eraseEvent(ctx context.Context, key string, w Who, all map[string]registry.Destination, out *Erasure) error {
	h, ok, err := c.Ledger.History(ctx, key, 0)
	if err != nil || !ok {
		return err
	}
	e := h.Event
	for _, d := range h.Deliveries {
		if d.Tries == 0 {
			continue
		}
		to := all[d.Destination]
		out.Copies = append(out.Copies, Copy{Receipt: e.Receipt, Destination: nameOf(all, d.Destination), Lender: to.Lender, Place: to.Place,
			State: string(d.State), Sent: d.Last, FarID: d.FarID})
	}
	if !e.Erased.IsZero() {
		out.Before++
	} else {
		if err := c.Ledger.AddDeed(ctx, key, c.deed(w, ledger.DeedErased)); err != nil {
			return err
		}
		out.Events = append(out.Events, e.Receipt)
	}
	return c.Ledger.Erase(ctx, key) // again, if need be: an earlier one may have been cut short
}

// eraseRejected looks through the events that were refused at the door, of the partner and of nobody: what lead they were
// of was never known, so that they are read one by one.
func (c *Console) eraseRejected(ctx context.Context, w Who, all map[string]registry.Destination, out *Erasure) error {
	for _, partner := range []string{out.Partner, ledger.UnknownPartner} {
		keys, err := c.Ledger.RejectedOf(ctx, partner)
		if err != nil {
			return err
		}
		for _, key := range keys {
			e, ok, err := c.Ledger.Event(ctx, key)
			if err != nil {
				return err
			}
			if !ok || !e.Erased.IsZero() {
				continue
			}
			data, err := c.data(ctx, e)
			if errors.Is(err, ledger.ErrErased) {
				continue
			}
			if err != nil {
				return err
			}
			if names(data, out.Lead) {
				out.Rejected = append(out.Rejected, e.Receipt)
				if err := c.eraseEvent(ctx, key, w, all, out); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// names says whether some bytes hold a lead's id as a word of its own, in any case.
func names(data []byte, lead string) bool {
	data, word := bytes.ToLower(data), []byte(strings.ToLower(lead))
	for from := 0; ; {
		i := bytes.Index(data[from:], word)
		if i < 0 {
			return false
		}
		begin := from + i
		end := begin + len(word)
		if (begin == 0 || !wordByte(data[begin-1])) && (end == len(data) || !wordByte(data[end])) {
			return true
		}
		from = begin + 1
	}
}

func wordByte(b byte) bool {
	return b == '-' || b == '_' || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z')
}

// erasePoison drops the buried messages that name the lead. Those in base64 are told apart by what they hold.
func (c *Console) erasePoison(ctx context.Context, out *Erasure) error {
	for b, err := range c.Poison.List(ctx, "") {
		if err != nil {
			return err
		}
		buried, err := c.Poison.Read(ctx, b.Name)
		if errors.Is(err, ledger.ErrNotBuried) {
			continue
		}
		if err != nil {
			return err
		}
		if !names(buried.Body, out.Lead) && !names(unwrapped(buried.Body), out.Lead) {
			continue
		}
		if err := c.Poison.Drop(ctx, b.Name); err != nil && !errors.Is(err, ledger.ErrNotBuried) {
			return fmt.Errorf("erase what is buried: %w", err)
		}
		out.Poison = append(out.Poison, b.Name)
	}
	return nil
}

// unwrapped undoes the base64 of a queue message; what is none stays as it is.
func unwrapped(body []byte) []byte {
	text, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(body))
	if err != nil {
		return body
	}
	return text
}
