package azure_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/azure"
)

// sdkMessages, sdkBlobs and sdkRows do by the SDK what ours do by hand: the measure that ours are held to.
type sdkMessages struct{ *azqueue.QueueClient }

func (q sdkMessages) Create(ctx context.Context) error {
	_, err := q.QueueClient.Create(ctx, nil)
	return azure.Classify(err)
}

func (q sdkMessages) Put(ctx context.Context, text string, after time.Duration) (string, error) {
	resp, err := q.EnqueueMessage(ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1)), VisibilityTimeout: to.Ptr(int32(after / time.Second))})
	if err != nil || len(resp.Messages) != 1 {
		return "", azure.Classify(err)
	}
	return *resp.Messages[0].MessageID, nil
}

func (q sdkMessages) PutBase64(ctx context.Context, body []byte, after time.Duration) (string, error) {
	return q.Put(ctx, base64.StdEncoding.EncodeToString(body), after)
}

func (q sdkMessages) Get(ctx context.Context, n int, lease time.Duration) (out []azure.Message, err error) {
	resp, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(n)), VisibilityTimeout: to.Ptr(int32(lease / time.Second))})
	for _, m := range resp.Messages {
		out = append(out, azure.Message{ID: *m.MessageID, Receipt: *m.PopReceipt, Text: *m.MessageText, Inserted: m.InsertionTime.UTC(), Tries: int(*m.DequeueCount)})
	}
	return out, azure.Classify(err)
}

func (q sdkMessages) Delete(ctx context.Context, id, receipt string) error {
	_, err := q.DeleteMessage(ctx, id, receipt, nil)
	return azure.Classify(err)
}

type sdkBlobs struct{ *container.Client }

func (c sdkBlobs) Create(ctx context.Context) error {
	_, err := c.Client.Create(ctx, nil)
	return azure.Classify(err)
}

func (c sdkBlobs) Put(ctx context.Context, name, contentType string, data []byte, metadata map[string]string) (azcore.ETag, error) {
	meta := map[string]*string{}
	for k, v := range metadata {
		meta[k] = &v
	}
	resp, err := c.NewBlockBlobClient(name).Upload(ctx, streaming.NopCloser(bytes.NewReader(data)), &blockblob.UploadOptions{
		Metadata:         meta,
		HTTPHeaders:      &blob.HTTPHeaders{BlobContentType: to.Ptr(contentType)},
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	if err != nil || resp.ETag == nil {
		return "", azure.Classify(err)
	}
	return *resp.ETag, nil
}

type sdkRows struct{ *aztables.Client }

func (t sdkRows) Create(ctx context.Context) error {
	_, err := t.CreateTable(ctx, nil)
	return azure.Classify(err)
}

func (t sdkRows) Get(ctx context.Context, partition, key string) (azure.Row, error) {
	resp, err := t.GetEntity(ctx, partition, key, nil)
	if err != nil {
		return azure.Row{}, azure.Classify(err)
	}
	return sdkRow(resp.Value, resp.ETag)
}

// sdkRow is what the SDK reads, written by ours.
func sdkRow(value []byte, etag azcore.ETag) (azure.Row, error) {
	var got aztables.EDMEntity
	if err := json.Unmarshal(value, &got); err != nil {
		return azure.Row{}, err
	}
	e := azure.NewEntity(got.PartitionKey, got.RowKey)
	for name, v := range got.Properties {
		switch v := v.(type) {
		case string:
			e.Text(name, v)
		case int32:
			e.Int(name, int(v))
		case bool:
			e.Flag(name, v)
		case aztables.EDMInt64:
			e.Long(name, int64(v))
		case aztables.EDMDateTime:
			e.Time(name, time.Time(v))
		case aztables.EDMBinary:
			e.Bytes(name, v)
		}
	}
	r, err := azure.ParseRow(e.JSON())
	if r.ETag = azcore.ETag(got.ETag); r.ETag == "" {
		r.ETag = etag
	}
	return r, err
}

func (t sdkRows) Insert(ctx context.Context, e *azure.Entity) (azcore.ETag, error) {
	resp, err := t.AddEntity(ctx, e.JSON(), nil)
	return resp.ETag, azure.Classify(err)
}

func (t sdkRows) Merge(ctx context.Context, e *azure.Entity, match azcore.ETag) (azcore.ETag, error) {
	resp, err := t.UpdateEntity(ctx, e.JSON(), &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeMerge})
	return resp.ETag, azure.Classify(err)
}

func (t sdkRows) Replace(ctx context.Context, e *azure.Entity, match azcore.ETag) (azcore.ETag, error) {
	resp, err := t.UpdateEntity(ctx, e.JSON(), &aztables.UpdateEntityOptions{IfMatch: &match, UpdateMode: aztables.UpdateModeReplace})
	return resp.ETag, azure.Classify(err)
}

// Transact gives the ETags that the rows have then, because the SDK gives none.
func (t sdkRows) Transact(ctx context.Context, writes []azure.Write) ([]azcore.ETag, error) {
	actions := make([]aztables.TransactionAction, len(writes))
	for i, w := range writes {
		actions[i] = aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: w.Entity.JSON()}
		if w.Match != "" {
			actions[i].ActionType, actions[i].IfMatch = aztables.TransactionTypeUpdateMerge, &w.Match
		}
	}
	if _, err := t.SubmitTransaction(ctx, actions, nil); err != nil {
		return nil, azure.Classify(err)
	}
	etags := make([]azcore.ETag, len(writes))
	for i, w := range writes {
		r, err := t.Get(ctx, w.Entity.Partition, w.Entity.Key)
		if err != nil {
			return nil, err
		}
		etags[i] = r.ETag
	}
	return etags, nil
}
