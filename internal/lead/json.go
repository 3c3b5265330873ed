package lead

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may nest in a payload (DESIGN 3).
const MaxDepth = 32

// WellFormed checks that body is one JSON value in valid UTF-8, without a byte order mark, without duplicate keys and
// nested at most [MaxDepth] deep. It fails with Invalid; the error says where, and never quotes the body.
func WellFormed(body []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	for {
		if _, err := dec.ReadToken(); err != nil {
			return malformed(dec, err)
		}
		switch depth := dec.StackDepth(); {
		case depth > MaxDepth:
			return &Error{Kind: Invalid, Err: fmt.Errorf("nested deeper than %d at byte %d", MaxDepth, dec.InputOffset())}
		case depth == 0:
			return ended(dec)
		}
	}
}

// ended checks that nothing but white space follows the value that was read.
func ended(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err == io.EOF {
		return nil
	}
	return &Error{Kind: Invalid, Err: fmt.Errorf("something follows the JSON value at byte %d", dec.InputOffset())}
}

// malformed tells a syntax error without the text around it.
func malformed(dec *jsontext.Decoder, err error) error {
	reason := "not JSON"
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		reason = "duplicate key"
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		reason = "the JSON ends too early"
	}
	return &Error{Kind: Invalid, Err: fmt.Errorf("%s at byte %d", reason, dec.InputOffset())}
}

// ContentHash is the SHA-256 of a well-formed payload without its insignificant white space: member order, number
// digits and escapes count. Equal content sent twice hashes alike however it was indented.
func ContentHash(body []byte) [sha256.Size]byte {
	const small, usual = 512, 4 << 10 // what the stack has room for
	if len(body) <= small {
		return sha256.Sum256(compact(make([]byte, 0, small), body))
	}
	return sha256.Sum256(compact(make([]byte, 0, usual), body))
}

// HexHash is [ContentHash] in hexadecimal.
func HexHash(body []byte) string {
	sum := ContentHash(body)
	var digits [2 * sha256.Size]byte
	hex.Encode(digits[:], sum[:])
	return string(digits[:])
}

// AppendCompact appends well-formed JSON without the white space between its tokens.
func AppendCompact(b, text []byte) []byte {
	b, from := appendRuns(b, text)
	return append(b, text[from:]...)
}

// compact is AppendCompact to room, or text itself if it has no white space.
func compact(room, text []byte) []byte {
	out, from := appendRuns(room, text)
	if from == 0 {
		return text
	}
	return append(out, text[from:]...)
}

// appendRuns appends what stands before white space, and says from where on there is none.
func appendRuns(b, text []byte) (_ []byte, from int) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			i = closing(text, i)
		case c <= ' ':
			b = append(b, text[from:i]...)
			for i+1 < len(text) && text[i+1] <= ' ' {
				i++
			}
			from = i + 1
		}
	}
	return b, from
}

// closing is where the quote stands that ends the string begun at i: the first behind an even number of backslashes. If
// there is none it is the end of text.
func closing(text []byte, i int) int {
	for {
		n := bytes.IndexByte(text[i+1:], '"')
		if n < 0 {
			return len(text)
		}
		i += 1 + n
		if text[i-1] != '\\' || !escaped(text[:i]) {
			return i
		}
	}
}

// escaped says whether what follows text, which ends with a backslash, is escaped by it.
func escaped(text []byte) bool {
	return (len(text)-len(bytes.TrimRight(text, `\`)))%2 == 1
}

// Decimal is a JSON number kept as its text, so that no digit is lost: "25000.00". It is empty for null and absent.
type Decimal string

// UnmarshalJSONFrom takes a JSON number or null; anything else is a type error.
func (d *Decimal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch kind := dec.PeekKind(); kind {
	case 'n':
		*d = ""
		return dec.SkipValue()
	case '0':
		v, err := dec.ReadValue()
		*d = Decimal(v)
		return err
	case jsontext.KindInvalid:
		_, err := dec.ReadToken()
		return err
	default:
		return errors.New("want a number")
	}
}

// MarshalJSONTo writes the number as it came, or null.
func (d Decimal) MarshalJSONTo(enc *jsontext.Encoder) error {
	if d == "" {
		return enc.WriteToken(jsontext.Null)
	}
	return enc.WriteValue(jsontext.Value(d))
}

// Float is the nearest float64, for comparisons only; 0 when the decimal is empty.
func (d Decimal) Float() float64 {
	f, _ := strconv.ParseFloat(string(d), 64) // the text is a JSON number; one beyond the range becomes ±Inf
	return f
}
