package azure

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"leadrelay/internal/lead"
)

// appendText appends a text as XML carries it: the three characters escaped that mean something, and CR, which a reader
// would turn into LF (facts/azure-storage.md §2). What no XML can carry is Refused; the SDK would silently alter it.
func appendText(b []byte, s string) ([]byte, error) {
	done := 0
	for i := 0; i < len(s); {
		if !special[s[i]] {
			i++
			continue
		}
		escaped, size := "", 1
		switch c := s[i]; {
		case c == '&':
			escaped = "&amp;"
		case c == '<':
			escaped = "&lt;"
		case c == '>':
			escaped = "&gt;"
		case c == '\r':
			escaped = "&#xD;"
		case c < ' ':
			return b, uncarried(rune(c))
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 || !inXML(r) {
				return b, uncarried(r)
			}
		}
		if escaped != "" {
			b = append(append(b, s[done:i]...), escaped...)
			done = i + 1
		}
		i += size
	}
	return append(b, s[done:]...), nil
}

func uncarried(r rune) error {
	if r == utf8.RuneError {
		return lead.Errorf(lead.Refused, "the body is not UTF-8, which a queue message in text needs; base64 carries anything")
	}
	return lead.Errorf(lead.Refused, "the body holds a character (U+%04X) that a queue message in text cannot; base64 carries anything", r)
}

// inXML says whether a character may be in XML 1.0.
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

var errNoList = errors.New("not a list of messages")

// readMessages reads <QueueMessagesList>; of its messages the elements that a [Message] has, whatever else is there.
// It is as strict as encoding/xml, and more: no document type, nothing behind the end, ASCII names. The strings share
// the memory of s.
func readMessages(s string) ([]Message, error) {
	x := markup{rest: s}
	if err := x.prolog(); err != nil {
		return nil, err
	}
	name, empty, err := x.open()
	if err != nil || name != "QueueMessagesList" {
		return nil, errNoList
	}
	out := make([]Message, 0, min(32, strings.Count(s, "<QueueMessage>")))
	for more := !empty; more; {
		var child string
		if child, empty, more, err = x.child(name); err != nil || !more {
			break
		}
		if child != "QueueMessage" {
			_, err = x.text(child, empty)
		} else {
			var m Message
			m, err = x.message(empty)
			out = append(out, m)
		}
		if err != nil {
			return nil, err
		}
	}
	if err == nil {
		err = x.epilog()
	}
	return out, err
}

// message reads what is in <QueueMessage>.
func (x *markup) message(empty bool) (m Message, err error) {
	for more := !empty; more; {
		var name string
		if name, empty, more, err = x.child("QueueMessage"); err != nil || !more {
			break
		}
		switch name {
		case "MessageId":
			m.ID, err = x.text(name, empty)
		case "PopReceipt":
			m.Receipt, err = x.text(name, empty)
		case "MessageText":
			m.Text, err = x.text(name, empty)
		case "InsertionTime":
			var t string
			if t, err = x.text(name, empty); err == nil {
				m.Inserted, err = time.Parse(http.TimeFormat, t)
			}
		case "DequeueCount":
			var n string
			if n, err = x.text(name, empty); err == nil {
				m.Tries, err = strconv.Atoi(n)
			}
		default:
			_, err = x.text(name, empty)
		}
		if err != nil {
			return m, err
		}
	}
	return m, err
}
