// Package lead is what the benchmark sends: one lead, and the requests that every candidate has to refuse.
package lead

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"leadrelay/internal/partner/crf"
	"leadrelay/local/bench/load"
)

// Size is the length of the lead in bytes, that of the measurements in facts/performance.md §0.
const Size = 3041

// Lead is CRF Connect's sample, indented by four, with two numbers a digit shorter (25000.0): as Python's json writes it,
// which made the lead of those measurements.
func Lead() []byte {
	var b bytes.Buffer
	sample := bytes.ReplaceAll(bytes.TrimSpace(crf.Sample()), []byte("000.00,"), []byte("000.0,"))
	if err := json.Indent(&b, sample, "", "    "); err != nil || b.Len() != Size {
		panic(fmt.Sprintf("lead: the sample has %d bytes when it is indented, not %d: %v", b.Len(), Size, err))
	}
	return b.Bytes()
}

// Key is the partner's API key, and Header where it stands.
const (
	Key    = "bench-0123456789abcdef0123456789abcdef"
	Header = "X-Api-Key"
)

// Request is one POST and what has to be answered to it.
type Request struct {
	Name   string
	Key    string
	Body   []byte
	Status int
}

// Wire is the request as it goes over the wire.
func (r Request) Wire(address, path string) []byte {
	var header map[string]string
	if r.Key != "" {
		header = map[string]string{Header: r.Key}
	}
	return load.Post(address, path, header, r.Body)
}

// Valid is the request that is measured.
func Valid() Request { return Request{Name: "a valid lead", Key: Key, Body: Lead(), Status: 200} }

// edit is the lead with one thing changed.
func edit(old, new string) []byte {
	text := string(Lead())
	if strings.Count(text, old) != 1 {
		panic("lead: the sample does not hold this just once: " + old)
	}
	return []byte(strings.Replace(text, old, new, 1))
}

// The changes of which each makes the lead an invalid one.
func badID() []byte {
	return edit(`"4626a582-afb9-48bf-8d86-87e6fe91a842"`, `"4626a582-afb9-48bf-8d86-87e6fe91a84"`)
}
func badNestedID() []byte {
	return edit(`"668c6030-8b80-4c49-ab37-3689469ae31f"`, `"not a GUID"`)
}
func cut() []byte { return Lead()[:Size*2/3] }

// Invalid are the six requests that the product has to refuse. It is tolerant of vocabulary, which the partner extends
// without notice, so an unknown value is a note and no error; structure is what counts.
func Invalid() []Request {
	return []Request{
		{"no key", "", Lead(), 401},
		{"a bad GUID", Key, badID(), 422},
		{"cut JSON", Key, cut(), 400},
		{"a wrong type", Key, edit(`"numEmployees": 3`, `"numEmployees": "3"`), 422},
		{"a key twice", Key, edit(`"numEmployees": 3`, `"numEmployees": 3, "numEmployees": 4`), 400},
		{"a second value", Key, append(Lead(), "{}"...), 400},
	}
}

// InvalidToFloors are the requests that the floors have to refuse: those of facts/performance.md §1. They know the
// document's vocabulary, and no status but 400 for whatever is wrong with a body.
func InvalidToFloors() []Request {
	return []Request{
		{"no key", "", Lead(), 401},
		{"a bad GUID", Key, badID(), 400},
		{"a bad GUID deeper", Key, badNestedID(), 400},
		{"a value that no list has", Key, edit(`"Retail"`, `"Retailer"`), 400},
		{"the same within an array", Key, edit(`"BusinessPlan"`, `"BusinessPlans"`), 400},
		{"cut JSON", Key, cut(), 400},
	}
}
