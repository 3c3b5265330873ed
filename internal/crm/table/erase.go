package table

import (
	"context"
	"fmt"

	"leadrelay/internal/azure"
)

// Erase removes a lead's row for good, with its payload, and says whether there was one. An activity that is told later
// finds no lead.
func (c *CRM) Erase(ctx context.Context, partner, id string) (bool, error) {
	key, err := keyOf(partner, id)
	if err != nil {
		return false, err
	}
	_, err = c.table.DeleteEntity(ctx, key.partition, key.row, nil)
	if azure.NotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("leads table: %w", azure.Classify(err))
	}
	return true, nil
}
