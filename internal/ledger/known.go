package ledger

import "context"

// KnownLead says whether any of the partners has sent a lead under an id.
func (l *Ledger) KnownLead(ctx context.Context, partners []string, id string) (bool, error) {
	for _, p := range partners {
		_, ok, err := l.index.get(ctx, leadPrefix+l.Hash.Of("lead", p, id), latestRow)
		if err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}
