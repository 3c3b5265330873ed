package azuresim_test

import (
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// Two lease ids.
const (
	leaseA = "11111111-1111-4111-a111-111111111111"
	leaseB = "22222222-2222-4222-a222-222222222222"
)

// leaseClient is a client of the one blob that is leased.
func leaseClient(w *world, id string) *lease.BlobClient {
	l, err := lease.NewBlobClient(w.account.Container("leases").NewBlobClient("lock"), &lease.BlobClientOptions{LeaseID: to.Ptr(id)})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func acquireLease(id string, seconds int32) func(*world) string {
	return func(w *world) string {
		resp, err := leaseClient(w, id).AcquireLease(w.ctx(), seconds, nil)
		return told(err) + deref(resp.LeaseID)
	}
}

func writeLeased(id string) func(*world) string {
	return func(w *world) string {
		o := &blockblob.UploadOptions{}
		if id != "" {
			o.AccessConditions = &blob.AccessConditions{LeaseAccessConditions: &blob.LeaseAccessConditions{LeaseID: to.Ptr(id)}}
		}
		_, err := w.account.Container("leases").NewBlockBlobClient("lock").Upload(w.ctx(), streaming.NopCloser(strings.NewReader("{}")), o)
		return told(err)
	}
}

func renewLease(id string) func(*world) string {
	return func(w *world) string { _, err := leaseClient(w, id).RenewLease(w.ctx(), nil); return told(err) }
}

func releaseLease(id string) func(*world) string {
	return func(w *world) string { _, err := leaseClient(w, id).ReleaseLease(w.ctx(), nil); return told(err) }
}

func breakLease(period int32) func(*world) string {
	return func(w *world) string {
		resp, err := leaseClient(w, leaseA).BreakLease(w.ctx(), &lease.BlobBreakOptions{BreakPeriod: to.Ptr(period)})
		return fmt.Sprint(told(err), deref(resp.LeaseTime))
	}
}

func leaseState(w *world) string {
	resp, err := w.account.Container("leases").NewBlobClient("lock").GetProperties(w.ctx(), nil)
	return fmt.Sprint(told(err), deref(resp.LeaseState), deref(resp.LeaseStatus))
}

// leaseSteps are all outcomes of Lease Blob that need no time to pass.
func leaseSteps() []step {
	return []step{
		{name: "container", do: func(w *world) string { _, err := w.account.Container("leases").Create(w.ctx(), nil); return told(err) }},
		{name: "lease nothing", do: acquireLease(leaseA, 15)},
		{name: "write", do: writeLeased("")},
		{name: "write with a lease that is not", do: writeLeased(leaseA)},
		{name: "too short", do: acquireLease(leaseA, 14)},
		{name: "too long", do: acquireLease(leaseA, 61)},
		{name: "renew what is not leased", do: renewLease(leaseA)},
		{name: "release what is not leased", do: releaseLease(leaseA)},
		{name: "acquire", do: acquireLease(leaseA, 60)},
		{name: "leased", do: leaseState},
		{name: "acquire again", do: acquireLease(leaseA, 30)},
		{name: "acquire another's", do: acquireLease(leaseB, 30)},
		{name: "write without it", do: writeLeased("")},
		{name: "write with another's", do: writeLeased(leaseB)},
		{name: "write with it", do: writeLeased(leaseA)},
		{name: "delete without it", do: func(w *world) string {
			_, err := w.account.Container("leases").NewBlobClient("lock").Delete(w.ctx(), nil)
			return told(err)
		}},
		{name: "renew", do: renewLease(leaseA)},
		{name: "renew another's", do: renewLease(leaseB)},
		{name: "release another's", do: releaseLease(leaseB)},
		{name: "release", do: releaseLease(leaseA)},
		{name: "free", do: leaseState},
		{name: "for ever", do: acquireLease(leaseB, -1)},
		{name: "break", do: breakLease(0)},
		{name: "broken", do: leaseState},
		{name: "renew what is broken", do: renewLease(leaseB)},
		{name: "acquire what is broken", do: acquireLease(leaseA, 60)},
		{name: "break later", do: breakLease(30)},
		{name: "breaking", do: leaseState},
		{name: "acquire what is breaking", do: acquireLease(leaseB, 60)},
	}
}
