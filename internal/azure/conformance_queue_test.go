package azure_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"leadrelay/internal/azure"
)

// texts are hard to carry in XML.
func texts() map[string]string {
	return map[string]string{
		"empty": "", "plain": `{"id":1}`, "markup": `<a b="c">&amp;'&#13;]]></a>`, "line ends": "a\rb\nc\r\nd\te\r", "blank": " \n\t ",
		"signs": "100%+2B #?&=;/\\ '\"", "Unicode": "é ß 𝔹 😀 \u2028 \ufeff \u007f \u0085", "CDATA": "<![CDATA[x]]>", "comment": "<!-- -- -->",
		"long": strings.Repeat(`{"key":"välue & more"}`+"\n", 1000), "full": strings.Repeat("x", 64<<10),
	}
}

// put puts a text and says what came of it.
func (f *far) put(q messages, text string) string {
	id, err := q.Put(f.ctx, text, 0)
	return fmt.Sprint(told(err), ", with an id: ", id != "")
}

// take leases all that is there, in the order in which it came, and says what it is.
func (f *far) take(q messages) string {
	var b strings.Builder
	got, err := q.Get(f.ctx, 32, time.Minute)
	b.WriteString(told(err))
	for _, m := range got {
		f.id, f.receipt = m.ID, m.Receipt
		fmt.Fprintf(&b, "\n%q leased %d times, in UTC %t, now %t, with an id: %t, receipt: %t", m.Text, m.Tries, m.Inserted.Location() == time.UTC,
			time.Since(m.Inserted).Abs() < time.Hour, m.ID != "", m.Receipt != "")
	}
	return b.String()
}

func queueSteps() []step {
	steps := []step{
		{name: "put into a missing queue", do: func(f *far) string { return f.put(f.queue("leads"), "x") }},
		{name: "get from a missing queue", do: func(f *far) string { return f.take(f.queue("leads")) }},
		{name: "delete in a missing queue", do: func(f *far) string {
			return told(f.queue("leads").Delete(f.ctx, "4d0ec3bf-1d2b-4e8b-9d6a-8e7b5d5b0a11", "AAAA"))
		}},
		{name: "create", do: func(f *far) string { return told(f.queue("leads").Create(f.ctx)) }},
		{name: "create again", do: func(f *far) string { return told(f.queue("leads").Create(f.ctx)) }},
		{name: "a name that is none", do: func(f *far) string { return f.put(f.queue("UPPER"), "x") }},
		{name: "get from an empty queue", do: func(f *far) string { return f.take(f.queue("leads")) }},
	}
	for name, text := range texts() {
		steps = append(steps, step{name: "text, " + name, do: func(f *far) string {
			return f.put(f.queue("leads"), text) + f.take(f.queue("leads")) + told(f.queue("leads").Delete(f.ctx, f.id, f.receipt))
		}}, step{name: "base64, " + name, do: func(f *far) string {
			id, err := f.queue("leads").PutBase64(f.ctx, []byte(text), 0)
			if err != nil {
				return told(err)
			}
			taken := f.take(f.queue("leads"))
			return fmt.Sprint(id != "", strings.Contains(taken, base64.StdEncoding.EncodeToString([]byte(text))), taken) + told(f.queue("leads").Delete(f.ctx, f.id, f.receipt))
		}})
	}
	for name, text := range map[string]string{"NUL": "a\x00b", "escape": "\x1b", "U+FFFE": "\ufffe", "not UTF-8": "a\xffb", "half a surrogate": "\xed\xa0\x80"} {
		steps = append(steps, step{name: "text that XML cannot carry, " + name, do: func(f *far) string { return f.put(f.queue("leads"), text) },
			ours: `refused, code "", retry after 0s, with an id: false`, why: "facts/azure-storage.md §2: the SDK silently puts U+FFFD"},
			step{name: "what is left of " + name, do: func(f *far) string {
				if f.sdk {
					f.take(f.queue("leads"))
					must(f.t, f.queue("leads").Delete(f.ctx, f.id, f.receipt))
				}
				return f.take(f.queue("leads"))
			}})
	}
	return append(steps, []step{
		{name: "too large a text", do: func(f *far) string { return f.put(f.queue("leads"), strings.Repeat("x", 64<<10+1)) }},
		{name: "put for later", do: func(f *far) string {
			_, err := f.queue("leads").PutBase64(f.ctx, []byte("x"), 90*time.Second)
			return told(err) + f.take(f.queue("leads"))
		}},
		{name: "put for later than is allowed", do: func(f *far) string {
			_, err := f.queue("leads").Put(f.ctx, "x", 8*24*time.Hour)
			return told(err)
		}},
		{name: "get more than is allowed", do: func(f *far) string {
			_, err := f.queue("leads").Get(f.ctx, 33, time.Minute)
			return told(err)
		}},
		{name: "get for no time", do: func(f *far) string {
			_, err := f.queue("leads").Get(f.ctx, 1, 0)
			return told(err)
		}},
		{name: "get many", do: func(f *far) string {
			for i := range 40 {
				f.put(f.queue("leads"), fmt.Sprint(i))
			}
			return f.take(f.queue("leads")) + f.take(f.queue("leads"))
		}},
		{name: "delete", do: func(f *far) string { return told(f.queue("leads").Delete(f.ctx, f.id, f.receipt)) }},
		{name: "delete again", do: func(f *far) string { return told(f.queue("leads").Delete(f.ctx, f.id, f.receipt)) }},
		{name: "delete by an odd id", do: func(f *far) string { return told(f.queue("leads").Delete(f.ctx, "a b?#%", "c+/= &%")) },
			ours: `address, code "404 MessageNotFound", retry after 0s, stale`, why: "azqueue v1.0.1 does not escape an id"},
	}...)
}

func sasSteps() []step {
	return []step{
		{name: "SAS that may add", do: func(f *far) string { return f.put(f.lent(f.sign("leads", "a")), "lent") }},
		{name: "SAS that may take", do: func(f *far) string {
			q := f.lent(f.sign("leads", "p"))
			return f.take(q) + told(q.Delete(f.ctx, f.id, f.receipt)) + told(q.Delete(f.ctx, f.id, f.receipt))
		}},
		{name: "SAS that may not", do: func(f *far) string {
			q := f.lent(f.sign("leads", "r"))
			return f.put(q, "x") + f.take(q) + told(q.Delete(f.ctx, "4d0ec3bf-1d2b-4e8b-9d6a-8e7b5d5b0a11", "AAAA")) + told(q.Create(f.ctx))
		}},
		{name: "SAS of another", do: func(f *far) string {
			path, _, _ := strings.Cut(f.sign("leads", "a").Reveal(), "?")
			_, query, _ := strings.Cut(f.sign("other", "a").Reveal(), "?")
			return f.put(f.lent(secret(path+"?"+query)), "x")
		}},
		{name: "SAS that has expired", do: func(f *far) string {
			return f.put(f.lent(f.signer.SignQueue(f.prefix+"leads", "a", time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))), "x")
		}},
		{name: "SAS to a missing queue", do: func(f *far) string { return f.put(f.lent(f.sign("missing", "a")), "x") }},
		{name: "container SAS that may create", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signContainer("leads", "c")), "lent.json", "x", nil)
		}},
		{name: "container SAS that may create, again", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signContainer("leads", "c")), "lent.json", "x", nil)
		}},
		{name: "container SAS that may write, again", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signContainer("leads", "cw")), "lent.json", "x", nil)
		}},
		{name: "container SAS that may not", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signContainer("leads", "r")), "x", "x", nil)
		}},
		{name: "container SAS that has expired", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signer.SignContainer(f.prefix+"leads", "c", time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))), "x", "x", nil)
		}},
		{name: "container SAS to a missing container", do: func(f *far) string {
			return f.keep(f.lentContainer(f.signContainer("missing", "c")), "x", "x", nil)
		}},
		{name: "wrong key", do: func(f *far) string {
			c := strings.Split(f.connection, ";")
			for i, part := range c {
				if strings.HasPrefix(part, "AccountKey=") {
					c[i] = "AccountKey=d3Jvbmc="
				}
			}
			w := f.with(strings.Join(c, ";"), f.client)
			_, err := w.table("leads").Get(f.ctx, "p", "k")
			_, batch := w.table("leads").Transact(f.ctx, []azure.Write{{Entity: azure.NewEntity("p", "k")}})
			return strings.Join([]string{w.put(w.queue("leads"), "x"), w.take(w.queue("leads")), w.keep(w.container("leads"), "x", "x", nil), told(err), told(batch), told(w.table("leads").Create(f.ctx))}, "\n")
		}},
	}
}
