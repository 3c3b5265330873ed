package azure_test

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
)

// keys are hard to carry in a URL or between quotes; tables allow no / \ # ? and no control characters.
func keys() []string {
	return []string{"k", "it's", "''", "a b", "100%", "%27", "a+b", "a&b=c;d,e", "d|01J", "ä𝔹😀", "(x)", "\"<>\"", "~!$*@:[]{}^`", strings.Repeat("k", 300)}
}

// full is a row with every type.
func full(partition, key string) *azure.Entity {
	return azure.NewEntity(partition, key).Text("Text", "\"\\\x01\u2028é𝔹</script>\r\n").Text("Empty", "").Text("Number", "12").
		Int("Int", math.MinInt32).Int("Zero", 0).Long("Long", math.MaxInt64).Flag("Yes", true).Flag("No", false).
		Time("Time", time.Date(2026, 11, 21, 10, 0, 0, 123456789, time.FixedZone("", 3600))).Time("Whole", time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)).Time("None", time.Time{}).
		Bytes("Bytes", []byte{0, 0xff, '\n'}).Bytes("NoBytes", nil)
}

// show is all that a row holds.
func show(r azure.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q ETag %t", r.Partition, r.Key, r.ETag != "")
	for _, n := range []string{"Text", "Empty", "Number", "Int", "Zero", "Long", "Yes", "No", "Time", "Whole", "None", "Bytes", "NoBytes", "More", "Missing"} {
		fmt.Fprintf(&b, "\n%s: %q %d %d %t %s %q", n, r.Text(n), r.Int(n), r.Long(n), r.Flag(n), r.Time(n).UTC().Format(time.RFC3339Nano), r.Bytes(n))
	}
	return b.String()
}

func (f *far) get(partition, key string) string {
	r, err := f.table("leads").Get(f.ctx, partition, key)
	same := r.ETag == f.etag
	f.etag = r.ETag
	return told(err) + " " + show(r) + fmt.Sprint(" as last: ", same)
}

// wrote says what came of a write, and remembers its ETag.
func (f *far) wrote(etag azcore.ETag, err error) string {
	changed := etag != f.etag
	if err == nil {
		f.etag = etag
	}
	return fmt.Sprint(told(err), ", with an ETag: ", etag != "", ", another: ", changed)
}

const longAgo = azcore.ETag(`W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`)

func rowSteps() []step {
	steps := []step{
		{name: "insert into a missing table", do: func(f *far) string { return f.wrote(f.table("leads").Insert(f.ctx, full("p", "k"))) }},
		{name: "get from a missing table", do: func(f *far) string { return f.get("p", "k") }},
		{name: "merge in a missing table", do: func(f *far) string { return f.wrote(f.table("leads").Merge(f.ctx, full("p", "k"), azcore.ETagAny)) }},
		{name: "create table", do: func(f *far) string { return told(f.table("leads").Create(f.ctx)) }},
		{name: "create table again", do: func(f *far) string { return told(f.table("leads").Create(f.ctx)) }},
		{name: "get a missing row", do: func(f *far) string { return f.get("p", "missing") }},
		{name: "merge a missing row", do: func(f *far) string {
			return f.wrote(f.table("leads").Merge(f.ctx, full("p", "missing"), azcore.ETagAny))
		}},
		{name: "replace a missing row", do: func(f *far) string { return f.wrote(f.table("leads").Replace(f.ctx, full("p", "missing"), longAgo)) }},
		{name: "too large a property", do: func(f *far) string {
			return f.wrote(f.table("leads").Insert(f.ctx, azure.NewEntity("p", "large").Bytes("B", make([]byte, 64<<10+1))))
		}},
		{name: "large row", do: func(f *far) string {
			e := azure.NewEntity("p", "large")
			for i := range 15 {
				e.Bytes(fmt.Sprint("B", i), make([]byte, 60_000))
			}
			wrote := f.wrote(f.table("leads").Insert(f.ctx, e))
			r, err := f.table("leads").Get(f.ctx, "p", "large")
			return wrote + told(err) + fmt.Sprint(len(r.Bytes("B14")))
		}},
		{name: "key that is none", do: func(f *far) string { return f.wrote(f.table("leads").Insert(f.ctx, full("p", "a/b"))) }},
	}
	for _, key := range keys() {
		steps = append(steps, keySteps(key)...)
	}
	return steps
}

// keySteps are what is done to one row.
func keySteps(k string) []step {
	name := fmt.Sprintf(" %.20q", k)
	return []step{
		{name: "insert" + name, do: func(f *far) string { return f.wrote(f.table("leads").Insert(f.ctx, full("p "+k, k))) }},
		{name: "insert again" + name, do: func(f *far) string { return f.wrote(f.table("leads").Insert(f.ctx, full("p "+k, k))) }},
		{name: "get" + name, do: func(f *far) string { return f.get("p "+k, k) }},
		{name: "merge at the ETag" + name, do: func(f *far) string {
			return f.wrote(f.table("leads").Merge(f.ctx, azure.NewEntity("p "+k, k).Text("More", k).Int("Int", 5), f.etag))
		}},
		{name: "get the merged" + name, do: func(f *far) string { return f.get("p "+k, k) }},
		{name: "merge at an old ETag" + name, do: func(f *far) string {
			return f.wrote(f.table("leads").Merge(f.ctx, azure.NewEntity("p "+k, k), longAgo))
		}},
		{name: "merge at any ETag" + name, do: func(f *far) string {
			return f.wrote(f.table("leads").Merge(f.ctx, azure.NewEntity("p "+k, k).Flag("Yes", false), azcore.ETagAny))
		}},
		{name: "replace at an old ETag" + name, do: func(f *far) string {
			return f.wrote(f.table("leads").Replace(f.ctx, azure.NewEntity("p "+k, k), longAgo))
		}},
		{name: "replace at the ETag" + name, do: func(f *far) string {
			return f.wrote(f.table("leads").Replace(f.ctx, azure.NewEntity("p "+k, k).Text("More", k), f.etag))
		}},
		{name: "get the replaced" + name, do: func(f *far) string { return f.get("p "+k, k) }},
	}
}

// transact says what came of a transaction, and whether its ETags are those of the rows.
func (f *far) transact(writes ...azure.Write) string {
	etags, err := f.table("leads").Transact(f.ctx, writes)
	b := fmt.Sprint(told(err), " ", len(etags))
	for i, w := range writes {
		r, err := f.table("leads").Get(f.ctx, w.Entity.Partition, w.Entity.Key)
		b += "\n" + told(err) + " " + r.Text("T")
		if len(etags) > i {
			b += fmt.Sprint(" the row's ETag: ", etags[i] == r.ETag)
		}
	}
	return b
}

func transactionSteps() []step {
	insert := func(key, text string) azure.Write {
		return azure.Write{Entity: azure.NewEntity("t", key).Text("T", text)}
	}
	merge := func(key, text string, match azcore.ETag) azure.Write {
		return azure.Write{Entity: azure.NewEntity("t", key).Text("T", text), Match: match}
	}
	return []step{
		{name: "one insert", do: func(f *far) string { return f.transact(insert("a", "1")) }},
		{name: "inserts and merges", do: func(f *far) string {
			return f.transact(insert("b", "1"), merge("a", "2", azcore.ETagAny), insert("c", "--changeset_"))
		}},
		{name: "first exists", do: func(f *far) string { return f.transact(insert("a", "3"), insert("d", "3")) }},
		{name: "second exists", do: func(f *far) string { return f.transact(insert("d", "3"), insert("a", "3")) }},
		{name: "second is stale", do: func(f *far) string { return f.transact(insert("d", "3"), merge("a", "3", longAgo)) }},
		{name: "second is missing", do: func(f *far) string { return f.transact(insert("d", "3"), merge("e", "3", azcore.ETagAny)) }},
		{name: "at the ETag", do: func(f *far) string {
			r, err := f.table("leads").Get(f.ctx, "t", "a")
			return told(err) + f.transact(merge("a", "4", r.ETag), insert("f", "4"))
		}},
		{name: "same row twice", do: func(f *far) string { return f.transact(insert("g", "1"), insert("g", "2")) }},
		{name: "two partitions", do: func(f *far) string {
			return f.transact(insert("g", "1"), azure.Write{Entity: azure.NewEntity("u", "h")})
		}},
		{name: "too large a property in one", do: func(f *far) string {
			return f.transact(insert("g", "1"), azure.Write{Entity: azure.NewEntity("t", "h").Bytes("B", make([]byte, 64<<10+1))})
		}},
		{name: "a hundred", do: func(f *far) string { return f.transact(many(100)...) }},
		{name: "a hundred and one", do: func(f *far) string { return f.transact(many(101)...) }, sim: true},
		{name: "odd keys", do: func(f *far) string {
			var writes []azure.Write
			for _, k := range keys()[:11] {
				if !strings.Contains(k, "'") {
					writes = append(writes, insert("odd "+k, "1"))
				}
			}
			first := f.transact(writes...)
			for i := range writes {
				writes[i].Entity.Text("More", "x")
				writes[i].Match = azcore.ETagAny
			}
			return first + f.transact(writes...)
		}},
		{name: "quote in a key", do: func(f *far) string {
			return f.transact(insert("it's", "1")) + f.transact(merge("it's", "2", azcore.ETagAny))
		}, sim: true, ours: "ok 1\nok 1 the row's ETag: trueok 1\nok 2 the row's ETag: true", why: "aztables v1.4.1 doubles no quotes in a transaction's URLs"},
		{name: "transaction on a missing table", do: func(f *far) string {
			_, err := f.table("missing").Transact(f.ctx, []azure.Write{insert("a", "1"), insert("b", "1")})
			return told(err)
		}},
	}
}

// many are inserts.
func many(n int) (out []azure.Write) {
	for i := range n {
		out = append(out, azure.Write{Entity: azure.NewEntity("many", fmt.Sprintf("%d of %d", i, n)).Text("T", strings.Repeat("x", 1000))})
	}
	return out
}
