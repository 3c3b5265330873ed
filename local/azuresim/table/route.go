package table

import (
	"strings"

	"leadrelay/local/azuresim/wire"
)

func op(name string, scope wire.Scope, letters string) wire.Operation {
	return wire.Operation{Name: name, Scope: scope, ByName: letters, ByAcct: letters}
}

// Route tells what a request asks for, and the letters that a SAS needs for it.
func Route(r *wire.Request) (wire.Operation, *wire.Error) {
	name, address, _ := strings.Cut(r.Path, "(")
	name = strings.TrimSuffix(name, "/")
	o, err := route(r, name, strings.TrimSuffix(address, ")"))
	switch {
	case name == "$batch":
		o.Resource = r.Query.Get("tn")
	case strings.EqualFold(name, "Tables"):
		o.Resource = strings.Trim(strings.TrimSuffix(address, ")"), "'")
	default:
		o.Resource = name
	}
	return o, err
}

func route(r *wire.Request, name, address string) (wire.Operation, *wire.Error) {
	method := r.Method
	if tunnel := r.Header.Get("X-Http-Method"); method == "POST" && tunnel != "" {
		method = tunnel
	}
	switch {
	case name == "$batch" && method == "POST":
		return op("Transaction", wire.OfObject, "raud"), nil
	case strings.EqualFold(name, "Tables"):
		return tables(method, address)
	case name == "":
		return op("Unknown", wire.OfService, ""), wire.InvalidURI()
	case r.Query.Get("comp") == "acl" && method == "GET":
		return op("GetTableACL", wire.OfContainer, ""), nil
	case r.Query.Get("comp") == "acl" && method == "PUT":
		return op("SetTableACL", wire.OfContainer, ""), nil
	case method == "POST" && address == "":
		return op("InsertEntity", wire.OfObject, "a"), nil
	case method == "GET" && address == "":
		return op("QueryEntities", wire.OfObject, "r"), nil
	case address == "":
		return op("Unknown", wire.OfObject, ""), wire.UnsupportedVerb()
	}
	return single(r, method)
}

// tables are the operations on tables as such: a service SAS allows none of them.
func tables(method, address string) (wire.Operation, *wire.Error) {
	name, letters := "", ""
	switch {
	case method == "POST" && address == "":
		name, letters = "CreateTable", "cw"
	case method == "DELETE" && address != "":
		name, letters = "DeleteTable", "d"
	case method == "GET":
		name, letters = "QueryTables", "l"
	default:
		return op("Unknown", wire.OfContainer, ""), wire.UnsupportedVerb()
	}
	return wire.Operation{Name: name, Scope: wire.OfContainer, ByAcct: letters}, nil
}

// single are the operations on one entity. Without If-Match an update is an upsert.
func single(r *wire.Request, method string) (wire.Operation, *wire.Error) {
	upsert := r.Header.Get("If-Match") == ""
	letters := "u"
	if upsert {
		letters = "au"
	}
	switch method {
	case "GET":
		return op("GetEntity", wire.OfObject, "r"), nil
	case "DELETE":
		return op("DeleteEntity", wire.OfObject, "d"), nil
	case "PUT", "PATCH", "MERGE":
		name := map[[2]bool]string{{true, true}: "InsertOrReplaceEntity", {true, false}: "InsertOrMergeEntity", {false, true}: "UpdateEntity", {false, false}: "MergeEntity"}[[2]bool{upsert, method == "PUT"}]
		o := op(name, wire.OfObject, letters)
		o.All = true
		return o, nil
	}
	return op("Unknown", wire.OfObject, ""), wire.UnsupportedVerb()
}

// address reads (PartitionKey='…',RowKey='…') of a path.
func address(path string) (partition, row string, err *wire.Error) {
	bad := wire.Errorf(400, "InvalidInput", "Bad Request - Error in query syntax.")
	_, inner, _ := strings.Cut(path, "(")
	rest, ok := strings.CutPrefix(inner, "PartitionKey=")
	if !ok || !strings.HasPrefix(rest, "'") {
		return "", "", bad
	}
	if partition, rest, ok = quoted(rest); !ok {
		return "", "", bad
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " "), ",")
	rest, hasRow := strings.CutPrefix(strings.TrimLeft(rest, " "), "RowKey=")
	if !ok || !hasRow || !strings.HasPrefix(rest, "'") {
		return "", "", bad
	}
	if row, rest, ok = quoted(rest); !ok || strings.TrimRight(rest, "/ ") != ")" {
		return "", "", bad
	}
	return partition, row, nil
}
