package table_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"leadrelay/internal/crm/table"
)

func TestColumnsAreTypedForQueries(t *testing.T) {
	a, name := account(t, server.ConnectionString()), fmt.Sprintf("wire%d", time.Now().UnixNano())
	client, c := a.Table(name), table.New(a, name, time.Now)
	ch := change("a/b", time.Now(), `{"requestedAmount":25000.00}`)
	upsert(t, c, ch)
	for filter, want := range map[string]int{
		"requestedAmount gt 24999.5 and requestedAmount lt 25000.5":                                     1,
		"requestedAmount gt 25000.0":                                                                    0,
		"created gt datetime'2020-05-08T22:00:00Z' and created lt datetime'2020-05-08T22:30:00Z'":       1,
		"PartitionKey eq 'crf' and RowKey eq 'a^2Fb' and stage eq 'open'":                               1,
		"payload eq '{\"requestedAmount\":25000.00}'":                                                   1,
		"requestedAmountText eq '25000.00' and fraudScore lt 0.2 and id eq 'a/b' and email eq 'nobody'": 0,
	} {
		page, err := client.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter}).NextPage(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if len(page.Entities) != want {
			t.Errorf("%s: want %d rows, got %d", filter, want, len(page.Entities))
		}
	}
}

func TestColumnsOfOthersAreLeftAlone(t *testing.T) {
	a, name := account(t, server.ConnectionString()), fmt.Sprintf("wire%d", time.Now().UnixNano())
	client, c := a.Table(name), table.New(a, name, time.Now)
	upsert(t, c, change("a", time.Now(), `{"n":1}`))
	own := []byte(`{"PartitionKey":"crf","RowKey":"a","assignedTo":"Kim"}`)
	if _, err := client.UpdateEntity(t.Context(), own, nil); err != nil {
		t.Fatal(err)
	}
	upsert(t, c, change("a", time.Now(), `{"n":2}`))
	resp, err := client.GetEntity(t.Context(), "crf", "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]any
	if err := json.Unmarshal(resp.Value, &row); err != nil {
		t.Fatal(err)
	}
	if row["assignedTo"] != "Kim" || row["payload"] != `{"n":2}` {
		t.Errorf("got %v", row)
	}
}
