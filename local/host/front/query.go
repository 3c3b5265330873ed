package front

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// pair is one query parameter with all its values joined by commas.
type pair struct{ name, value string }

// queryPairs reads a query as the real host does: in order, names equal in any case, repeated ones joined (functions-host.md §2.5, §4.1).
func queryPairs(raw string) []pair {
	var pairs []pair
	index := map[string]int{}
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		name, value = formDecode(name), formDecode(value)
		key := strings.ToLower(name)
		if at, seen := index[key]; seen {
			pairs[at].value += "," + value
			continue
		}
		index[key] = len(pairs)
		pairs = append(pairs, pair{name, value})
	}
	return pairs
}

func formDecode(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return strings.ReplaceAll(text, "+", " ")
	}
	return decoded
}

// rebuiltQuery is what forwarding makes of a query: "a=1&a=2" becomes "a=1%2C2", "flag" becomes "flag=" (functions-host.md §4.1).
func rebuiltQuery(raw string) string {
	var b strings.Builder
	for i, p := range queryPairs(raw) {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escapeData(p.name) + "=" + escapeData(p.value))
	}
	return b.String()
}

func escapeData(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// forwardPath is the path after Kestrel decoded it and System.Uri encoded it again (functions-host.md §4.1).
func forwardPath(r *http.Request) string {
	path := r.URL.Path
	if raw := r.URL.EscapedPath(); strings.Contains(strings.ToLower(raw), "%2f") { // Kestrel leaves that one
		if decoded, err := url.PathUnescape(regexp.MustCompile(`(?i)%(2f)`).ReplaceAllString(raw, "%25$1")); err == nil {
			path = decoded
		}
	}
	if cut := strings.IndexAny(path, "?#"); cut >= 0 {
		path = path[:cut] // N12: an encoded ? or # truncates the path (functions-host.md §4.1)
	}
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		switch {
		case c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2]):
			b.WriteByte(c)
		case c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}%", rune(c)):
			b.WriteByte(c)
		default:
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
