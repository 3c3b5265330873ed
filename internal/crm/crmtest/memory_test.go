package crmtest_test

import (
	"context"
	"testing"

	"leadrelay/internal/crm"
	"leadrelay/internal/crm/crmtest"
	"leadrelay/internal/lead"
)

func TestMemoryKeepsThePromises(t *testing.T) {
	unavailable := func() error { return lead.Errorf(lead.Unavailable, "down") }
	crmtest.Run(t, crmtest.Harness{
		Open: func(*testing.T) crm.CRM { return &crmtest.Memory{} },
		Down: func(*testing.T) crm.CRM {
			return &crmtest.Memory{Down: unavailable, Fail: func(context.Context, crm.Change) error { return unavailable() }}
		},
		Records: func(_ *testing.T, c crm.CRM) []crmtest.Record { return c.(*crmtest.Memory).Records() },
	})
}
