package console_test

import (
	"bytes"

	vocabulary "leadrelay/internal/lead"
	"leadrelay/internal/partner"
)

// lenient is a driver whose schema was mended: a fraud score of 7 is fine.
type lenient struct{ partner.Partner }

func (l lenient) Decode(r partner.Request, body []byte) (vocabulary.Event, error) {
	return l.Partner.Decode(r, bytes.Replace(body, []byte(`"fraudScore":7`), []byte(`"fraudScore":0.7`), 1))
}
