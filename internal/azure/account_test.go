package azure_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/lead"
)

func TestTransactionTellsWhatItsPartSays(t *testing.T) {
	ctx, table := azuretest.Context(t), storage.Account.Table(fmt.Sprintf("t%d", time.Now().UnixNano()))
	row := func(key string) aztables.TransactionAction {
		return aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: []byte(`{"PartitionKey":"p","RowKey":"` + key + `"}`)}
	}
	_, err := table.SubmitTransaction(ctx, []aztables.TransactionAction{row("a")}, nil)
	if !azure.NotFound(err) {
		t.Errorf("a missing table is not NotFound: %v", azure.Classify(err))
	}
	if _, err := table.CreateTable(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := table.SubmitTransaction(ctx, []aztables.TransactionAction{row("a"), row("b")}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = table.SubmitTransaction(ctx, []aztables.TransactionAction{row("c"), row("a")}, nil)
	if !azure.Exists(err) || !azure.Exists(azure.Classify(err)) || lead.CodeOf(azure.Classify(err)) != "409 EntityAlreadyExists" {
		t.Errorf("an existing row is not Exists: %v", azure.Classify(err))
	}
	stale := azcore.ETag(`W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`)
	update := aztables.TransactionAction{ActionType: aztables.TransactionTypeUpdateMerge, IfMatch: &stale, Entity: []byte(`{"PartitionKey":"p","RowKey":"a"}`)}
	_, err = table.SubmitTransaction(ctx, []aztables.TransactionAction{row("d"), update}, nil)
	if !azure.Stale(err) || !azure.Stale(azure.Classify(err)) {
		t.Errorf("a stale row is not Stale: %v", azure.Classify(err))
	}
	var raw *azcore.ResponseError
	if errors.As(azure.Classify(err), &raw) {
		t.Error("a told error still holds the SDK's")
	}
}
