package azuresim

import (
	"encoding/base64"
	"time"

	"leadrelay/local/azuresim/auth"
)

// The account that a server has when none is named: Azurite's, whose key is published and protects nothing.
const (
	AccountName = "devstoreaccount1"
	AccountKey  = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Account is a storage account; Key is base64.
type Account struct{ Name, Key string }

// Latency is how long each service takes for a request, in real time.
type Latency struct{ Blob, Queue, Table time.Duration }

// Options say how a server is. The zero value is Azurite's account, over http, by the real clock.
type Options struct {
	Now             func() time.Time // life of messages, leases, visibility and SAS; nil: time.Now
	Accounts        []Account        // the first is the own one; empty: AccountName
	Latency         Latency
	TLS             bool // Start listens for https; see Server.Client
	VerifySharedKey bool // else a SharedKey of one of the accounts is believed; a SAS is always verified

	// Deletion is how long the name of a deleted queue, container or table answers 409 …BeingDeleted. Zero is Azure's 30 s;
	// a negative time is Azurite's none (facts/azure-storage.md §2).
	Deletion time.Duration
	// PageSize cuts a page of entities or blobs, to try continuation; zero is Azure's 1,000 entities and 5,000 blobs.
	PageSize int
	// LogSize is how many requests Log keeps, the last ones; zero is 100,000, a negative number none.
	LogSize int
}

const (
	azureDeletion = 30 * time.Second
	defaultLog    = 100_000
)

// complete puts in what is not said. A key that is no base64 is a mistake of the program.
func (o Options) complete() (Options, []auth.Account) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Deletion == 0 {
		o.Deletion = azureDeletion
	}
	if o.LogSize == 0 {
		o.LogSize = defaultLog
	}
	if len(o.Accounts) == 0 {
		o.Accounts = []Account{{AccountName, AccountKey}}
	}
	var accounts []auth.Account
	for _, a := range o.Accounts {
		key, err := base64.StdEncoding.DecodeString(a.Key)
		if err != nil || len(key) == 0 || a.Name == "" {
			panic("azuresim: the key of account " + a.Name + " is not base64")
		}
		accounts = append(accounts, auth.Account{Name: a.Name, Key: key})
	}
	return o, accounts
}
