package app

import (
	"context"
	"net/http"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm/table"
	"leadrelay/internal/ledger"
	"leadrelay/internal/registry"
)

// Store is our own storage account, as far as it needs no key of ours.
type Store struct {
	Names   ledger.Names
	Account *azure.Account
	Leads   *table.CRM
	Client  *http.Client
	now     func() time.Time
}

// OpenStore reads AzureWebJobsStorage and LEADRELAY_PREFIX. It calls nothing. What is wrong stands in env; the account
// is then nil.
func OpenStore(env *config.Env, now func() time.Time) Store {
	s := env.Global()
	st := Store{Names: ledger.Names{Prefix: s.String("LEADRELAY_PREFIX", "leadrelay")}, Client: azure.NewClient(), now: now}
	if err := st.Names.Check(); err != nil {
		s.Complain("LEADRELAY_PREFIX", "%v", err)
	}
	var err error
	if st.Account, err = azure.OpenAccount(s, st.Client); err != nil {
		s.Complain("AzureWebJobsStorage", "%v", err)
	}
	if st.Account != nil {
		st.Leads = table.New(st.Account, st.Names.Leads(), now)
	}
	return st
}

// Setup creates the queues, containers and tables that are missing.
func (st Store) Setup(ctx context.Context) error { return ledger.Setup(ctx, st.Account, st.Names) }

// Backend is a store with the keys that open what is kept in it.
type Backend struct {
	Store
	Hash         ledger.Hash
	Ledger       *ledger.Ledger
	Intake       *ledger.Intake
	Destinations *registry.Registry
	Tally        *ledger.Tally
}

// OpenBackend is OpenStore with LEADRELAY_HASH_KEY and LEADRELAY_SEAL_KEY.
func OpenBackend(env *config.Env, now func() time.Time) *Backend {
	b := &Backend{Store: OpenStore(env, now)}
	s := env.Global()
	hashKey, sealKey, oldKey := s.Key32("LEADRELAY_HASH_KEY"), s.Key32("LEADRELAY_SEAL_KEY"), s.Key32("LEADRELAY_SEAL_KEY_OLD")
	for name, key := range map[string][]byte{"LEADRELAY_HASH_KEY": hashKey, "LEADRELAY_SEAL_KEY": sealKey} {
		if key == nil {
			s.Complain(name, "is required: 32 bytes in base64 (openssl rand -base64 32)")
		}
	}
	if b.Account == nil || sealKey == nil {
		return b
	}
	sealer, err := registry.NewSealer(sealKey, oldKey)
	if err != nil {
		s.Complain("LEADRELAY_SEAL_KEY", "%v", err)
		return b
	}
	b.Hash = ledger.NewHash(hashKey)
	b.Ledger = ledger.New(b.Account, b.Names, b.Hash, now)
	b.Tally = &ledger.Tally{Table: b.Account.Table(b.Names.State()), Now: now}
	b.Intake = ledger.NewIntake(b.Account, b.Names)
	b.Destinations = registry.New(b.Account.Table(b.Names.Destinations()), sealer, checkDestination(now), now)
	return b
}
