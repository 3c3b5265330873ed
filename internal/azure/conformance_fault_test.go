package azure_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/local/azuresim"
)

// everything is one call of each kind. A lease and a blob's name are new each time.
func (f *far) everything() string {
	_, put := f.queue("leads").Put(f.ctx, "x", 0)
	_, get := f.queue("leads").Get(f.ctx, 32, time.Second)
	del := f.queue("leads").Delete(f.ctx, "4d0ec3bf-1d2b-4e8b-9d6a-8e7b5d5b0a11", "AgAAAAMAAAAAAAAA")
	_, blob := f.container("leads").Put(f.ctx, fmt.Sprint(time.Now().UnixNano()), "text/plain", []byte("x"), nil)
	_, row := f.table("leads").Get(f.ctx, "p k", "k")
	_, insert := f.table("leads").Insert(f.ctx, azure.NewEntity("faults", fmt.Sprint(time.Now().UnixNano())))
	_, merge := f.table("leads").Merge(f.ctx, azure.NewEntity("p k", "k"), azcore.ETagAny)
	_, replace := f.table("leads").Replace(f.ctx, azure.NewEntity("p k", "k"), azcore.ETagAny)
	_, batch := f.table("leads").Transact(f.ctx, []azure.Write{{Entity: azure.NewEntity("p k", "k"), Match: azcore.ETagAny}})
	var lines []string
	for i, err := range []error{put, get, del, blob, row, insert, merge, replace, batch} {
		lines = append(lines, []string{"put", "get", "delete", "blob", "row", "insert", "merge", "replace", "transaction"}[i]+": "+told(err))
	}
	return strings.Join(lines, "\n")
}

func faultSteps() []step {
	var steps []step
	for name, effect := range map[string]azuresim.Effect{
		"503 with Retry-After": azuresim.Busy(7 * time.Second), "503": azuresim.Answer(503, "ServerBusy"), "500": azuresim.Answer(500, "OperationTimedOut"),
		"finer wait": azuresim.Answer(503, "ServerBusy").Header("x-ms-retry-after-ms", "1500"), "429 of a proxy": azuresim.Answer(429, ""), "502 of a proxy": azuresim.Answer(502, "").Body("text/html", "<html>x</html>"),
		"403": azuresim.Denied("AuthenticationFailed"), "permission": azuresim.Denied("AuthorizationPermissionMismatch"), "413": azuresim.Answer(413, "RequestBodyTooLarge"),
		"redirect": azuresim.Redirect(307, "http://127.0.0.1:1/elsewhere"), "another success": azuresim.Answer(206, ""),
		"code in the body":  azuresim.Answer(409, "").Body("application/xml", `<?xml version="1.0"?><m:error xmlns:m="x"><m:code> PopReceiptMismatch </m:code></m:error>`),
		"code in JSON":      azuresim.Answer(400, "").Body("application/json", `{"error":{"message":"{\"code\":\"No\"}","code":"InvalidInput"}}`),
		"code in bare JSON": azuresim.Answer(400, "").Body("application/json", `{"code":"InvalidInput"}`), "code that is none": azuresim.Answer(400, "").Body("application/json", `{"code":"two words"}`),
		"JSON that is none": azuresim.Answer(400, "").Body("application/json", `{"code":`), "error that is no object": azuresim.Answer(400, "").Body("application/json", `{"error":"x","code":"InvalidInput"}`),
		"refused": azuresim.Refuse(), "reset": azuresim.Reset(), "closed": azuresim.Drop(),
	} {
		steps = append(steps, step{name: "fault: " + name, do: (*far).everything, fault: &azuresim.Fault{Effect: effect}})
	}
	return append(steps, step{name: "lost answer", do: (*far).everything, fault: &azuresim.Fault{Apply: true, Effect: azuresim.Reset()}},
		step{name: "cut answer", do: func(f *far) string { return f.take(f.queue("leads")) }, fault: &azuresim.Fault{Op: "GetMessages", Effect: azuresim.CutAnswer(10)}},
		step{name: "cut answer to a put", do: func(f *far) string { return f.put(f.queue("leads"), "x") }, fault: &azuresim.Fault{Op: "PutMessage", Effect: azuresim.CutAnswer(10)}},
		step{name: "cut row", do: func(f *far) string { return f.get("p k", "k") }, fault: &azuresim.Fault{Op: "GetEntity", Effect: azuresim.CutAnswer(10)}},
		step{name: "cut transaction", do: func(f *far) string {
			_, err := f.table("leads").Transact(f.ctx, []azure.Write{{Entity: azure.NewEntity("p k", "k"), Match: azcore.ETagAny}})
			return told(err)
		}, fault: &azuresim.Fault{Op: "Transaction", Effect: azuresim.CutAnswer(10)}},
		step{name: "slow answer", do: func(f *far) string { return f.put(f.queue("leads"), "slow") }, fault: &azuresim.Fault{Op: "PutMessage", Effect: azuresim.Slow(100, time.Millisecond)}},
		step{name: "garbled answer to a put", do: func(f *far) string { return f.put(f.queue("leads"), "x") }, fault: &azuresim.Fault{Op: "PutMessage", Effect: azuresim.Garble("application/xml", "<oops")}},
		step{name: "no answer to a put", do: func(f *far) string { return f.put(f.queue("leads"), "x") }, fault: &azuresim.Fault{Op: "PutMessage", Effect: azuresim.Garble("application/xml", "")}},
		step{name: "garbled messages", do: func(f *far) string { return f.take(f.queue("leads")) }, fault: &azuresim.Fault{Op: "GetMessages", Effect: azuresim.Garble("application/xml", "<QueueMessagesList><x></y>")}},
		step{name: "garbled row", do: func(f *far) string { return f.get("p k", "k") }, fault: &azuresim.Fault{Op: "GetEntity", Effect: azuresim.Garble("application/json", `{"PartitionKey":`)}},
		step{name: "refused as a whole", do: func(f *far) string {
			_, err := f.table("leads").Transact(f.ctx, []azure.Write{{Entity: azure.NewEntity("p k", "k"), Match: azcore.ETagAny}})
			return told(err)
		}, fault: &azuresim.Fault{Op: "Transaction", Effect: azuresim.Garble("application/json", `{"odata.error":{"code":"InvalidInput"}}`)}},
	)
}

// with is everything under another context.
func (f *far) under(ctx context.Context) string {
	other := *f
	other.ctx = ctx
	return other.everything()
}

func contextSteps() []step {
	return []step{
		{name: "cancelled", do: func(f *far) string {
			ctx, cancel := context.WithCancel(f.ctx)
			cancel()
			return f.under(ctx)
		}},
		{name: "deadline gone", do: func(f *far) string {
			ctx, cancel := context.WithDeadline(f.ctx, time.Now().Add(-time.Second))
			defer cancel()
			return f.under(ctx)
		}},
		{name: "deadline while nobody answers", do: func(f *far) string {
			ctx, cancel := context.WithTimeout(f.ctx, 20*time.Millisecond)
			defer cancel()
			return f.under(ctx)
		}, fault: &azuresim.Fault{Effect: azuresim.Hang()}},
		{name: "deadline in an endless answer", do: func(f *far) string {
			ctx, cancel := context.WithTimeout(f.ctx, 20*time.Millisecond)
			defer cancel()
			_, err := f.queue("leads").Get(ctx, 1, time.Second)
			return told(err)
		}, fault: &azuresim.Fault{Op: "GetMessages", Effect: azuresim.Endless()}},
		{name: "cancelled while nobody answers", do: func(f *far) string {
			ctx, cancel := context.WithCancel(f.ctx)
			time.AfterFunc(20*time.Millisecond, cancel)
			return f.under(ctx)
		}, fault: &azuresim.Fault{Effect: azuresim.Hang()}},
		{name: "nobody listens", do: func(f *far) string {
			return f.with(strings.ReplaceAll(f.connection, "http://127.0.0.1:", "http://127.0.0.1:1/"), f.client).everything()
		}},
	}
}
