package table

import (
	"strings"

	"leadrelay/local/azuresim/wire"
)

// Do carries a request out.
func (s *Store) Do(r *wire.Request) wire.Answer {
	a, err := s.do(r)
	if err != nil {
		return err.Answer(r)
	}
	return a
}

func (s *Store) do(r *wire.Request) (wire.Answer, *wire.Error) {
	switch r.Op.Name {
	case "Transaction":
		return s.transact(r)
	case "CreateTable":
		return s.create(r)
	case "DeleteTable":
		return s.delete(r)
	case "QueryTables":
		return s.list(r)
	}
	t, err := s.find(r.Op.Resource)
	if err != nil {
		return wire.Answer{}, err
	}
	switch r.Op.Name {
	case "QueryEntities":
		return t.query(r, s.page)
	case "GetEntity":
		return t.get(r)
	case "GetTableACL":
		t.mu.RLock()
		defer t.mu.RUnlock()
		return wire.XML(200, wire.ACL(t.policies)), nil
	}
	if r.Op.Name == "SetTableACL" {
		policies, err := wire.ParseACL(r.Body)
		if err == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.policies = policies
		}
		return wire.Answer{Status: 204}, err
	}
	c, err := readChange(r)
	if err != nil {
		return wire.Answer{}, err
	}
	t.mu.Lock()
	e, err := t.apply(c, r)
	t.mu.Unlock()
	if err != nil {
		return wire.Answer{}, err
	}
	return c.answer(r, t, e), nil
}

// change is one write, understood and not yet done.
type change struct {
	op      string
	entity  *entity // with its keys; its properties are none for a delete
	ifMatch string
	echo    bool // an insert answers with the entity
}

// readChange understands a write without touching the table.
func readChange(r *wire.Request) (change, *wire.Error) {
	c := change{op: r.Op.Name, ifMatch: r.Header.Get("If-Match"), entity: &entity{}}
	if len(r.Body) > maxEntity*2 {
		return c, wire.TooLarge(maxEntity)
	}
	if c.op == "DeleteEntity" {
		if c.ifMatch == "" {
			return c, wire.MissingHeader("If-Match")
		}
		var err *wire.Error
		c.entity.partition, c.entity.row, err = address(r.Path)
		return c, err
	}
	e, keys, err := parseEntity(r.Body)
	if err != nil {
		return c, err
	}
	c.entity = e
	if c.op == "InsertEntity" {
		if !keys[0] || !keys[1] {
			return c, wire.Errorf(400, "PropertiesNeedValue", "The values are not specified for all properties in the entity.")
		}
		c.echo = !strings.Contains(r.Header.Get("Prefer"), "return-no-content")
		return c, e.check()
	}
	if e.partition, e.row, err = address(r.Path); err != nil {
		return c, err
	}
	return c, e.check()
}

// apply does a change; the table is locked. The entity is what is there now, nil after a delete.
func (t *table) apply(c change, r *wire.Request) (*entity, *wire.Error) {
	k := key(c.entity.partition, c.entity.row)
	old, there := t.rows.Get(k)
	switch {
	case c.op == "InsertEntity" && there:
		return nil, wire.Errorf(409, "EntityAlreadyExists", "The specified entity already exists.")
	case c.op == "InsertEntity":
	case c.ifMatch != "" && !there:
		return nil, notFound()
	case c.ifMatch != "" && c.ifMatch != "*" && c.ifMatch != old.etag():
		return nil, wire.Errorf(412, "UpdateConditionNotSatisfied", "The update condition specified in the request was not satisfied.")
	}
	e := c.entity
	switch c.op {
	case "DeleteEntity":
		t.rows.Delete(k)
		return nil, nil
	case "MergeEntity", "InsertOrMergeEntity":
		if there {
			e = old.merged(e)
			if err := e.check(); err != nil {
				return nil, err
			}
		}
	}
	e.tick = t.tick(r.Now)
	t.rows.Set(k, e)
	return e, nil
}

func notFound() *wire.Error {
	return wire.Errorf(404, "ResourceNotFound", "The specified resource does not exist.")
}

// answer is what the service says to a change that is done.
func (c change) answer(r *wire.Request, t *table, e *entity) wire.Answer {
	if e == nil {
		return wire.Answer{Status: 204}
	}
	a := wire.Answer{Status: 204}.With("Etag", e.etag())
	if c.op != "InsertEntity" {
		return a
	}
	location := r.Base + "/" + t.name + "(PartitionKey='" + strings.ReplaceAll(e.partition, "'", "''") + "',RowKey='" + strings.ReplaceAll(e.row, "'", "''") + "')"
	a = a.With("Location", location)
	if !c.echo {
		return a.With("Preference-Applied", "return-no-content").With("Dataserviceid", location)
	}
	m := wants(r)
	a.Status, a.Type = 201, m.contentType()
	a.Body = e.append(nil, m, r.Base+"/$metadata#"+t.name+"/@Element", nil)
	return a
}

func (t *table) get(r *wire.Request) (wire.Answer, *wire.Error) {
	partition, row, err := address(r.Path)
	if err != nil {
		return wire.Answer{}, err
	}
	t.mu.RLock()
	e, ok := t.rows.Get(key(partition, row))
	t.mu.RUnlock()
	if !ok {
		return wire.Answer{}, notFound()
	}
	m := wants(r)
	body := e.append(nil, m, r.Base+"/$metadata#"+t.name+"/@Element", selected(r))
	return wire.Answer{Status: 200, Type: m.contentType(), Body: body}.With("Etag", e.etag()), nil
}

// selected are the names of $select, nil for all.
func selected(r *wire.Request) map[string]bool {
	list := r.Query.Get("$select")
	if list == "" || list == "*" {
		return nil
	}
	only := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		only[strings.TrimSpace(name)] = true
	}
	return only
}
