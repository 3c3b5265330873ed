// Package cost counts what the product asks of Azure and turns it into dollars and ceilings.
//
// The operations are counted by local/azuresim while the product's own flows run on it; the prices and the limits of the
// platform are assumptions in one file, prices.json. What is not counted is said where it is left out: traffic between
// regions, logs, and what the Functions host does for itself beyond its timers and its queue.
package cost

import (
	_ "embed" // the prices
	"encoding/json"
	"fmt"
)

// Prices are what the platform asks for and allows, all in prices.json.
type Prices struct {
	What   string `json:"what"`
	AsOf   string `json:"as_of"`
	Source string `json:"source"`

	Per10000     map[Meter]float64 `json:"per_10000"`      // dollars for 10,000 operations
	TableGBMonth float64           `json:"table_gb_month"` // dollars

	PerMillionExecutions float64 `json:"executions_per_million"` // dollars
	GBSecond             float64 `json:"gb_second"`              // dollars
	FreeExecutions       float64 `json:"free_executions_month"`
	FreeGBSeconds        float64 `json:"free_gb_seconds_month"`
	Memory               float64 `json:"assumed_memory_gb"`       // host and handler together, in steps of 128 MB; not measured here
	LeastExecution       float64 `json:"least_execution_seconds"` // what one execution counts at least

	QueueMessages     float64 `json:"queue_messages_per_second"`     // of one queue
	AccountRequests   float64 `json:"account_requests_per_second"`   // of one account
	PartitionEntities float64 `json:"partition_entities_per_second"` // of one partition of a table
	Instances         int     `json:"instances_per_app"`
}

// Meter is a line of the bill.
type Meter string

// The meters. An operation that is refused costs what it costs when it is done.
const (
	Table       Meter = "table" // every operation, an entity group transaction as one
	QueueClass1 Meter = "queue class 1"
	QueueClass2 Meter = "queue class 2"
	BlobWrite   Meter = "blob write"
	BlobRead    Meter = "blob read"
	BlobList    Meter = "blob list"
	BlobOther   Meter = "blob other"
	Free        Meter = "free"
)

// Meters are all of them, in the order in which they are shown.
func Meters() []Meter {
	return []Meter{Table, QueueClass1, QueueClass2, BlobWrite, BlobRead, BlobList, BlobOther, Free}
}

//go:embed prices.json
var file []byte

// ReadPrices reads prices.json.
func ReadPrices() (Prices, error) {
	var p Prices
	if err := json.Unmarshal(file, &p); err != nil {
		return p, fmt.Errorf("prices.json: %w", err)
	}
	for _, m := range Meters() {
		if _, ok := p.Per10000[m]; !ok {
			return p, fmt.Errorf("prices.json has no price for %s", m)
		}
	}
	return p, nil
}

// meterOf is the meter of an operation as local/azuresim names it.
func meterOf(service, op string) (Meter, error) {
	switch service {
	case "table":
		return Table, nil
	case "queue":
		switch op {
		case "GetMessages", "PeekMessages", "GetQueueMetadata", "GetQueueACL":
			return QueueClass2, nil
		case "PutMessage", "UpdateMessage", "DeleteMessage", "ClearMessages", "CreateQueue", "DeleteQueue", "ListQueues", "SetQueueMetadata", "SetQueueACL":
			return QueueClass1, nil
		}
	case "blob":
		switch op {
		case "PutBlob", "PutBlock", "PutBlockList", "AppendBlock", "SetBlobMetadata":
			return BlobWrite, nil
		case "GetBlob":
			return BlobRead, nil
		case "ListBlobs", "ListContainers", "CreateContainer":
			return BlobList, nil
		case "DeleteBlob", "DeleteContainer":
			return Free, nil
		case "GetBlobProperties", "SetBlobProperties", "GetContainerProperties", "SetContainerMetadata", "GetContainerACL", "SetContainerACL",
			"AcquireLease", "RenewLease", "ChangeLease", "ReleaseLease", "BreakLease":
			return BlobOther, nil
		}
	}
	return "", fmt.Errorf("nobody said what %s of a %s costs", op, service)
}
