package queue

import (
	"strings"

	"leadrelay/local/azuresim/wire"
)

// The operations, and the letters that a SAS needs for them (facts/azure-storage.md §1b; the storage REST reference).
func op(name string, scope wire.Scope, byName, byAcct string) wire.Operation {
	return wire.Operation{Name: name, Scope: scope, ByName: byName, ByAcct: byAcct}
}

// Route tells what a request asks for.
func Route(r *wire.Request) (wire.Operation, *wire.Error) {
	name, rest, _ := strings.Cut(r.Path, "/")
	o, err := route(r, name, rest)
	o.Resource = name
	return o, err
}

func route(r *wire.Request, name, rest string) (wire.Operation, *wire.Error) {
	comp := r.Query.Get("comp")
	switch {
	case name == "":
		return service(r, comp)
	case rest == "":
		return whole(r, comp)
	case rest == "messages" || rest == "messages/":
		return messages(r)
	}
	id, ok := strings.CutPrefix(rest, "messages/")
	switch {
	case !ok || strings.Contains(id, "/"), id == "messages":
		return op("Unknown", wire.OfObject, "", ""), wire.InvalidURI()
	case r.Method == "PUT":
		return op("UpdateMessage", wire.OfObject, "u", "u"), nil
	case r.Method == "DELETE":
		return op("DeleteMessage", wire.OfObject, "p", "p"), nil
	}
	return op("Unknown", wire.OfObject, "", ""), wire.UnsupportedVerb()
}

func service(r *wire.Request, comp string) (wire.Operation, *wire.Error) {
	if r.Method == "GET" && comp == "list" {
		return op("ListQueues", wire.OfService, "", "l"), nil
	}
	return op("Unknown", wire.OfService, "", ""), wire.InvalidURI()
}

func whole(r *wire.Request, comp string) (wire.Operation, *wire.Error) {
	switch r.Method + " " + comp {
	case "PUT ":
		return op("CreateQueue", wire.OfContainer, "", "cw"), nil
	case "DELETE ":
		return op("DeleteQueue", wire.OfContainer, "", "d"), nil
	case "GET metadata", "HEAD metadata":
		return op("GetQueueMetadata", wire.OfContainer, "r", "r"), nil
	case "PUT metadata":
		return op("SetQueueMetadata", wire.OfContainer, "", "w"), nil
	case "GET acl", "HEAD acl":
		return op("GetQueueACL", wire.OfContainer, "", ""), nil
	case "PUT acl":
		return op("SetQueueACL", wire.OfContainer, "", ""), nil
	}
	return op("Unknown", wire.OfContainer, "", ""), wire.UnsupportedVerb()
}

func messages(r *wire.Request) (wire.Operation, *wire.Error) {
	switch {
	case r.Method == "POST":
		return op("PutMessage", wire.OfObject, "a", "a"), nil
	case r.Method == "GET" && r.Query.Get("peekonly") == "true":
		return op("PeekMessages", wire.OfObject, "r", "r"), nil
	case r.Method == "GET":
		return op("GetMessages", wire.OfObject, "p", "p"), nil
	case r.Method == "DELETE":
		return op("ClearMessages", wire.OfObject, "", "d"), nil
	}
	return op("Unknown", wire.OfObject, "", ""), wire.UnsupportedVerb()
}

// MaxBody is how large a request's body may be in bytes: 64 KiB of text may take five times that in XML.
const MaxBody = 1 << 20
