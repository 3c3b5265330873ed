package crf

import (
	"testing"

	"leadrelay/internal/partner/partnertest"
	"leadrelay/internal/schema"
)

func TestBothWaysAgree(t *testing.T) { partnertest.Agree(t, schema.New[payload](lookups())) }

func FuzzBothWaysAgree(f *testing.F) { partnertest.FuzzAgree(f, schema.New[payload](lookups())) }
