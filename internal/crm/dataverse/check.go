package dataverse

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"leadrelay/internal/lead"
)

// How long what the organisation's metadata said is believed: when it was right, when it was wrong, and when it is doubted.
const (
	believeRight = time.Hour
	believeWrong = time.Minute
	believeDoubt = 5 * time.Second
)

// Check implements [crm.CRM]: not paused, a token, WhoAmI, and once an hour the columns and the key that the map needs.
func (c *CRM) Check(ctx context.Context) error {
	if err := c.whoAmI(ctx); err != nil {
		return err
	}
	return c.learn(ctx, false)
}

func (c *CRM) whoAmI(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodGet, path: "WhoAmI", what: "WhoAmI"})
	return err
}

// knowledge is what is known of the organisation's tables.
type knowledge struct {
	mu   sync.Mutex
	when time.Time
	err  error
}

// learn asks whether the tables have what the map needs. It fails with Address when they do not, and with Unavailable
// when they cannot be asked. Who may not read metadata is not held up. With doubt, only what was learnt a few seconds ago
// is believed.
func (c *CRM) learn(ctx context.Context, doubt bool) error {
	k := &c.meta
	k.mu.Lock()
	defer k.mu.Unlock()
	age := c.Now().Sub(k.when)
	believe := believeRight
	switch {
	case k.when.IsZero():
		believe = 0
	case doubt:
		believe = believeDoubt
	case k.err != nil:
		believe = believeWrong
	}
	if age < believe {
		return k.err
	}
	var wrong []string
	for _, object := range c.objects() {
		t, err := c.table(ctx, object)
		switch {
		case lead.KindOf(err) == lead.Unavailable:
			return err
		case err != nil: // no right to read it
			continue
		}
		wrong = append(wrong, t.missing(c, object)...)
	}
	k.when, k.err = c.Now(), nil
	if len(wrong) > 0 {
		k.err = told("metadata", lead.Errorf(lead.Address, "%s", strings.Join(wrong, "; ")))
	}
	return k.err
}

// objects are those that the map writes, the lead first.
func (c *CRM) objects() []string {
	out := []string{"lead"}
	for _, col := range c.Mapping.Columns() {
		if !slices.Contains(out, col.Object) {
			out = append(out, col.Object)
		}
	}
	return out
}

// missing says what of the map the table lacks, in a few words.
func (t *table) missing(c *CRM, object string) []string {
	var wrong, lacks []string
	if field := c.Mapping.KeyField(); object == "lead" && field != "" {
		if status := t.key(field); status != "Active" {
			wrong = append(wrong, "the alternate key on "+t.logical+"."+field+" "+keyText(status))
		}
	}
	for _, col := range c.Mapping.Columns() {
		if name, isBind := strings.CutSuffix(col.Field, "@odata.bind"); col.Object == object && !isBind && t.columns[name].kind == "" {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		wrong = append(wrong, "table "+t.logical+" lacks the columns "+strings.Join(lacks, ", ")+" that the map writes")
	}
	return wrong
}

func keyText(status string) string {
	if status == "" {
		return "does not exist"
	}
	return "is " + status + ", not Active"
}
