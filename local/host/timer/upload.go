package timer

import (
	"bytes"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// nopCloser is a body in memory.
type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

func uploadOptions(c *blob.AccessConditions) *blockblob.UploadOptions {
	return &blockblob.UploadOptions{AccessConditions: c}
}

// onlyNew is the condition that nothing is there yet.
func onlyNew() *blob.AccessConditions {
	any := azcore.ETagAny
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &any}}
}
