package hosttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Bundle is the extensionBundle section of host.json, which queue bindings need.
const Bundle = `"extensionBundle":{"id":"Microsoft.Azure.Functions.ExtensionBundle","version":"[4.*, 5.0.0)"}`

// App writes files, by name, into a new app root.
func App(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// HostJSON is a host.json whose handler is this test binary; more are further members, each with a leading comma.
func HostJSON(t testing.TB, more string) string {
	t.Helper()
	return fmt.Sprintf(`{"version":"2.0",%s,"customHandler":{"description":{"defaultExecutablePath":%q}}%s}`, Bundle, Self(t), more)
}

// Self is the path of the running test binary.
func Self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// HTTP is a function.json with an HTTP trigger on a route and nothing but http out.
func HTTP(route string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous","route":%q},{"type":"http","direction":"out","name":"res"}]}`, route)
}

// Queue is a function.json with a queue trigger.
func Queue(queue string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":%q}]}`, queue)
}

// Timer is a function.json with a timer trigger.
func Timer(schedule string) string {
	return fmt.Sprintf(`{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":%q}]}`, schedule)
}
