package schema

import (
	"cmp"
	"slices"

	"leadrelay/internal/lead"
)

// sorted is notes in order of path, at most lead.MaxFindings.
func sorted(notes []lead.Note) []lead.Note {
	if len(notes) == 0 {
		return nil
	}
	slices.SortFunc(notes, func(a, b lead.Note) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code)) })
	return notes[:min(len(notes), lead.MaxFindings)]
}

// unknownFields notes each name of extra, behind the path of the object, which ends with a dot or is empty.
func unknownFields(path string, extra Extra) []lead.Note {
	if len(extra) == 0 {
		return nil
	}
	notes := make([]lead.Note, 0, len(extra))
	for name := range extra {
		notes = append(notes, lead.Note{Code: lead.NoteUnknownField, Field: path + showName(name)})
	}
	return notes
}

// showName is a member's name as a note may show it: one that is no plain identifier might be a person's data.
func showName(name string) string {
	if name == "" || len(name) > 64 || (name[0] >= '0' && name[0] <= '9') {
		return "?"
	}
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "?"
		}
	}
	return name
}

// timestamp says whether s is a time; its zone may be missing.
func timestamp(s string) bool { return !lead.ParseTime(s).IsZero() }
