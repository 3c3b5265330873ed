//go:build !race

package schema

import (
	"testing"

	"leadrelay/internal/lead"
)

func TestQuickAllocatesOnlyTheCopyOfTheBody(t *testing.T) {
	s, body := tested(), []byte(whole(`"plain":"p","when":"2020-05-08T23:09:15Z","inner":{"city":"Ulm"},"count":7,"score":0.5,"free":{},"cities":["Ulm",null]`))
	if n := testing.AllocsPerRun(100, func() { s.Quick(body, func(*outer, []lead.Note) {}) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
