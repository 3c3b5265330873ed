package queue

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"leadrelay/local/azuresim/wire"
)

// MaxText is how long a message's text may be in bytes (facts/azure-storage.md §2).
const MaxText = 64 << 10

// parseText reads <QueueMessage><MessageText>…</MessageText></QueueMessage>; needed says that the text must be there.
func parseText(body []byte, needed bool) (string, *wire.Error) {
	text, ok := plainText(body)
	if !ok {
		var err error
		if text, err = decodeText(body); err != nil && (needed || !errors.Is(err, errNoText)) {
			return "", wire.InvalidXML()
		}
	}
	if len(text) > MaxText {
		return "", wire.TooLarge(MaxText)
	}
	return text, nil
}

// plainText is the quick way for what every client sends: no prolog, no attributes, and of entities the five of XML and
// numbers.
func plainText(body []byte) (string, bool) {
	s := bytes.TrimSpace(body)
	s, one := bytes.CutPrefix(s, []byte("<QueueMessage><MessageText>"))
	s, two := bytes.CutSuffix(s, []byte("</MessageText></QueueMessage>"))
	if !one || !two || !utf8.Valid(s) {
		return "", false
	}
	for _, c := range s {
		if c < ' ' && c != '\t' && c != '\n' {
			return "", false
		}
	}
	for _, c := range []byte{'<', '>', 0xEF} { // 0xEF begins U+FFFE and U+FFFF, which XML does not know
		if bytes.IndexByte(s, c) >= 0 {
			return "", false
		}
	}
	if bytes.IndexByte(s, '&') < 0 {
		return string(s), true
	}
	return unescape(string(s))
}

var entity = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&quot;", `"`, "&apos;", "'", "&#xA;", "\n", "&#xD;", "\r", "&#x9;", "\t")

// unescape fails on an entity that is not among those that Go's and other encoders write.
func unescape(s string) (string, bool) {
	for i := strings.IndexByte(s, '&'); i >= 0; {
		end := strings.IndexByte(s[i:min(i+7, len(s))], ';')
		if end < 0 {
			return "", false
		}
		switch s[i : i+end+1] {
		case "&amp;", "&lt;", "&gt;", "&#34;", "&#39;", "&quot;", "&apos;", "&#xA;", "&#xD;", "&#x9;":
		default:
			return "", false
		}
		next := strings.IndexByte(s[i+1:], '&')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return entity.Replace(s), true
}

var errNoText = errors.New("no MessageText")

// decodeText is the long way.
func decodeText(body []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var text strings.Builder
	depth, inside, found, root := 0, false, false, false
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.Directive:
			return "", errors.New("a document type")
		case xml.StartElement:
			depth++
			if depth == 1 && t.Name.Local != "QueueMessage" || inside {
				return "", errors.New("not a queue message")
			}
			root = true
			if depth == 2 && t.Name.Local == "MessageText" {
				inside, found = true, true
			}
		case xml.EndElement:
			depth, inside = depth-1, false
		case xml.CharData:
			if inside {
				text.Write(t)
			} else if depth == 0 && len(bytes.TrimSpace(t)) > 0 && !bytes.Equal(t, []byte("\ufeff")) {
				return "", errors.New("text outside of the document")
			}
		}
	}
	if !root || !found {
		return "", errNoText
	}
	return text.String(), nil
}

// form says what a listing shows of a message.
type form uint8

const (
	put    form = iota // no text, no count
	got                // everything
	peeked             // no receipt
)

func one(m message) []message { return []message{m} }

// list writes a QueueMessagesList.
func list(messages []message, f form) []byte {
	size := 128
	for i := range messages {
		size += 512
		if f != put {
			size += len(messages[i].text)
		}
	}
	b := append(make([]byte, 0, size), wire.Prolog...)
	b = append(b, "<QueueMessagesList>"...)
	for i := range messages {
		b = messages[i].append(b, f)
	}
	return append(b, "</QueueMessagesList>"...)
}

const stamp = "Mon, 02 Jan 2006 15:04:05 GMT"

func (m *message) append(b []byte, f form) []byte {
	b = append(b, "<QueueMessage><MessageId>"...)
	b = append(b, m.id...)
	b = append(b, "</MessageId><InsertionTime>"...)
	b = m.inserted.UTC().AppendFormat(b, stamp)
	b = append(b, "</InsertionTime><ExpirationTime>"...)
	expires := m.expires
	if expires.IsZero() {
		expires = wire.Forever()
	}
	b = expires.UTC().AppendFormat(b, stamp)
	b = append(b, "</ExpirationTime>"...)
	if f != peeked {
		b = append(b, "<PopReceipt>"...)
		b = append(b, receiptText(m.receipt)...)
		b = append(b, "</PopReceipt><TimeNextVisible>"...)
		b = m.visible.UTC().AppendFormat(b, stamp)
		b = append(b, "</TimeNextVisible>"...)
	}
	if f != put {
		b = append(b, "<DequeueCount>"...)
		b = strconv.AppendInt(b, m.count, 10)
		b = append(b, "</DequeueCount><MessageText>"...)
		b = wire.AppendXML(b, m.text)
		b = append(b, "</MessageText>"...)
	}
	return append(b, "</QueueMessage>"...)
}

func messageID(r *wire.Request) string {
	i := strings.LastIndexByte(r.Path, '/')
	return r.Path[i+1:]
}

func (q *queue) setACL(r *wire.Request) (wire.Answer, *wire.Error) {
	policies, err := wire.ParseACL(r.Body)
	if err != nil {
		return wire.Answer{}, err
	}
	q.policies = policies
	return wire.Answer{Status: 204}, nil
}

// list answers ListQueues.
func (s *Store) list(r *wire.Request) (wire.Answer, *wire.Error) {
	names := slices.DeleteFunc(s.Names(), func(n string) bool { return !strings.HasPrefix(n, r.Query.Get("prefix")) })
	return wire.XML(200, wire.NameList(r, "Queues", "Queue", names)), nil
}
