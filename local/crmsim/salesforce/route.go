package salesforce

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The API versions of this org: v67 = Summer '26 is the newest; 30.0 and older are retired (§2.1).
const (
	oldestVersion  = 31
	newestVersion  = 67
	retiredVersion = 30
)

const dataPath = "/services/data"

// answer does one call.
func (o *Org) answer(r *http.Request, body []byte) reply {
	if r.URL.Path == tokenPath {
		return o.token(r, body)
	}
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), dataPath)
	if !ok {
		return reply{status: http.StatusNotFound, raw: "<html>", kind: "text/html"}
	}
	if escaped == "" || escaped == "/" { // the list of versions needs no session [doc]
		return reply{status: http.StatusOK, body: versions()}
	}
	parts := strings.Split(strings.Trim(escaped, "/"), "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return notFound().reply()
		}
	}
	if p := checkVersion(parts[0]); p != nil {
		return p.reply()
	}
	if p := o.admit(r); p != nil {
		return o.counted(p.reply())
	}
	if p := checkHead(r, body); p != nil {
		return o.counted(p.reply())
	}
	out, p := o.route(r, parts[1:], body)
	if p != nil {
		out = p.reply()
	}
	return o.counted(out)
}

// counted adds the limit header, which stands on every reply (§2.6 [doc]).
func (o *Org) counted(out reply) reply {
	out.header = map[string]string{"Sforce-Limit-Info": fmt.Sprintf("api-usage=%d/%d", o.used, o.opts.DailyLimit)}
	return out
}

func notFound() *problem {
	return fail(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
}

// checkVersion refuses what the org does not speak: 410 for a retired version (§2.1 [doc]).
func checkVersion(part string) *problem {
	number, ok := strings.CutPrefix(part, "v")
	major, isZero := strings.CutSuffix(number, ".0")
	n, err := strconv.Atoi(major)
	switch {
	case !ok || !isZero || err != nil || n > newestVersion:
		return notFound()
	case n <= retiredVersion:
		return fail(http.StatusGone, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
	}
	return nil
}

func versions() []any {
	var out []any
	for n := oldestVersion; n <= newestVersion; n++ {
		out = append(out, map[string]any{"label": fmt.Sprintf("Release %d", n), "url": fmt.Sprintf("%s/v%d.0", dataPath, n), "version": fmt.Sprintf("%d.0", n)})
	}
	return out
}

// checkHead refuses bodies that are not declared as JSON (415 [doc]) and headers with values that the documents do not name.
func checkHead(r *http.Request, body []byte) *problem {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if len(body) > 0 && strings.TrimSpace(kind) != "application/json" {
		return fail(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json")
	}
	if v := r.Header.Get("Sforce-Auto-Assign"); v != "" && !strings.EqualFold(v, "TRUE") && !strings.EqualFold(v, "FALSE") && !isID(v, "01Q") {
		return fail(http.StatusBadRequest, "INVALID_INPUT", "Sforce-Auto-Assign must be TRUE, FALSE or an assignment rule's id")
	}
	if _, _, ok := duplicateHeader(r); !ok {
		return fail(http.StatusBadRequest, "INVALID_INPUT", "Sforce-Duplicate-Rule-Header cannot be read")
	}
	return nil
}

// duplicateHeader reads Sforce-Duplicate-Rule-Header: allowSave=true; includeRecordDetails=false; … (§2.4 [doc]).
func duplicateHeader(r *http.Request) (allowSave, given, ok bool) {
	text := r.Header.Get("Sforce-Duplicate-Rule-Header")
	if text == "" {
		return false, false, true
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !slices.Contains([]string{"allowSave", "includeRecordDetails", "runAsCurrentUser"}, name) || value != "true" && value != "false" {
			return false, true, false
		}
		allowSave = allowSave || name == "allowSave" && value == "true"
	}
	return allowSave, true, true
}

// isID tells 15- and 18-character ids of an object.
func isID(s, prefix string) bool {
	plain := strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return plain && strings.HasPrefix(s, prefix) && (len(s) == 15 || len(s) == 18)
}

// route does what the path and method name.
func (o *Org) route(r *http.Request, parts []string, body []byte) (reply, *problem) {
	at := func(n int, words ...string) bool { return len(parts) == n && slices.Equal(parts[:len(words)], words) }
	m := r.Method
	switch {
	case len(parts) == 0 && m == "GET":
		return reply{status: 200, body: map[string]any{"sobjects": r.URL.Path + "/sobjects", "query": r.URL.Path + "/query", "limits": r.URL.Path + "/limits"}}, nil
	case at(1, "limits") && m == "GET":
		daily := map[string]any{"Max": o.opts.DailyLimit, "Remaining": o.opts.DailyLimit - o.used}
		return reply{status: 200, body: map[string]any{"DailyApiRequests": daily}}, nil
	case at(1, "query") && m == "GET":
		return o.query(r)
	case at(2, "composite", "sobjects") && (m == "POST" || m == "PATCH"):
		return o.collection(r, "", "", body)
	case at(4, "composite", "sobjects") && m == "PATCH":
		return o.collection(r, parts[2], parts[3], body)
	case at(3, "sobjects") && parts[2] == "describe" && m == "GET":
		return o.describe(parts[1])
	case at(2, "sobjects") && m == "POST":
		return o.createOne(r, parts[1], body)
	case at(3, "sobjects"):
		return o.oneByID(r, parts[1], parts[2], body)
	case at(4, "sobjects") && (m == "PATCH" || m == "GET"):
		return o.oneByKey(r, parts[1], parts[2], parts[3], body)
	case at(1, "limits"), at(1, "query"), at(2, "composite", "sobjects"), at(4, "composite", "sobjects"), at(2, "sobjects"), at(4, "sobjects"):
		return reply{}, fail(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '"+m+"' not allowed.")
	}
	return reply{}, notFound()
}
