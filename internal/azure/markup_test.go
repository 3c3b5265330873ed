package azure

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"
)

// list is what encoding/xml reads of a list of messages, in the form that the SDK gives it.
type list struct {
	XMLName  xml.Name `xml:"QueueMessagesList"`
	Messages []struct {
		ID       string `xml:"MessageId"`
		Receipt  string `xml:"PopReceipt"`
		Text     string `xml:"MessageText"`
		Inserted string `xml:"InsertionTime"`
		Tries    *int64 `xml:"DequeueCount"`
	} `xml:"QueueMessage"`
}

const inserted = "Sat, 21 Nov 2026 10:00:00 GMT"

// wrapped is a list of one message whose text is raw XML.
func wrapped(text string) string {
	return `<QueueMessagesList><QueueMessage><MessageId>1</MessageId><InsertionTime>` + inserted + `</InsertionTime><PopReceipt>r</PopReceipt><DequeueCount>2</DequeueCount><MessageText>` +
		text + `</MessageText></QueueMessage></QueueMessagesList>`
}

func TestXMLIsReadInEveryForm(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "plain": "plain", "&amp;&lt;&gt;&quot;&apos;": `&<>"'`, "&#65;&#x42;&#x1F600;&#xD;&#0010;": "AB😀\r\n", "a\r\nb\rc\nd": "a\nb\nc\nd",
		"<![CDATA[<a>&amp;]]>": "<a>&amp;", "a<![CDATA[b]]>c<![CDATA[]]>d": "abcd", "<![CDATA[a\r\nb]]>": "a\nb", "a<!-- & - -->b": "ab",
		"a<b c='d&amp;' e=\"f>\">x<b/>y</b >z": "az", " \t a ": " \t a ", "é𝔹\u0085\ufeff": "é𝔹\u0085\ufeff", "]]&gt;": "]]>", "]] >": "]] >",
	} {
		got, err := readMessages(wrapped(raw))
		if err != nil || len(got) != 1 || got[0].Text != want {
			t.Errorf("%q: %+v %v", raw, got, err)
		}
		if got[0].ID != "1" || got[0].Receipt != "r" || got[0].Tries != 2 || got[0].Inserted.Format(http.TimeFormat) != inserted || got[0].Inserted.Location() != time.UTC {
			t.Errorf("%q: %+v", raw, got[0])
		}
	}
	for raw, want := range map[string]int{
		"<QueueMessagesList/>": 0, `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList />`: 0, "<!-- x --> <QueueMessagesList xmlns:a='b'> </QueueMessagesList>\n<!-- y -->": 0,
		`<?xml version='1.0' encoding='UTF-8' standalone="yes" ?>` + "\n" + strings.ReplaceAll(wrapped("x"), "><", ">\r\n <"): 1,
		strings.Replace(wrapped("x"), "<QueueMessage>", "<New at='1'><QueueMessage/></New><QueueMessage a=''><New/>", 1):      1,
		"<QueueMessagesList><QueueMessage/><QueueMessage></QueueMessage></QueueMessagesList>":                                 2,
	} {
		if got, err := readMessages(raw); err != nil || len(got) != want {
			t.Errorf("%s: %v %v", raw, got, err)
		}
	}
}

func TestSureLengthEndsBeforeWhateverIsSpecial(t *testing.T) {
	for c := range 256 {
		for at := range 16 {
			text := []byte("~~~~~~~~~~~~~~~~~")
			text[at] = byte(c)
			if n := sureLength(string(text)); n > at && special[c] || n < 16 && c >= ' ' && !special[c] {
				t.Errorf("%d bytes with %#x at %d", n, c, at)
			}
		}
	}
}

func TestNonsenseIsNoXML(t *testing.T) {
	for _, raw := range []string{"&", "&;", "&nbsp;", "&#;", "&#x;", "&#X41;", "&#0;", "&#1;", "&#xD800;", "&#xFFFE;", "&#x110000;", "&#99999999999;", "&amp", "&#+65;", "\x00", "\x1b",
		"\xff", "\xed\xa0\x80", "\ufffe", "]]>", "<b>", "</b>", "<b></c>", "<b c>", "<b c=d></b>", "<b c='<'></b>", "<b c='&x;'></b>", "<b c=''d=''></b>", "<1/>", "<b/", "<!-- -- -->", "<!---->x<!--",
		"<![CDATA[", "<![CDATA[\x01]]>", "<!DOCTYPE x>", "<?x?>", "<a:b/>", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)} {
		if got, err := readMessages(wrapped(raw)); err == nil {
			t.Errorf("%q is read as %+v", raw, got)
		}
	}
	whole := wrapped("x")
	for _, raw := range []string{"", "x", "<x/>", "<QueueMessagesList>", "<QueueMessages/>", whole + "x", whole + whole, " " + `<?xml version="1.0"?>` + whole, `<?xml version="1.1"?>` + whole,
		`<?xml version="1.0" encoding="latin1"?>` + whole, `<!DOCTYPE x>` + whole, "x" + whole, strings.Replace(whole, inserted, "today", 1), strings.Replace(whole, ">2<", ">two<", 1), whole[:len(whole)-1]} {
		if got, err := readMessages(raw); err == nil {
			t.Errorf("%q is read as %+v", raw, got)
		}
	}
	for i := range whole {
		if _, err := readMessages(whole[:i]); err == nil {
			t.Errorf("%q is read", whole[:i])
		}
	}
}

// FuzzMessages holds the reader to encoding/xml: what it reads, that reads too, and the same.
func FuzzMessages(f *testing.F) {
	f.Add("<?xml version=\"1.0\" encoding=\"utf-8\"?>" + wrapped("x"))
	f.Add(wrapped("a&amp;<![CDATA[b]]>\r\n<c d='e'/><!-- -->&#xD;"))
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readMessages(s)
		if err != nil {
			return
		}
		var want list
		if err := xml.Unmarshal([]byte(s), &want); err != nil {
			t.Fatalf("%q is no XML: %v", s, err)
		}
		if len(got) != len(want.Messages) {
			t.Fatalf("%d messages, want %d", len(got), len(want.Messages))
		}
		for i, w := range want.Messages {
			m := got[i]
			if m.ID != w.ID || m.Receipt != w.Receipt || m.Text != w.Text || w.Tries != nil && int64(m.Tries) != *w.Tries {
				t.Errorf("%+v, want %+v", m, w)
			}
			if at, err := time.Parse(time.RFC1123, w.Inserted); w.Inserted != "" && (err != nil || !at.Equal(m.Inserted)) {
				t.Errorf("inserted %s, want %s", m.Inserted, w.Inserted)
			}
		}
	})
}

// FuzzText holds the writer to both readers: a text comes back as it was, or is refused where no XML can carry it.
func FuzzText(f *testing.F) {
	f.Add("a&b<c>d\r\n\t]]>\"'é𝔹")
	f.Add("\x00")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := appendText(nil, text)
		var theirs strings.Builder
		_ = xml.EscapeText(&theirs, []byte(text)) // a Builder never fails
		if altered := strings.Count(theirs.String(), "\ufffd") > strings.Count(text, "\ufffd"); (err != nil) != altered {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		got, err := readMessages(wrapped(string(b)))
		var want list
		if err := xml.Unmarshal([]byte(wrapped(string(b))), &want); err != nil || want.Messages[0].Text != text {
			t.Errorf("%q became %q %v", text, want.Messages[0].Text, err)
		}
		if err != nil || got[0].Text != text {
			t.Errorf("%q became %+v %v", text, got, err)
		}
		if got, err := readMessages(wrapped(theirs.String())); err != nil || got[0].Text != text {
			t.Errorf("%q of theirs became %+v %v", text, got, err)
		}
	})
}
