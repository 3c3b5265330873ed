package blob

import (
	"strings"

	"leadrelay/local/azuresim/wire"
)

func op(name string, scope wire.Scope, byName, byAcct string) wire.Operation {
	return wire.Operation{Name: name, Scope: scope, ByName: byName, ByAcct: byAcct}
}

// Route tells what a request asks for, and the letters that a SAS needs for it (facts/azure-storage.md §1b; the storage
// REST reference).
func Route(r *wire.Request) (wire.Operation, *wire.Error) {
	name, blob, _ := strings.Cut(r.Path, "/")
	var o wire.Operation
	var err *wire.Error
	switch what := r.Method + " " + r.Query.Get("comp"); {
	case name == "":
		o, err = service(what)
	case blob == "":
		o, err = whole(what, r.Query.Get("restype"))
		o.Resource = name
	default:
		o, err = object(what, r)
		o.Resource = name + "/" + blob
	}
	return o, err
}

func service(what string) (wire.Operation, *wire.Error) {
	if what == "GET list" {
		return op("ListContainers", wire.OfService, "", "l"), nil
	}
	return op("Unknown", wire.OfService, "", ""), wire.InvalidURI()
}

func whole(what, restype string) (wire.Operation, *wire.Error) {
	if restype != "container" {
		return op("Unknown", wire.OfContainer, "", ""), wire.InvalidQuery("restype", restype, "A container needs restype=container.")
	}
	switch what {
	case "PUT ":
		return op("CreateContainer", wire.OfContainer, "", "cw"), nil
	case "DELETE ":
		return op("DeleteContainer", wire.OfContainer, "", "d"), nil
	case "GET ", "HEAD ", "GET metadata", "HEAD metadata":
		return op("GetContainerProperties", wire.OfContainer, "", "r"), nil
	case "PUT metadata":
		return op("SetContainerMetadata", wire.OfContainer, "", "w"), nil
	case "GET acl", "HEAD acl":
		return op("GetContainerACL", wire.OfContainer, "", ""), nil
	case "PUT acl":
		return op("SetContainerACL", wire.OfContainer, "", ""), nil
	case "GET list":
		return op("ListBlobs", wire.OfContainer, "l", "l"), nil
	}
	return op("Unknown", wire.OfContainer, "", ""), wire.UnsupportedVerb()
}

func object(what string, r *wire.Request) (wire.Operation, *wire.Error) {
	switch what {
	case "PUT ":
		return op("PutBlob", wire.OfObject, "cw", "cw"), nil
	case "GET ":
		return op("GetBlob", wire.OfObject, "r", "r"), nil
	case "HEAD ", "HEAD metadata", "GET metadata":
		return op("GetBlobProperties", wire.OfObject, "r", "r"), nil
	case "DELETE ":
		return op("DeleteBlob", wire.OfObject, "d", "d"), nil
	case "PUT metadata":
		return op("SetBlobMetadata", wire.OfObject, "w", "w"), nil
	case "PUT properties":
		return op("SetBlobProperties", wire.OfObject, "w", "w"), nil
	case "PUT block":
		return op("PutBlock", wire.OfObject, "w", "w"), nil
	case "PUT blocklist":
		return op("PutBlockList", wire.OfObject, "w", "w"), nil
	case "PUT appendblock":
		return op("AppendBlock", wire.OfObject, "aw", "aw"), nil
	case "PUT lease":
		if action := leaseOp(r.Header.Get("X-Ms-Lease-Action")); action != "" {
			letters := "w"
			if action == "BreakLease" {
				letters = "wd"
			}
			return op(action, wire.OfObject, letters, letters), nil
		}
		return op("Unknown", wire.OfObject, "w", "w"), wire.InvalidHeader("x-ms-lease-action", r.Header.Get("X-Ms-Lease-Action"))
	}
	return op("Unknown", wire.OfObject, "", ""), wire.UnsupportedVerb()
}

func leaseOp(action string) string {
	switch strings.ToLower(action) {
	case "acquire":
		return "AcquireLease"
	case "renew":
		return "RenewLease"
	case "change":
		return "ChangeLease"
	case "release":
		return "ReleaseLease"
	case "break":
		return "BreakLease"
	}
	return ""
}
