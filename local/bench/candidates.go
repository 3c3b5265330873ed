package main

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/ledger"
	"leadrelay/local/bench/lead"
	"leadrelay/local/bench/load"
	"leadrelay/local/bench/measure"
)

// product is the name under which the handler is measured.
const product = "leadrelay"

// prefix begins the product's names in storage.
const prefix = "leadrelay"

// candidate is a program that takes leads in.
type candidate struct {
	name  string
	path  string // of the POST
	queue string // where a lead ends
	// program is how it is started, to listen at an address and to write to the storage of a connection string.
	program func(address, connection string) (measure.Program, error)
	// read takes the bytes of the lead out of the text of a message.
	read    func(text string) ([]byte, error)
	invalid []lead.Request // what it has to refuse
}

// floors are the modes of local/bench/floor, the cheapest first.
func floors() []string { return []string{"phys", "cej", "c2"} }

// candidates are the floors and the product, in the order of the tables.
func (b *bench) candidates() []candidate {
	var list []candidate
	for _, mode := range floors() {
		list = append(list, b.floor(mode))
	}
	return append(list, b.product())
}

// product is the handler as it is deployed, without the Functions host in front of it.
func (b *bench) product() candidate {
	return candidate{name: product, path: "/webhooks/crf", queue: prefix + "-intake", invalid: lead.Invalid(),
		program: func(address, connection string) (measure.Program, error) {
			_, port, err := net.SplitHostPort(address)
			return measure.Program{Path: b.program(handlerProgram), Address: address, Env: append(settings(connection), "FUNCTIONS_CUSTOMHANDLER_PORT="+port)}, err
		},
		read: func(text string) ([]byte, error) {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, err
			}
			m, err := ledger.ParseMessage(raw)
			return m.Envelope.Data, err
		}}
}

// settings are the app settings of the product.
func settings(connection string) []string {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	return []string{"AzureWebJobsStorage=" + connection, "LEADRELAY_PREFIX=" + prefix, "LEADRELAY_SEAL_KEY=" + key, "LEADRELAY_HASH_KEY=" + key,
		"PARTNER_CRF_SECRET=" + lead.Key, "DRAIN_SCHEDULE=0 0 0 1 1 *", "SWEEP_SCHEDULE=0 * * * * *"}
}

// floor is one of the frozen programs. It writes by SAS.
func (b *bench) floor(mode string) candidate {
	const queue = "leads"
	return candidate{name: mode, path: "/", queue: queue, invalid: lead.InvalidToFloors(),
		program: func(address, connection string) (measure.Program, error) {
			signer, err := azure.NewSigner(connection)
			if err != nil {
				return measure.Program{}, err
			}
			url := signer.SignQueue(queue, "a", time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)).Reveal()
			return measure.Program{Path: b.program(floorProgram), Args: []string{mode}, Address: address,
				Env: []string{"FLOOR_ADDRESS=" + address, "FLOOR_KEY=" + lead.Key, "FLOOR_QUEUE=" + url}}, nil
		},
		read: func(text string) ([]byte, error) { return []byte(text), nil }}
}

// start starts a candidate on a free port and waits until it listens.
func (c candidate) start(ctx context.Context, connection string) (*measure.Process, error) {
	p, err := c.at(connection)
	if err != nil {
		return nil, err
	}
	return measure.Start(ctx, p)
}

// at is how a candidate is started on a free port.
func (c candidate) at(connection string) (measure.Program, error) {
	address, err := measure.FreeAddress()
	if err != nil {
		return measure.Program{}, err
	}
	return c.program(address, connection)
}

// load is the valid lead, again and again.
func (c candidate) load(address string, connections int) load.Options {
	return load.Options{Address: address, Connections: connections, Status: 200, Request: load.Same(lead.Valid().Wire(address, c.path))}
}
