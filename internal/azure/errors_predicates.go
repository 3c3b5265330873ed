package azure

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/lead"
)

// NotFound says that the queue, container, table, entity or blob is not there. A missing message is [Stale].
// It takes an error of the SDK as well as one that [Classify] has told; so do the other predicates.
func NotFound(err error) bool {
	return is(err, 404, "QueueNotFound", "ContainerNotFound", "TableNotFound", "EntityNotFound", "BlobNotFound", "ResourceNotFound")
}

// Exists says that somebody has made it before: the entity, blob, table, queue or container.
func Exists(err error) bool {
	return is(err, 409, "EntityAlreadyExists", "BlobAlreadyExists", "TableAlreadyExists", "QueueAlreadyExists", "ContainerAlreadyExists")
}

// Stale says that somebody else was faster: an ETag condition failed (412), a pop receipt is no longer the current one
// or its message is settled (facts/azure-storage.md §2: both codes mean a lost lease), or a blob lease is somebody else's.
func Stale(err error) bool {
	status, _ := answer(err)
	return status == 412 ||
		is(err, 400, "PopReceiptMismatch") ||
		is(err, 404, "MessageNotFound") ||
		is(err, 409, "LeaseIdMismatchWithLeaseOperation", "LeaseIdMismatchWithBlobOperation", "LeaseNotPresentWithLeaseOperation",
			"LeaseNotPresentWithBlobOperation", "LeaseAlreadyPresent", "LeaseLost")
}

func is(err error, status int, words ...string) bool {
	s, word := answer(err)
	return s == status && slices.Contains(words, word)
}

// answer is the status and the word of the answer that err is about, 0 when there was none.
func answer(err error) (status int, word string) {
	if err == nil {
		return 0, ""
	}
	if resp, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return said(resp)
	}
	s, word, _ := strings.Cut(lead.CodeOf(err), " ")
	status, _ = strconv.Atoi(s) // 0 when the code is no status
	return status, word
}
