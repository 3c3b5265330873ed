package azure

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/lead"
)

// A signature with everything in it that copying damages, and what no text may hold of it.
const (
	sigPlain   = "Ab+cd/efGHIJKLMNOPQRSTUVWXYZabcdefghij01234="
	sigEscaped = "Ab%2Bcd%2FefGHIJKLMNOPQRSTUVWXYZabcdefghij01234%3D"
	sigPart    = "efGHIJKLMNOPQRSTUVWXYZ"
)

// The two URLs of the document (seeds/001), with a signature for {secret}.
const (
	docQueue     = "https://mystorageaccount.queue.core.windows.net/my-leads-queue/messages?sp=a&st=2021-03-30T17:46:08Z&se=2030-01-01T17:46:00Z&sv=2020-02-10&sig=" + sigEscaped
	docContainer = "https://storageaccounttestl8569.blob.core.windows.net/my-leads-container?sp=c&st=2021-09-17T14:20:57Z&se=2030-01-01T22:20:57Z&spr=https&sv=2020-08-04&sr=c&sig=" + sigEscaped
)

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func TestDocumentedURLsAreRead(t *testing.T) {
	q, err := ParseSAS(docQueue, Queue)
	if err != nil {
		t.Fatal(err)
	}
	if q.Host() != "mystorageaccount.queue.core.windows.net" || q.Path() != "/my-leads-queue" || q.Name() != "my-leads-queue" || q.Permissions() != "a" {
		t.Errorf("read host %s, path %s, name %s, permissions %s", q.Host(), q.Path(), q.Name(), q.Permissions())
	}
	if at, ok := q.Expires(); !ok || !at.Equal(time.Date(2030, 1, 1, 17, 46, 0, 0, time.UTC)) {
		t.Errorf("read expiry %s, %t", at, ok)
	}
	if want := "https://mystorageaccount.queue.core.windows.net/my-leads-queue?"; !strings.HasPrefix(q.Reveal(), want) {
		t.Error("Reveal is not the queue's own URL")
	}
	c, err := ParseSAS(docContainer, Container)
	if err != nil {
		t.Fatal(err)
	}
	if c.Path() != "/my-leads-container" || c.Permissions() != "c" {
		t.Errorf("read path %s, permissions %s", c.Path(), c.Permissions())
	}
	for _, s := range []SAS{q, c} {
		if err := s.Usable(Deliver, now()); err != nil {
			t.Error(err)
		}
	}
}

func TestDamageOfCopyingIsRepaired(t *testing.T) {
	before, query, _ := strings.Cut(docQueue, "?")
	for name, raw := range map[string]string{
		"spaces around":      "  " + docQueue + "\n",
		"no /messages":       strings.Replace(docQueue, "/messages?", "?", 1),
		"slash at the end":   before + "/?" + query,
		"slash, no messages": strings.Replace(docQueue, "/messages?", "/?", 1),
		"un-escaped sig":     strings.Replace(docQueue, sigEscaped, sigPlain, 1),
		"sig with a space":   strings.Replace(docQueue, sigEscaped, strings.ReplaceAll(sigPlain, "+", " "), 1),
		"escaped twice":      strings.Replace(docQueue, sigEscaped, url.QueryEscape(sigEscaped), 1),
		"HTML":               strings.ReplaceAll(docQueue, "&", "&amp;"),
		"capitals in host":   strings.Replace(docQueue, "mystorage", "MyStorage", 1),
		"colons escaped":     strings.ReplaceAll(before, "", "") + "?" + strings.ReplaceAll(query, ":", "%3A"),
	} {
		want, err := ParseSAS(docQueue, Queue)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSAS(raw, Queue)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Reveal() != want.Reveal() {
			t.Errorf("%s: the repaired URL differs", name)
		}
	}
}

func TestQueueMayBeNamedMessages(t *testing.T) {
	for _, path := range []string{"/messages?", "/messages/messages?"} {
		s, err := ParseSAS(strings.Replace(docQueue, "/my-leads-queue/messages?", path, 1), Queue)
		if err != nil || s.Name() != "messages" {
			t.Errorf("%s: name %q, %v", path, s.Name(), err)
		}
	}
}

func TestPathStyleIsForLoopbackOnly(t *testing.T) {
	query := docQueue[strings.Index(docQueue, "?"):]
	for address, want := range map[string]bool{
		"http://127.0.0.1:10001/devstoreaccount1/leads/messages":                     true,
		"http://localhost:10001/devstoreaccount1/leads":                              true,
		"http://[::1]:10001/devstoreaccount1/leads":                                  true,
		"https://127.0.0.1:10001/devstoreaccount1/leads":                             true,
		"http://127.0.0.1:10001/leads":                                               false,
		"http://10.0.0.5:10001/devstoreaccount1/leads":                               false,
		"https://10.0.0.5/leads":                                                     false,
		"https://[fd00::1]/leads":                                                    false,
		"https://azurite/leads":                                                      false,
		"https://mystorageaccount.queue.core.windows.net/mystorageaccount/leads":     false,
		"http://mystorageaccount.queue.core.windows.net/leads":                       false,
		"https://user:pass@mystorageaccount.queue.core.windows.net/leads":            false,
		"ftp://mystorageaccount.queue.core.windows.net/leads":                        false,
		"mystorageaccount.queue.core.windows.net/leads":                              false,
		"https://mystorageaccount.queue.core.windows.net:/leads":                     false,
		"https://mystorageaccount.queue.core.windows.net/leads/messages/messages":    false,
		"https://mystorageaccount.queue.core.windows.net/Leads":                      false,
		"https://mystorageaccount.queue.core.windows.net/le%61ds":                    false,
		"https://mystorageaccount.queue.core.windows.net/a":                          false,
		"https://mystorageaccount.queue.core.windows.net/a--b":                       false,
		"https://mystorageaccount.queue.core.windows.net/" + strings.Repeat("a", 63): true,
		"https://mystorageaccount.queue.core.windows.net/" + strings.Repeat("a", 64): false,
		"https://mystorageaccount.queue.core.windows.net/":                           false,
		"https://mystorageaccount.queue.core.windows.net":                            false,
		"https://mystorageaccount.blob.core.windows.net/leads":                       false,
		"https://mystorageaccount.table.core.windows.net/leads":                      false,
		"https://mystorageaccount.z01.queue.storage.azure.net/leads":                 true,
		"https://leads.example.org/leads":                                            true,
	} {
		if _, err := ParseSAS(address+query, Queue); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		} else if err != nil && lead.KindOf(err) != lead.Address {
			t.Errorf("%s: kind %s", address, lead.KindOf(err))
		}
	}
}

func TestUnusableQueriesAreRefusedAtLoad(t *testing.T) {
	edit := func(raw string, change func(url.Values)) string {
		u, _ := url.Parse(raw)
		v := u.Query()
		change(v)
		u.RawQuery = v.Encode()
		return u.String()
	}
	for name, change := range map[string]func(url.Values){
		"no sig":           func(v url.Values) { v.Del("sig") },
		"placeholder":      func(v url.Values) { v.Set("sig", "{secret}") },
		"cut sig":          func(v url.Values) { v.Set("sig", sigPlain[:20]) },
		"two sigs":         func(v url.Values) { v.Add("sig", sigPlain) },
		"no sv":            func(v url.Values) { v.Del("sv") },
		"no se":            func(v url.Values) { v.Del("se") },
		"se is no time":    func(v url.Values) { v.Set("se", sigPart) },
		"st is no time":    func(v url.Values) { v.Set("st", sigPart) },
		"no sp":            func(v url.Values) { v.Del("sp") },
		"a blob's":         func(v url.Values) { v.Set("sr", "b") },
		"account of other": func(v url.Values) { v.Set("ss", "ft"); v.Set("srt", "o"); v.Del("sr") },
		"account no objs":  func(v url.Values) { v.Set("ss", "bq"); v.Set("srt", "sc"); v.Del("sr") },
	} {
		for raw, kind := range map[string]ServiceKind{docQueue: Queue, docContainer: Container} {
			_, err := ParseSAS(edit(raw, change), kind)
			if lead.KindOf(err) != lead.Address || err == nil {
				t.Errorf("%s: %v", name, err)
			} else if strings.Contains(err.Error(), sigPart) {
				t.Errorf("%s: the error holds a part of the query: %v", name, err)
			}
		}
	}
	if _, err := ParseSAS(edit(docContainer, func(v url.Values) { v.Del("sr") }), Container); err == nil {
		t.Error("a container's SAS without sr=c was taken")
	}
	if _, err := ParseSAS(edit(docQueue, func(v url.Values) { v.Del("se"); v.Del("sp"); v.Set("si", "policy") }), Queue); err != nil {
		t.Errorf("a stored access policy may hold sp and se: %v", err)
	}
}

func TestSASCannotBePrinted(t *testing.T) {
	s, err := ParseSAS(docQueue, Queue)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ field SAS }{s} // fmt may not call methods of an unexported field
	var out strings.Builder
	for _, verb := range strings.Split("v +v #v s q d x X t b o p T e", " ") {
		fmt.Fprintf(&out, "%"+verb+" %"+verb+" %"+verb+"\n", s, &s, hidden)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("m", "sas", s, "pointer", &s, "within", struct{ S SAS }{s})
	}
	if err := json.NewEncoder(&out).Encode(map[string]any{"sas": s, "pointer": &s}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{sigPart, "sig=", "sp="} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q was printed:\n%s", secret, out.String())
		}
	}
	if want := "mystorageaccount.queue.core.windows.net/my-leads-queue (until 2030-01-01T17:46:00Z)"; s.String() != want || s.GoString() != want {
		t.Errorf("prints as %q, want %q", s, want)
	}
}

func TestZeroSASLeadsNowhere(t *testing.T) {
	var s SAS
	if s.String() != "no SAS" || s.Reveal() != "" || s.Permissions() != "" || s.Usable(Deliver, now()) == nil {
		t.Error("the zero SAS says something")
	}
}

func FuzzParseSAS(f *testing.F) {
	f.Add(docQueue, true)
	f.Add(docContainer, false)
	f.Add("http://127.0.0.1:10001/devstoreaccount1/q?sv=1&se=2030-01-01&sp=a&sig=x", true)
	f.Fuzz(func(t *testing.T, raw string, queue bool) {
		kind := Container
		if queue {
			kind = Queue
		}
		s, err := ParseSAS(raw, kind)
		if err != nil {
			if lead.KindOf(err) != lead.Address {
				t.Errorf("kind %s", lead.KindOf(err))
			}
			if _, query, _ := strings.Cut(raw, "?"); len(query) > 12 && strings.Contains(err.Error(), query) {
				t.Errorf("the error holds the query: %v", err)
			}
			return
		}
		again, err := ParseSAS(s.Reveal(), kind)
		if err != nil || again.Reveal() != s.Reveal() {
			t.Errorf("what was read cannot be read again: %v", err)
		}
		if sig := s.secret().values.Get("sig"); strings.Contains(fmt.Sprintf("%d %v", s, s.Judge(Deliver, now())), sig) {
			t.Error("the signature was printed")
		}
	})
}
