package mapping

import (
	"crypto/sha1"
	"strings"

	"github.com/google/uuid"

	"leadrelay/internal/lead"
)

// maxKey is the length of a key, in characters: the size that the lender gives the key's field.
const maxKey = 100

// Key writes an id so that every CRM takes it as a key, in a URL too: a-z, 0-9 and - stand for themselves, every other
// byte is _ and two hex digits. Capitals count as others, because the CRMs compare without them. CRF's GUIDs stay as
// they are. Two ids never have the same key.
func Key(id string) string {
	var b strings.Builder
	b.Grow(len(id))
	for _, c := range []byte(id) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789abcdef"
		b.WriteByte('_')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// keys are where the lead of an event may be found: by its own id, or by the id that the partner says we gave it.
func (k keyRule) keys(l lead.Lead) ([]string, error) {
	if l.Partner == "" || l.ID == "" {
		return nil, lead.Errorf(lead.Refused, "the lead has no id")
	}
	own := k.of(l.Partner, l.ID)
	if len(own) > maxKey {
		return nil, lead.Errorf(lead.Refused, "the lead's id is too long for a key")
	}
	out := []string{own}
	ref := l.Ref
	if lead.IsUUID(ref) {
		ref = strings.ToLower(ref)
	}
	if other := k.of(k.Plain, ref); ref != "" && other != own && len(other) <= maxKey {
		out = append(out, other)
	}
	return out, nil
}

func (k keyRule) of(partner, id string) string {
	if k.Primary {
		if partner == k.Plain && lead.IsUUID(id) {
			return strings.ToLower(id)
		}
		return ID("lead", partner, id)
	}
	if partner == k.Plain {
		return Key(id)
	}
	return Key(partner) + "." + Key(id) // no key has a dot
}

// ID is a UUID that is always the same for the same parts (RFC 9562 version 5): a note that is written twice under it
// is written once.
func ID(parts ...string) string {
	var room [256]byte
	name := append(room[:0], space...)
	for _, p := range parts {
		name = append(append(name, p...), 0)
	}
	sum := sha1.Sum(name)
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return id.String()
}

// space is the version 5 UUID of "urn:leadrelay" among URLs: the name space of ours.
const space = "\x69\x45\xfe\x1f\x8b\xa4\x5c\xe3\xa1\xd0\x5b\x30\x76\xe3\xa3\x56"
