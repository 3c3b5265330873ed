package newtonsoft

import "bytes"

// Standard turns a configuration file that Newtonsoft.Json reads into standard JSON of the same length, so that the positions in errors
// hold: a byte order mark, comments and commas before a closing bracket become blanks.
// N20: host.json, function.json and local.settings.json may hold these; functions-host.md §5.1 and §5.2 do not say so, Newtonsoft.Json
// reads them (its issue 818). Single quotes and names without quotes, which it reads too, stay refused.
func Standard(text []byte) []byte {
	out := bytes.Clone(text)
	if bytes.HasPrefix(out, []byte("\xef\xbb\xbf")) {
		blank(out[:3])
	}
	comma := -1         // the last comma behind a value, while nothing but blanks and comments have followed it
	before := byte('[') // the last byte that was neither blank nor comment
	for i := 0; i < len(out); {
		c, n := out[i], 1
		switch {
		case c == '/' && commentLength(out[i:]) > 0:
			n = commentLength(out[i:])
			blank(out[i : i+n])
		case c == ' ', c == '\t', c == '\r', c == '\n':
		default:
			if (c == '}' || c == ']') && comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
			if c == ',' && !bytes.ContainsRune([]byte("[{,:"), rune(before)) {
				comma = i
			}
			if c == '"' {
				n = stringLength(out[i:])
			}
			before = c
		}
		i += n
	}
	return out
}

// stringLength is the length of the string that text begins with, quotes included.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// commentLength is the length of the comment that text begins with; 0 if it is none, or one that never ends.
func commentLength(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("//")):
		if end := bytes.IndexAny(text, "\r\n"); end >= 0 {
			return end
		}
		return len(text)
	case bytes.HasPrefix(text, []byte("/*")):
		if end := bytes.Index(text[2:], []byte("*/")); end >= 0 {
			return end + 4
		}
	}
	return 0
}

// blank overwrites all but line breaks.
func blank(text []byte) {
	for i, c := range text {
		if c != '\r' && c != '\n' {
			text[i] = ' '
		}
	}
}
