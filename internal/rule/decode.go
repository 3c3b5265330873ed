package rule

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"leadrelay/internal/lead"
)

// errPayload says nothing of the payload.
var errPayload = errors.New("the payload is not well-formed JSON")

// decode reads a payload for comparisons: an integer that fits is an int, so that every digit of an id counts; any other number is
// a float64.
func decode(payload []byte) (any, error) {
	if lead.WellFormed(payload) != nil {
		return nil, errPayload
	}
	return decodeValue(jsontext.NewDecoder(bytes.NewBuffer(payload)))
}

func decodeValue(dec *jsontext.Decoder) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, errPayload
	}
	switch token.Kind() {
	case '{':
		object := map[string]any{}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, errPayload
			}
			key := name.String()
			if object[key], err = decodeValue(dec); err != nil {
				return nil, err
			}
		}
		_, err = dec.ReadToken()
		return object, err
	case '[':
		array := []any{}
		for dec.PeekKind() != ']' {
			value, err := decodeValue(dec)
			if err != nil {
				return nil, err
			}
			array = append(array, value)
		}
		_, err = dec.ReadToken()
		return array, err
	case '"':
		return token.String(), nil
	case '0':
		if n, err := strconv.Atoi(token.String()); err == nil {
			return n, nil
		}
		return lead.Decimal(token.String()).Float(), nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}
