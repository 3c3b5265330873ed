package azuresim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// every is an entity with a property of every type.
const every = `{"PartitionKey":"p","RowKey":"r","s":"Björk \"🏦\" \\ \u0000 \n","i":42,"b":true,
	"l@odata.type":"Edm.Int64","l":"9223372036854775807","d":25000.5,"w@odata.type":"Edm.Double","w":25000,
	"t@odata.type":"Edm.DateTime","t":"2026-11-21T12:00:00.1234567Z","z@odata.type":"Edm.DateTime","z":"2026-11-21T12:00:00Z",
	"g@odata.type":"Edm.Guid","g":"4626a582-afb9-48bf-8d86-87e6fe91a842","x@odata.type":"Edm.Binary","x":"AAECAw==","e":"","n":null}`

// shown is an entity's JSON without what differs from server to server, in order of name.
func shown(body []byte) string {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return err.Error()
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch value := string(m[name]); name {
		case "odata.metadata":
			_, after, _ := strings.Cut(value, "#")
			out = append(out, name+"="+after)
		case "Timestamp", "odata.etag":
			out = append(out, name)
		default:
			var v any
			_ = json.Unmarshal(m[name], &v) // a number must keep its form, a string need not
			if _, text := v.(string); text {
				value = fmt.Sprintf("%q", v)
			}
			out = append(out, name+"="+value)
		}
	}
	return strings.Join(out, " ")
}

func add(table, body string) func(*world) string {
	return func(w *world) string {
		resp, err := w.account.Table(table).AddEntity(w.ctx(), []byte(body), nil)
		if err == nil {
			w.kept["old"], w.kept["etag"] = w.kept["etag"], string(resp.ETag)
		}
		return fmt.Sprint(told(err), strings.HasPrefix(string(resp.ETag), `W/"datetime'2`))
	}
}

func fetch(table, partition, row string) func(*world) string {
	return func(w *world) string {
		resp, err := w.account.Table(table).GetEntity(w.ctx(), partition, row, nil)
		if err != nil {
			return told(err)
		}
		return fmt.Sprint(shown(resp.Value), " ", string(resp.ETag) == w.kept["etag"])
	}
}

func update(mode aztables.UpdateMode, body, tag string) func(*world) string {
	return func(w *world) string {
		match := azcore.ETagAny
		if tag != "*" {
			match = azcore.ETag(w.kept[tag])
		}
		resp, err := w.account.Table("conform").UpdateEntity(w.ctx(), []byte(body), &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: mode})
		if err == nil {
			w.kept["old"], w.kept["etag"] = w.kept["etag"], string(resp.ETag)
		}
		return fmt.Sprint(told(err), err == nil && resp.ETag != azcore.ETag(w.kept["old"]))
	}
}

func upsert(mode aztables.UpdateMode, body string) func(*world) string {
	return func(w *world) string {
		resp, err := w.account.Table("conform").UpsertEntity(w.ctx(), []byte(body), &aztables.UpsertEntityOptions{UpdateMode: mode})
		if err == nil {
			w.kept["old"], w.kept["etag"] = w.kept["etag"], string(resp.ETag)
		}
		return told(err)
	}
}

func remove(partition, row, tag string) func(*world) string {
	return func(w *world) string {
		o := &aztables.DeleteEntityOptions{}
		if tag != "" {
			o.IfMatch = to.Ptr(azcore.ETag(w.kept[tag]))
		}
		_, err := w.account.Table("conform").DeleteEntity(w.ctx(), partition, row, o)
		return told(err)
	}
}

func entitySteps() []step {
	create := func(name string) func(*world) string {
		return func(w *world) string { _, err := w.account.Table(name).CreateTable(w.ctx(), nil); return told(err) }
	}
	merge, replace := aztables.UpdateModeMerge, aztables.UpdateModeReplace
	text := func(n int) string { return strings.Repeat("x", n) }
	return []step{
		{name: "insert without the table", do: add("conform", `{"PartitionKey":"p","RowKey":"r"}`)},
		{name: "get without the table", do: fetch("conform", "p", "r")},
		{name: "create", do: create("conform")},
		{name: "create again", do: create("conform")},
		{name: "create in capitals", do: create("CONFORM")},
		{name: "create with a short name", do: create("ab"), azure: "400 OutOfRangeInput", why: noCode},
		{name: "create with a bad name", do: create("no-name"), azure: "400 InvalidResourceName", why: noCode},
		{name: "get nothing", do: fetch("conform", "p", "r")},
		{name: "insert", do: add("conform", every)},
		{name: "insert again", do: add("conform", every)},
		{name: "get", do: fetch("conform", "p", "r")},
		{name: "merge", do: update(merge, `{"PartitionKey":"p","RowKey":"r","i":43,"new":"x","s":null}`, "*")},
		{name: "get what was merged", do: fetch("conform", "p", "r")},
		{name: "merge a stale one", do: update(merge, `{"PartitionKey":"p","RowKey":"r","i":44}`, "old")},
		{name: "merge the current one", do: update(merge, `{"PartitionKey":"p","RowKey":"r","i":45}`, "etag")},
		{name: "replace a stale one", do: update(replace, `{"PartitionKey":"p","RowKey":"r","i":46}`, "old")},
		{name: "replace", do: update(replace, `{"PartitionKey":"p","RowKey":"r","only":"this"}`, "etag")},
		{name: "get what was replaced", do: fetch("conform", "p", "r")},
		{name: "merge nothing", do: update(merge, `{"PartitionKey":"p","RowKey":"none","i":1}`, "*")},
		{name: "replace nothing", do: update(replace, `{"PartitionKey":"p","RowKey":"none","i":1}`, "*")},
		{name: "upsert a new one", do: upsert(merge, `{"PartitionKey":"p","RowKey":"up","a":1}`)},
		{name: "upsert by merge", do: upsert(merge, `{"PartitionKey":"p","RowKey":"up","b":2}`)},
		{name: "get what was upserted", do: fetch("conform", "p", "up")},
		{name: "upsert by replace", do: upsert(replace, `{"PartitionKey":"p","RowKey":"up","c":3}`)},
		{name: "get what was upserted again", do: fetch("conform", "p", "up")},
		{name: "insert with a quote in the key", do: add("conform", `{"PartitionKey":"it's","RowKey":"o|k","a":1}`)},
		{name: "get by a quote", do: fetch("conform", "it's", "o|k")},
		{name: "insert with a bad key", do: add("conform", `{"PartitionKey":"a/b","RowKey":"r"}`), azure: "400 OutOfRangeInputfalse", why: "Table service error codes: a key with a character that is none of its"},
		{name: "insert without a row key", do: add("conform", `{"PartitionKey":"p","a":1}`)},
		{name: "insert the longest text", do: add("conform", `{"PartitionKey":"p","RowKey":"long","s":"`+text(32<<10)+`"}`)},
		{name: "insert too long a text", do: add("conform", `{"PartitionKey":"p","RowKey":"longer","s":"`+text(32<<10+1)+`"}`)},
		{name: "insert too long a binary", do: add("conform", `{"PartitionKey":"p","RowKey":"longer","x@odata.type":"Edm.Binary","x":"`+text(88<<10)+`"}`)},
		{name: "insert a bad number", do: add("conform", `{"PartitionKey":"p","RowKey":"bad","l@odata.type":"Edm.Int64","l":"many"}`), azure: "400 InvalidInputfalse", why: "Azurite believes the annotation"},
		{name: "delete a stale one", do: remove("p", "r", "old")},
		{name: "delete", do: remove("p", "r", "")},
		{name: "delete nothing", do: remove("p", "r", "")},
	}
}

// found lists partition, row and properties of what a filter finds, page by page.
func found(filter, sel string, top int32) func(*world) string {
	return func(w *world) string {
		o, out := &aztables.ListEntitiesOptions{}, ""
		if filter != "" {
			o.Filter = &filter
		}
		if sel != "" {
			o.Select = &sel
		}
		if top > 0 {
			o.Top = &top
		}
		pages := w.account.Table("queries").NewListEntitiesPager(o)
		for pages.More() {
			page, err := pages.NextPage(w.ctx())
			if err != nil {
				return told(err)
			}
			for _, e := range page.Entities {
				out += fmt.Sprintf("[%s] ", shown(e))
			}
		}
		return out
	}
}

func querySteps() []step {
	steps := []step{{name: "create", do: func(w *world) string {
		_, err := w.account.Table("queries").CreateTable(w.ctx(), nil)
		return told(err)
	}}}
	for n, key := range []string{"a|1", "a|2", "b|1", "a}", "c|é", "it's|x"} {
		partition, row, _ := strings.Cut(key, "|")
		body := fmt.Sprintf(`{"PartitionKey":%q,"RowKey":"d|%s","n":%d,"f":%d.5,"even":%t,"s":"t%d","l@odata.type":"Edm.Int64","l":"%d","t@odata.type":"Edm.DateTime","t":"2026-11-2%dT00:00:00Z","g@odata.type":"Edm.Guid","g":"4626a582-afb9-48bf-8d86-87e6fe91a84%d"}`,
			partition, row, n, n, n%2 == 0, n, n+5000000000, n, n)
		if n == 5 {
			body = `{"PartitionKey":"it's","RowKey":"x","bare":"yes"}`
		}
		steps = append(steps, step{name: "insert " + key, do: add("queries", body)})
	}
	for _, filter := range []string{
		"", "PartitionKey eq 'a'", "PartitionKey eq 'a' and RowKey ge 'd|' and RowKey lt 'd}'", "PartitionKey eq 'a' and RowKey gt 'd|1'",
		"PartitionKey ge 'a' and PartitionKey le 'b'", "RowKey eq 'd|1'", "PartitionKey eq 'it''s'", "PartitionKey gt 'a' or RowKey eq 'd|2'",
		"n gt 2", "n le 1 and even eq true", "even eq false", "not (n ge 2)", "n eq 1 or n eq 3 and even eq true", "(n eq 1 or n eq 2) and even eq true",
		"s ne 't1'", "s ge 't3'", "l gt 5000000002L", "l eq 5000000001L", "f lt 2.0", "t ge datetime'2026-11-22T00:00:00Z'", "t eq datetime'2026-11-23T00:00:00.0000000Z'",
		"g eq guid'4626a582-afb9-48bf-8d86-87e6fe91a842'", "bare eq 'yes'", "PartitionKey eq 'none'", "n lt 3 and (", "n foo 3", "Timestamp gt datetime'2020-01-01T00:00:00Z'",
	} {
		s := step{name: "filter " + filter, do: found(filter, "", 0)}
		if filter == "" {
			s.name = "everything"
		}
		steps = append(steps, s)
	}
	return append(steps,
		step{name: "select", do: found("PartitionKey eq 'a'", "PartitionKey,RowKey,n", 0)},
		step{name: "by two", do: found("", "RowKey", 2)},
		step{name: "by one of a range", do: found("PartitionKey eq 'a' and RowKey ge 'd|' and RowKey lt 'd}'", "RowKey", 1)},
		step{name: "query a table that is not there", do: func(w *world) string {
			_, err := w.account.Table("nowhere").NewListEntitiesPager(nil).NextPage(w.ctx())
			return told(err)
		}},
		step{name: "delete the table", do: func(w *world) string { _, err := w.account.Table("queries").Delete(w.ctx(), nil); return told(err) }},
		step{name: "delete it again", do: func(w *world) string { _, err := w.account.Table("queries").Delete(w.ctx(), nil); return told(err) }},
		step{name: "create what is being deleted", do: func(w *world) string {
			_, err := w.account.Table("queries").CreateTable(w.ctx(), nil)
			return told(err)
		}, azure: "409 TableBeingDeleted", why: "Delete Table of the storage REST reference: at least 40 s"},
	)
}

func transactionSteps() []step {
	const name = "transact"
	type act = aztables.TransactionAction
	entity := func(partition, row string, more ...string) []byte {
		return fmt.Appendf(nil, `{"PartitionKey":%q,"RowKey":%q%s}`, partition, row, strings.Join(more, ""))
	}
	submit := func(actions ...act) func(*world) string {
		return func(w *world) string {
			_, err := w.account.Table(name).SubmitTransaction(w.ctx(), actions, nil)
			return told(err)
		}
	}
	rows := func(w *world) string {
		out := ""
		for pages := w.account.Table(name).NewListEntitiesPager(nil); pages.More(); {
			page, err := pages.NextPage(w.ctx())
			if err != nil {
				return told(err)
			}
			for _, e := range page.Entities {
				out += shown(e) + "\n"
			}
		}
		return out
	}
	insert, merge, replace, drop := aztables.TransactionTypeAdd, aztables.TransactionTypeUpdateMerge, aztables.TransactionTypeInsertReplace, aztables.TransactionTypeDelete
	inserts := func(partition string, count int) (out []act) {
		for n := range count {
			out = append(out, act{ActionType: insert, Entity: entity(partition, fmt.Sprintf("%03d", n))})
		}
		return out
	}
	return []step{
		{name: "without the table", do: submit(act{ActionType: insert, Entity: entity("p", "1")}, act{ActionType: insert, Entity: entity("p", "2")})},
		{name: "create", do: func(w *world) string { _, err := w.account.Table(name).CreateTable(w.ctx(), nil); return told(err) }},
		{name: "insert three", do: submit(act{ActionType: insert, Entity: entity("p", "1", `,"s":"Björk\r\n\r\n--x","x@odata.type":"Edm.Binary","x":"AAEC"`)}, act{ActionType: insert, Entity: entity("p", "2", `,"n":1`)}, act{ActionType: insert, Entity: entity("p", "3")})},
		{name: "they are there", do: rows},
		{name: "one exists", do: submit(act{ActionType: insert, Entity: entity("p", "4")}, act{ActionType: insert, Entity: entity("p", "2")})},
		{name: "the first exists", do: submit(act{ActionType: insert, Entity: entity("p", "2")}, act{ActionType: insert, Entity: entity("p", "4")})},
		{name: "nothing of them is there", do: rows},
		{name: "merge, replace and delete", do: submit(act{ActionType: merge, Entity: entity("p", "2", `,"m":2`), IfMatch: to.Ptr(azcore.ETagAny)}, act{ActionType: replace, Entity: entity("p", "1", `,"only":1`)}, act{ActionType: drop, Entity: entity("p", "3")})},
		{name: "they are done", do: rows},
		{name: "merge a missing one", do: submit(act{ActionType: insert, Entity: entity("p", "5")}, act{ActionType: merge, Entity: entity("p", "none"), IfMatch: to.Ptr(azcore.ETagAny)})},
		{name: "delete a missing one", do: submit(act{ActionType: drop, Entity: entity("p", "none")})},
		{name: "a stale one", do: submit(act{ActionType: merge, Entity: entity("p", "2", `,"m":3`), IfMatch: to.Ptr(azcore.ETag(`W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`))})},
		{name: "nothing of that is there", do: rows},
		{name: "a hundred", do: submit(inserts("many", 100)...)},
		{name: "a hundred and one", do: submit(inserts("more", 101)...), azure: "400 InvalidInput", why: "Performing entity group transactions: at most 100; Azurite hangs up"},
		{name: "the end", do: rows},
		{name: "two partitions", do: submit(act{ActionType: insert, Entity: entity("p", "6")}, act{ActionType: insert, Entity: entity("q", "6")}), azure: "part 1: 400 CommandsInBatchActOnDifferentPartitions", why: "Performing entity group transactions"},
		{name: "the same row twice", do: submit(act{ActionType: insert, Entity: entity("p", "7")}, act{ActionType: insert, Entity: entity("p", "7")})},
	}
}
