package azure

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// markup reads XML from front to back. What it returns shares the memory of what it reads where nothing is escaped.
type markup struct {
	rest  string
	depth int
}

const deepest = 32 // elements in elements

var errMarkup = errors.New("not XML")

// take takes s away, if it is next.
func (x *markup) take(s string) bool {
	rest, ok := strings.CutPrefix(x.rest, s)
	x.rest = rest
	return ok
}

// until takes everything up to s, and s.
func (x *markup) until(s string) (string, error) {
	before, after, ok := strings.Cut(x.rest, s)
	if !ok {
		return "", errMarkup
	}
	x.rest = after
	return before, nil
}

// space takes white space away, and says whether there was some.
func (x *markup) space() bool {
	before := len(x.rest)
	x.rest = strings.TrimLeft(x.rest, " \t\r\n")
	return len(x.rest) < before
}

// misc takes white space and comments away.
func (x *markup) misc() error {
	for x.space(); strings.HasPrefix(x.rest, "<!--"); x.space() {
		if err := x.comment(); err != nil {
			return err
		}
	}
	return nil
}

// comment takes a comment away.
func (x *markup) comment() error {
	x.take("<!--")
	text, err := x.until("--")
	if _, bad := unescape(text, true); err != nil || bad != nil || !x.take(">") {
		return errMarkup
	}
	return nil
}

// prolog takes the declaration away, and what may stand before the document.
func (x *markup) prolog() error {
	if x.take("<?xml") {
		for x.space() && !strings.HasPrefix(x.rest, "?>") {
			name, value, err := x.attribute()
			if err != nil || name == "version" && value != "1.0" || name == "encoding" && !strings.EqualFold(value, "utf-8") {
				return errMarkup
			}
		}
		if !x.take("?>") {
			return errMarkup
		}
	}
	return x.misc()
}

// epilog is the end.
func (x *markup) epilog() error {
	if err := x.misc(); err != nil || x.rest != "" {
		return errMarkup
	}
	return nil
}

// open takes a tag that begins an element; of one that is empty nothing more comes.
func (x *markup) open() (name string, empty bool, err error) {
	if !x.take("<") {
		return "", false, errMarkup
	}
	name = x.name(false)
	for name != "" {
		spaced := x.space()
		switch {
		case x.take(">"):
			return name, false, nil
		case x.take("/>"):
			return name, true, nil
		case !spaced:
			return "", false, errMarkup
		}
		if _, _, err := x.attribute(); err != nil {
			return "", false, err
		}
	}
	return "", false, errMarkup
}

// name takes a name of ASCII characters; empty, there was none. Elements have no prefix here.
func (x *markup) name(prefixed bool) string {
	n := 0
	for n < len(x.rest) {
		c := x.rest[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (n == 0 || (c < '0' || c > '9') && c != '-' && c != '.' && (c != ':' || !prefixed)) {
			break
		}
		n++
	}
	name := x.rest[:n]
	x.rest = x.rest[n:]
	return name
}

func (x *markup) attribute() (name, value string, err error) {
	name = x.name(true)
	x.space()
	equals := x.take("=")
	x.space()
	quote := `"`
	if name == "" || !equals || !x.take(quote) {
		if quote = "'"; name == "" || !equals || !x.take(quote) {
			return "", "", errMarkup
		}
	}
	if value, err = x.until(quote); err != nil || strings.Contains(value, "<") {
		return "", "", errMarkup
	}
	value, err = unescape(value, false)
	return name, value, err
}

// close takes the tag that ends an element, behind its "</".
func (x *markup) close(name string) error {
	got := x.name(false)
	x.space()
	if got != name || !x.take(">") {
		return errMarkup
	}
	return nil
}

// child takes the tag that begins the next element in a parent, or the one that ends the parent: then more is false.
func (x *markup) child(parent string) (name string, empty, more bool, err error) {
	if err = x.misc(); err != nil {
		return "", false, false, err
	}
	if x.take("</") {
		return "", false, false, x.close(parent)
	}
	name, empty, err = x.open()
	return name, empty, true, err
}

// text takes the rest of an element and gives its own text, without that of elements in it.
func (x *markup) text(name string, empty bool) (string, error) {
	if empty {
		return "", nil
	}
	if x.depth++; x.depth > deepest {
		return "", errMarkup
	}
	defer func() { x.depth-- }()
	text, more := "", []byte(nil) // more has what follows the first piece
	for {
		end := strings.IndexByte(x.rest, '<')
		if end < 0 {
			return "", errMarkup
		}
		piece, err := unescape(x.rest[:end], false)
		if x.rest = x.rest[end:]; err != nil {
			return "", err
		}
		if text == "" && more == nil {
			text = piece
		} else {
			more = append(more, piece...)
		}
		switch {
		case x.take("</"):
			return text + string(more), x.close(name)
		case x.take("<![CDATA["):
			var raw string
			raw, err = x.until("]]>")
			if raw, bad := unescape(raw, true); bad == nil {
				more = append(more, raw...)
			} else {
				err = bad
			}
		case strings.HasPrefix(x.rest, "<!--"):
			err = x.comment()
		default:
			err = x.element()
		}
		if err != nil {
			return "", err
		}
	}
}

// element takes a whole element.
func (x *markup) element() error {
	name, empty, err := x.open()
	if err == nil {
		_, err = x.text(name, empty)
	}
	return err
}

// special are the bytes that do not stand for themselves in every text, or are none of XML.
var special = func() (bytes [256]bool) {
	for c := range bytes {
		bytes[c] = c < ' ' && c != '\t' && c != '\n' || c >= utf8.RuneSelf || strings.IndexByte("&<>]\r", byte(c)) >= 0
	}
	return bytes
}()

// sureLength is how many of the first bytes certainly stand for themselves, as all of base64 do, eight at a time.
func sureLength(s string) (n int) {
	const every, high = 0x0101010101010101, 0x8080808080808080
	for ; n+8 <= len(s); n += 8 {
		w := binary.LittleEndian.Uint64([]byte(s[n : n+8]))
		// In each of the eight, the highest bit of a sum tells ' ' or more, and what is not the character.
		ok := (w + every*(0x80-' ')) & (w ^ every*'&' + every*0x7f) & (w ^ every*'<' + every*0x7f) & (w ^ every*'>' + every*0x7f) & (w ^ every*']' + every*0x7f)
		if w&high != 0 || ok&high != high {
			break
		}
	}
	return n
}

// unescape is a text with its references replaced, unless it is literal (CDATA, a comment), and with its line ends made
// LF. What is no character of XML is an error.
func unescape(s string, literal bool) (string, error) {
	var b []byte
	done := 0
	for i := sureLength(s); i < len(s); {
		if !special[s[i]] {
			i++
			continue
		}
		switch c := s[i]; {
		case c == '&' && !literal:
			r, n := reference(s[i:])
			if n == 0 {
				return "", errMarkup
			}
			b = utf8.AppendRune(append(b, s[done:i]...), r)
			i += n
			done = i
		case c == '\r':
			b = append(b, s[done:i]...)
			if i++; i == len(s) || s[i] != '\n' {
				b = append(b, '\n')
			}
			done = i
		case c == ']' && !literal && strings.HasPrefix(s[i:], "]]>"):
			return "", errMarkup
		case c < ' ':
			return "", errMarkup
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 || !inXML(r) {
				return "", errMarkup
			}
			i += n
		}
	}
	if done == 0 {
		return s, nil
	}
	return string(append(b, s[done:]...)), nil
}

// reference reads "&amp;", "&#233;" or "&#xE9;" and how long it is, 0 when it is none.
func reference(s string) (rune, int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 0 {
		return 0, 0
	}
	name := s[1:end]
	for i, known := range []string{"amp", "lt", "gt", "quot", "apos"} {
		if name == known {
			return rune(`&<>"'`[i]), end + 1
		}
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if !ok || err != nil || n > utf8.MaxRune || !inXML(rune(n)) {
		return 0, 0
	}
	return rune(n), end + 1
}
