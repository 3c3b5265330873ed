package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rows are the entities that are always there, looked up without a lock: by table, then by address as it stands in a path.
type rows struct {
	mu sync.Mutex
	by atomic.Pointer[map[string][]row]
}

type row struct {
	address string // (PartitionKey='…',RowKey='…'), unescaped
	etag    string
	json    string // an object
}

// PutRow makes an entity be there: Get Entity finds it, and Query Entities gives all rows of its table, whatever the filter.
// entity is its JSON as it stands in a list, odata.etag included. Nothing that a candidate writes changes it.
func (s *Sink) PutRow(table, entity string) error {
	var e struct {
		Partition string `json:"PartitionKey"`
		Key       string `json:"RowKey"`
		ETag      string `json:"odata.etag"`
	}
	if err := json.Unmarshal([]byte(entity), &e); err != nil || e.ETag == "" || !strings.HasPrefix(entity, "{") {
		return fmt.Errorf("sink: a row of %s that is no entity with odata.etag", table)
	}
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	by := map[string][]row{}
	if old := s.rows.by.Load(); old != nil {
		maps.Copy(by, *old)
	}
	by[table] = append(by[table][:len(by[table]):len(by[table])], row{address(e.Partition, e.Key), e.ETag, entity})
	s.rows.by.Store(&by)
	return nil
}

// address is how a path names an entity.
func address(partition, key string) string {
	quote := func(s string) string { return strings.ReplaceAll(s, "'", "''") }
	return "(PartitionKey='" + quote(partition) + "',RowKey='" + quote(key) + "')"
}

func (s *Sink) table(name []byte) []row {
	if by := s.rows.by.Load(); by != nil {
		return (*by)[string(name)]
	}
	return nil
}

// table answers a request to the table service.
func (c *conn) table(r request) Op {
	path, rest := r.resource()
	name, keys := path, []byte(nil)
	if i := bytes.IndexByte(path, '('); i >= 0 {
		name, keys = path[:i], r.path[bytes.IndexByte(r.path, '('):] // a key may hold a slash
	}
	method := string(r.method)
	if method == "POST" && r.tunnel != nil {
		method = string(r.tunnel)
	}
	switch {
	case string(name) == "$batch":
		return c.transaction(r)
	case string(name) == "Tables" && method == "POST":
		where := c.sink.URL(Table) + "/Tables('" + member(r.body, `"TableName":"`) + "')"
		c.plain(204)
		c.written(where)
		return CreateTable
	case len(name) == 0 || len(rest) > 0 && keys == nil:
		return c.unknown()
	case len(keys) <= len("()"):
		return c.wholeTable(r, method, name)
	}
	switch method {
	case "GET":
		return c.getEntity(name, keys)
	case "DELETE":
		c.plain(204)
		c.end("")
		return DeleteEntity
	case "PUT", "PATCH", "MERGE":
		c.plain(204)
		c.tag()
		c.end("")
		return update(method == "PUT", len(r.match) == 0)
	}
	return c.unknown()
}

func (c *conn) wholeTable(r request, method string, name []byte) Op {
	switch method {
	case "POST":
		c.insert(r, name)
		return InsertEntity
	case "GET":
		b := append(c.metadata(c.body[:0], name, ""), `"value":[`...)
		for i, row := range c.sink.table(name) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, row.json...)
		}
		c.body = append(b, "]}"...)
		c.head(200, odata, len(c.body))
		c.endBytes(c.body)
		return QueryEntities
	}
	return c.unknown()
}

func update(replace, upsert bool) Op {
	switch {
	case replace && upsert:
		return InsertOrReplaceEntity
	case replace:
		return UpdateEntity
	case upsert:
		return InsertOrMergeEntity
	}
	return MergeEntity
}

const (
	odata  = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8"
	moment = "2006-01-02T15:04:05.0000000Z"
)

// tag writes the ETag of a row that has just changed.
func (c *conn) tag() {
	c.out = append(append(append(c.out, "Etag: "...), c.etag()...), "\r\n"...)
}

// etag is W/"datetime'…'" of this second and a fraction that no other row has.
func (c *conn) etag() []byte {
	b := append(append(c.small[:0], `W/"datetime'`...), c.sink.clock.at(time.Now()).tag...)
	n := c.sink.serial.Add(1)
	for unit := uint64(1e6); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10))
	}
	c.small = append(b, `Z'"`...)
	return c.small
}

// metadata begins an object of a table.
func (c *conn) metadata(b []byte, table []byte, what string) []byte {
	b = append(append(b, `{"odata.metadata":"`...), c.sink.URL(Table)...)
	return append(append(append(append(b, "/$metadata#"...), table...), what...), `",`...)
}

// getEntity finds what PutRow put there. Nothing is, as a rule: every event is a new one.
func (c *conn) getEntity(name, keys []byte) Op {
	if all := c.sink.table(name); len(all) > 0 {
		if want, err := url.PathUnescape(string(keys)); err == nil {
			for _, row := range all {
				if row.address == want {
					c.body = append(c.metadata(c.body[:0], name, "/@Element"), row.json[1:]...)
					c.head(200, odata, len(c.body))
					c.field("Etag", row.etag)
					c.endBytes(c.body)
					return GetEntity
				}
			}
		}
	}
	b := append(c.body[:0], `{"odata.error":{"code":"ResourceNotFound","message":{"lang":"en-US","value":"The specified resource does not exist.`...)
	c.body = append(c.why(b, `\n`), `"}}}`...)
	c.head(404, odata, len(c.body))
	c.endBytes(c.body)
	return GetEntity
}

// insert answers Insert Entity: with the entity, unless the client would rather not.
func (c *conn) insert(r request, table []byte) {
	where := c.location(table, r.body)
	if r.quiet {
		c.plain(204)
		c.tag()
		c.written(where)
		return
	}
	b := append(c.metadata(c.body[:0], table, "/@Element"), `"odata.etag":"`...)
	b = append(b, strings.ReplaceAll(string(c.etag()), `"`, `\"`)...)
	b = time.Now().UTC().AppendFormat(append(b, `","Timestamp":"`...), moment)
	b = append(append(b, '"', ','), bytes.TrimPrefix(bytes.TrimSpace(r.body), []byte("{"))...)
	c.body = b
	c.head(201, odata, len(b))
	c.tag()
	c.field("Location", where)
	c.endBytes(b)
}

// written ends an answer to a client that does not want its entity back.
func (c *conn) written(where string) {
	c.field("Location", where)
	c.field("Preference-Applied", "return-no-content")
	c.field("Dataserviceid", where)
	c.end("")
}

// location is the address of an entity that was inserted.
func (c *conn) location(table, entity []byte) string {
	return c.sink.URL(Table) + "/" + string(table) + address(member(entity, `"PartitionKey":"`), member(entity, `"RowKey":"`))
}

// member finds a string in an object by its quoted name; keys of ours hold nothing that JSON escapes.
func member(object []byte, name string) string {
	_, rest, _ := bytes.Cut(object, []byte(name))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}
