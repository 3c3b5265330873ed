package blob

import (
	"encoding/xml"
	"strconv"

	"leadrelay/local/azuresim/wire"
)

// putBlock stages a block; the blob is not there until a list commits it.
func (c *container) putBlock(r *wire.Request, name string, b *blob) (wire.Answer, *wire.Error) {
	id := r.Query.Get("blockid")
	if id == "" {
		return wire.Answer{}, wire.InvalidQuery("blockid", id, "Not a valid base64 string.")
	}
	if b == nil {
		b = &blob{staged: true}
		c.blobs.Set(name, b)
	}
	if err := b.lease.mayWrite(r); err != nil {
		return wire.Answer{}, err
	}
	if b.blocks == nil {
		b.blocks = map[string][]byte{}
	}
	b.blocks[id] = r.Body
	return wire.Answer{Status: 201}.With("Content-Md5", sum(r.Body)).With("X-Ms-Request-Server-Encrypted", "true"), nil
}

// putBlockList commits staged blocks.
func (c *container) putBlockList(r *wire.Request, name string, b *blob) (wire.Answer, *wire.Error) {
	var in struct {
		XMLName xml.Name `xml:"BlockList"`
		Blocks  []struct {
			XMLName xml.Name
			ID      string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(r.Body, &in); err != nil {
		return wire.Answer{}, wire.InvalidXML()
	}
	var data []byte
	for _, block := range in.Blocks {
		if b == nil || b.blocks[block.ID] == nil {
			return wire.Answer{}, wire.Errorf(400, "InvalidBlockList", "The specified block list is invalid.")
		}
		data = append(data, b.blocks[block.ID]...)
	}
	return c.put(r, name, b, data)
}

// appendBlock adds to an append blob; its conditions and its lease have been checked.
func (c *container) appendBlock(r *wire.Request, b *blob) (wire.Answer, *wire.Error) {
	at := strconv.Itoa(len(b.data))
	want, most := r.Header.Get("X-Ms-Blob-Condition-Appendpos"), r.Header.Get("X-Ms-Blob-Condition-Maxsize")
	limit, err := strconv.Atoi(most)
	switch {
	case !b.grows:
		return wire.Answer{}, wire.Errorf(409, "InvalidBlobType", "The blob type is invalid for this operation.")
	case want != "" && want != at:
		return wire.Answer{}, wire.Errorf(412, "AppendPositionConditionNotMet", "The append position condition specified was not met.")
	case most != "" && (err != nil || len(b.data)+len(r.Body) > limit):
		return wire.Answer{}, wire.Errorf(412, "MaxBlobSizeConditionNotMet", "The max blob size condition specified was not met.")
	}
	b.data = append(b.data[:len(b.data):len(b.data)], r.Body...) // readers may hold what was there
	b.etag, b.modified = c.version(r.Now)
	return wire.Answer{Status: 201}.With("Etag", b.etag).With("Last-Modified", wire.Time(b.modified)).With("X-Ms-Blob-Append-Offset", at).
		With("X-Ms-Blob-Committed-Block-Count", "1"), nil
}
