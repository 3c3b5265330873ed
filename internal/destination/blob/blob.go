// Package blob puts deliveries into a lender's blob container, reached by the SAS URL that the lender pasted: one blob each.
package blob

import (
	"context"
	"net/http"
	"strings"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/destination"
	"leadrelay/internal/lead"
)

type blob struct {
	sas   azure.SAS
	blobs *azure.Blobs
	now   func() time.Time
}

// Open makes a destination of a container's SAS URL; it needs the permission "c" or "w", and "c" alone is best.
func Open(o destination.Options) (destination.Destination, error) {
	sas, err := azure.ParseSAS(o.Address.Reveal(), azure.Container)
	if err != nil {
		return nil, err
	}
	if err := sas.Fits(azure.Deliver); err != nil {
		return nil, err
	}
	blobs, err := sas.Blobs(o.Client)
	if err != nil {
		return nil, err
	}
	return blob{sas: sas, blobs: blobs, now: o.Now}, nil
}

// Deliver puts one blob in a single call, which is all that "c" allows: staged blocks, tags and a look whether it is
// there need more (facts/azure-storage.md §1b). A blob that is there already is the same delivery, because its name is.
func (b blob) Deliver(ctx context.Context, d destination.Delivery) (destination.Receipt, error) {
	if err := b.sas.Live(b.now()); err != nil {
		return destination.Receipt{}, err
	}
	name := Name(d)
	place := b.sas.Bare() + "/" + name
	etag, err := b.blobs.Put(ctx, name, d.ContentType, d.Body, nil)
	if err != nil {
		receipt, err := b.judge(err, d.Repeat)
		receipt.Place = place
		return receipt, err
	}
	return destination.Receipt{Code: http.StatusCreated, ID: string(etag), Place: place}, nil // no other status is success
}

// judge tells the refusals that say "it is there" from the others (facts/azure-storage.md §1c): 409, Azure's 403 for a
// SAS that may create and not overwrite, a 412 for the one condition that we set, and Azurite's 403, which it gives to
// such a SAS for this reason only, but which we believe only after an earlier try.
func (b blob) judge(err error, repeat bool) (destination.Receipt, error) {
	createOnly := strings.Contains(b.sas.Permissions(), "c") && !strings.Contains(b.sas.Permissions(), "w")
	switch code := lead.CodeOf(err); {
	case code == "409 BlobAlreadyExists":
		return destination.Receipt{Code: http.StatusConflict, Assumed: true}, nil
	case code == "403 UnauthorizedBlobOverwrite", code == "403 AuthorizationPermissionMismatch" && repeat && createOnly:
		return destination.Receipt{Code: http.StatusForbidden, Assumed: true}, nil
	case code == "412 ConditionNotMet":
		return destination.Receipt{Code: http.StatusPreconditionFailed, Assumed: true}, nil
	}
	return destination.Receipt{}, err
}

// Name is where a delivery lies in its container: "20260102T150405.678Z-<lead id>-<16 hex of the event>.json". The same
// delivery has the same name at every try, an update of the same lead has another, and names sort by time.
func Name(d destination.Delivery) string {
	parts := []string{d.Received.UTC().Format("20060102T150405.000Z")}
	if id := safe(d.LeadID, 64); id != "" {
		parts = append(parts, id)
	}
	return strings.Join(append(parts, safe(d.ID, 16)), "-") + ".json"
}

// safe keeps what no path, shell or file system takes for anything else, at most n characters.
func safe(s string, n int) string {
	keep := func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}
	s = strings.Map(keep, s)
	return s[:min(n, len(s))]
}
