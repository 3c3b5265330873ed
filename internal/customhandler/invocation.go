package customhandler

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Invocation is one call of a function that is not HTTP. What the host calls Metadata is not read: a message's own members
// overwrite it, so it can never be trusted.
type Invocation struct {
	ID   string
	room *room
}

// Text is a string binding's value, until the function returns. The host encodes a string twice; one level is accepted too.
func (i Invocation) Text(binding string) ([]byte, error) {
	n := slices.IndexFunc(i.room.data, func(b bound) bool { return string(b.name) == binding })
	if n < 0 {
		return nil, fmt.Errorf("the invocation has no binding %q", binding)
	}
	raw := i.room.data[n].value
	once, err := i.room.unquote(raw)
	if err != nil {
		return raw, nil // an object: it was sent as it is
	}
	twice, err := i.room.unquote(once)
	if err != nil {
		return once, nil
	}
	return twice, nil
}

// room is what an invocation is read with, and what holds it. A later one uses it again.
type room struct {
	body    bytes.Buffer
	decoder *jsontext.Decoder
	data    []bound
	text    []byte // what was unquoted, one behind the other
}

// bound is what the host hands over for a binding, as it lies in the body.
type bound struct{ name, value []byte }

func newRoom() any { return &room{decoder: jsontext.NewDecoder(&bytes.Buffer{})} }

const (
	// maxInvocation bounds the body of an invocation: a queue message of 64 KiB arrives escaped up to fourfold, its
	// members once more as metadata.
	maxInvocation = 4 << 20
	// keep is how many bytes of a body are worth keeping room for.
	keep = 256 << 10
)

// read reads a call's body, into a buffer of its length where the host says it.
func (m *room) read(w http.ResponseWriter, r *http.Request) error {
	m.body.Reset()
	m.data, m.text = m.data[:0], m.text[:0]
	if n := r.ContentLength; n > 0 && n <= maxInvocation {
		m.body.Grow(int(n) + bytes.MinRead) // ReadFrom wants to see the end
	}
	if _, err := m.body.ReadFrom(http.MaxBytesReader(w, r.Body, maxInvocation)); err != nil {
		return fmt.Errorf("the invocation cannot be read: %T", err)
	}
	if err := m.parse(); err != nil {
		return fmt.Errorf("not an invocation of the host: %T", err)
	}
	return nil
}

var (
	errForm = errors.New("not of the form of an invocation")
	errRest = errors.New("nobody reads the rest")
)

// parse finds the bindings in the body, which is one JSON object, or null. Of the members behind them, a third of the body,
// only the end is looked at.
func (m *room) parse() error {
	body := m.body.Bytes()
	m.decoder.Reset(&m.body)
	found := false
	err := m.object(func(name []byte) error {
		switch {
		case found:
			return errRest
		case string(name) != "Data":
			return m.decoder.SkipValue()
		}
		found = true
		return m.object(func(name []byte) error {
			v, err := m.decoder.ReadValue()
			end := m.decoder.InputOffset()
			m.data = append(m.data, bound{name, body[end-int64(len(v)) : end]})
			return err
		})
	})
	switch {
	case err == errRest && bytes.HasSuffix(bytes.TrimSpace(body), []byte("}")):
		return nil
	case err != nil:
		return err
	}
	if _, err = m.decoder.ReadToken(); err != io.EOF {
		return errForm
	}
	return nil
}

// object reads an object, or null: of each member the name, and then whoever wants to its value.
func (m *room) object(value func(name []byte) error) error {
	begin, err := m.decoder.ReadToken()
	switch {
	case err != nil:
		return err
	case begin.Kind() == 'n':
		return nil
	case begin.Kind() != '{':
		return errForm
	}
	for m.decoder.PeekKind() == '"' {
		quoted, err := m.decoder.ReadValue()
		if err != nil {
			return err
		}
		name, _ := m.unquote(quoted) // valid, as was read
		if err := value(name); err != nil {
			return err
		}
	}
	_, err = m.decoder.ReadToken()
	return err
}

// unquote is a JSON string without its quotes and escapes; err is for anything else.
func (m *room) unquote(quoted []byte) (plain []byte, err error) {
	from := len(m.text)
	m.text, err = jsontext.AppendUnquote(m.text, quoted)
	return slices.Clip(m.text[from:]), err
}
