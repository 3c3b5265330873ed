package front

import (
	"encoding/json"
	"net/http"
	"strings"

	"leadrelay/local/host/function"
)

// admin answers POST /admin/functions/<Name> with 202 and starts the function, whatever its trigger but HTTP (functions-host.md §6.1).
func (f *Front) admin(w http.ResponseWriter, r *http.Request) {
	if !f.Keys.admin(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fn := f.named(r.URL.Path)
	if fn == nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var invocation *struct{ Input *string }
	if err := json.NewDecoder(r.Body).Decode(&invocation); err != nil || invocation == nil || fn.Trigger.Is("httpTrigger") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	input := ""
	if invocation.Input != nil {
		input = *invocation.Input
	}
	f.Manual(fn, input)
	w.WriteHeader(http.StatusAccepted)
}

func (f *Front) named(path string) *function.Function {
	const prefix = "/admin/functions/"
	if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return nil
	}
	for _, fn := range f.Functions {
		if strings.EqualFold(fn.Name, path[len(prefix):]) {
			return fn
		}
	}
	return nil
}
