package lead

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Envelope is how an event travels: CloudEvents 1.0, structured JSON, around the partner's payload.
type Envelope struct {
	ID      string    // the receipt: a ULID, fresh for each accepted request
	Partner string    // the configured name; travels as source "/partners/<name>"
	Type    string    // the event's type, "crf.lead"
	Subject string    // the lead's id; empty when the event is about no lead
	Time    time.Time // when it was received, UTC
	Data    []byte    // the payload, byte for byte but for white space around it
	DataRef string    // where the payload lies when it does not travel with the envelope: a URL without a query
	Binary  bool      // Data is not JSON and travels as data_base64
	Tags    []string  // what is odd about it for the one who gets it; travel as the extension "leadrelaytags"
	Test    bool      // made by `leadctl destinations test`; travels as the extension "leadrelaytest"
}

const sourcePrefix = "/partners/"

// Version is the event's place in the history of its lead.
func (e Envelope) Version() Version { return Version{Time: e.Time, Receipt: e.ID} }

// AppendJSON appends the envelope as one JSON object. The payload is spliced in, never re-encoded.
func (e Envelope) AppendJSON(b []byte) []byte {
	b = append(b, `{"specversion":"1.0","id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"source":`...)
	b = appendString(b, sourcePrefix+e.Partner)
	b = append(b, `,"type":`...)
	b = appendString(b, e.Type)
	if e.Subject != "" {
		b = append(b, `,"subject":`...)
		b = appendString(b, e.Subject)
	}
	b = append(b, `,"time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	if e.Test {
		b = append(b, `,"leadrelaytest":true`...)
	}
	if len(e.Tags) > 0 {
		b = append(b, `,"leadrelaytags":`...)
		b = appendString(b, strings.Join(e.Tags, " "))
	}
	if e.Binary {
		b = append(b, `,"data_base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, e.Data)
		return append(b, '"', '}')
	}
	if e.DataRef != "" {
		b = append(b, `,"datacontenttype":"application/json","dataref":`...)
		return append(appendString(b, e.DataRef), '}')
	}
	b = append(b, `,"datacontenttype":"application/json","data":`...)
	b = append(b, bytes.TrimSpace(e.Data)...)
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	out, err := jsontext.AppendQuote(b, s)
	if err != nil { // invalid UTF-8: ids and types are checked before, so this only keeps the text valid
		out, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return out
}

// ErrNotEnvelope says that some JSON is not one of our envelopes; it may be a partner's bare payload.
var ErrNotEnvelope = errors.New("not a leadrelay envelope")

// ParseEnvelope reads what [Envelope.AppendJSON] wrote; Data is a part of b, which must not change from then on.
// JSON that is no CloudEvent of ours is ErrNotEnvelope.
func ParseEnvelope(b []byte) (Envelope, error) {
	var e EnvelopeText
	if err := json.Unmarshal(b, &e); err != nil {
		return Envelope{}, fmt.Errorf("%w: not an envelope's JSON", ErrNotEnvelope)
	}
	return e.Envelope(b)
}

// EnvelopeText is where an envelope stands in a text that holds more, so that both are read at once: the JSON member that
// has this type is the envelope.
type EnvelopeText struct {
	from, to int64
	members  struct {
		SpecVersion string    `json:"specversion"`
		ID          string    `json:"id"`
		Source      string    `json:"source"`
		Type        string    `json:"type"`
		Subject     string    `json:"subject"`
		Time        time.Time `json:"time"`
		Tags        string    `json:"leadrelaytags"`
		Test        bool      `json:"leadrelaytest"`
		Data        span      `json:"data"`
		DataRef     string    `json:"dataref"`
		Base64      *string   `json:"data_base64"`
	}
}

// span is where a value stands in the text that is read.
type span struct{ from, to int64 }

// UnmarshalJSONFrom notes the value's place.
func (s *span) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	s.to = dec.InputOffset()
	s.from = s.to - int64(len(v))
	return err
}

// UnmarshalJSONFrom reads the members and notes the envelope's place.
func (e *EnvelopeText) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	e.from = dec.InputOffset() // the envelope begins behind a colon and white space
	err := json.UnmarshalDecode(dec, &e.members)
	e.to = dec.InputOffset()
	return err
}

// Text is the envelope as it stands in the text that was read.
func (e *EnvelopeText) Text(text []byte) []byte {
	return bytes.TrimLeft(text[e.from:e.to:e.to], ": \t\r\n")
}

// Envelope is the envelope of the text that was read; Data is a part of it. What is no CloudEvent of ours is ErrNotEnvelope.
func (e *EnvelopeText) Envelope(text []byte) (Envelope, error) {
	w := &e.members
	partner, ok := strings.CutPrefix(w.Source, sourcePrefix)
	if w.SpecVersion != "1.0" || !ok || w.ID == "" || (w.Data.to == 0 && w.Base64 == nil && w.DataRef == "") {
		return Envelope{}, ErrNotEnvelope
	}
	env := Envelope{ID: w.ID, Partner: partner, Type: w.Type, Subject: w.Subject, Time: w.Time, DataRef: w.DataRef, Test: w.Test}
	if w.Tags != "" {
		env.Tags = strings.Fields(w.Tags)
	}
	if w.Data.to > 0 {
		env.Data = text[w.Data.from:w.Data.to:w.Data.to]
	}
	if w.Base64 != nil {
		data, err := base64.StdEncoding.DecodeString(*w.Base64)
		if err != nil {
			return Envelope{}, fmt.Errorf("%w: data_base64 is not base64", ErrNotEnvelope)
		}
		env.Data, env.Binary = data, true
	}
	return env, nil
}
