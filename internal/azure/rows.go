package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// Rows are the rows of a table of our own account, for what is done with every event. What is done now and then goes
// through the SDK. Errors are as [Classify] tells them.
type Rows struct {
	at   *endpoint
	name string
	path string
}

// Rows is a table of the account, for what is done with every event. Nothing is called.
func (a *Account) Rows(name string) *Rows {
	return &Rows{at: a.tableAt, name: name, path: a.tableAt.path + "/" + name}
}

// Create makes the table; one that is there is an error that [Exists] knows.
func (t *Rows) Create(ctx context.Context) error {
	path := t.at.path + "/Tables"
	c := t.at.call(http.MethodPost, path, path, t.at.query(""))
	defer c.done()
	c.data, _ = jsontext.AppendQuote(append(c.data, `{"TableName":`...), t.name)
	c.data = append(c.data, '}')
	c.set("Prefer", "return-no-content")
	_, err := c.write(ctx)
	return err
}

// Get reads a row; one that is missing is an error that [NotFound] knows.
func (t *Rows) Get(ctx context.Context, partition, key string) (Row, error) {
	c := t.row(http.MethodGet, partition, key)
	defer c.done()
	c.set("DataServiceVersion", "3.0")
	if err := c.send(ctx, http.StatusOK); err != nil {
		return Row{}, err
	}
	r, err := ParseRow(c.answer.bytes())
	if err != nil {
		return Row{}, c.unreadable("a row")
	}
	if r.ETag == "" {
		r.ETag = c.etag()
	}
	return r, nil
}

// Insert adds a row; one that is there is an error that [Exists] knows.
func (t *Rows) Insert(ctx context.Context, e *Entity) (azcore.ETag, error) {
	c := t.at.call(http.MethodPost, t.path, t.path, t.at.query(""))
	defer c.done()
	c.data = e.AppendJSON(c.data)
	c.set("Prefer", "return-no-content")
	return c.write(ctx)
}

// Merge changes the named properties of a row that is still what it was at the ETag; else the error is one that [Stale]
// knows, or [NotFound]. azcore.ETagAny changes whatever is there.
func (t *Rows) Merge(ctx context.Context, e *Entity, match azcore.ETag) (azcore.ETag, error) {
	return t.update(ctx, http.MethodPatch, e, match)
}

// Replace is Merge that drops the properties which are not named.
func (t *Rows) Replace(ctx context.Context, e *Entity, match azcore.ETag) (azcore.ETag, error) {
	return t.update(ctx, http.MethodPut, e, match)
}

// errNoMatch keeps an ETag that was forgotten from becoming an insert: that is what the service makes of none.
func errNoMatch() error {
	return lead.Errorf(lead.Internal, "a row is changed at an ETag, and there is none")
}

func (t *Rows) update(ctx context.Context, method string, e *Entity, match azcore.ETag) (azcore.ETag, error) {
	if match == "" {
		return "", errNoMatch()
	}
	c := t.row(method, e.Partition, e.Key)
	defer c.done()
	c.data = e.AppendJSON(c.data)
	c.set("If-Match", string(match))
	return c.write(ctx)
}

// row begins a request about one row.
func (t *Rows) row(method, partition, key string) *call {
	partition, key = quoted(partition), quoted(key)
	path := t.path + "(PartitionKey='" + url.PathEscape(partition) + "',RowKey='" + url.PathEscape(key) + "')"
	plain := path
	if strings.Contains(path, "%") {
		plain = t.path + "(PartitionKey='" + partition + "',RowKey='" + key + "')"
	}
	return t.at.call(method, plain, path, t.at.query(""))
}

// quoted is a key as it stands between quotes.
func quoted(key string) string { return strings.ReplaceAll(key, "'", "''") }

// write sends JSON, and gives the ETag of what is there then.
func (c *call) write(ctx context.Context) (azcore.ETag, error) {
	c.set("Content-Type", "application/json")
	c.set("DataServiceVersion", "3.0")
	if err := c.send(ctx, http.StatusNoContent); err != nil {
		return "", err
	}
	return c.etag(), nil
}

// etag is that of the answer, empty when there is none.
func (c *call) etag() azcore.ETag { return azcore.ETag(c.answer.Head.Get("ETag")) }
