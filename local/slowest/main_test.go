package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// said is what follow prints for some lines of `go test -json`.
func said(t *testing.T, lines ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := follow(strings.NewReader(strings.Join(lines, "\n")), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// inOrder fails unless each text follows the one before it.
func inOrder(t *testing.T, all string, texts ...string) {
	t.Helper()
	rest := all
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("%q is missing, or not in its place, in\n%s", text, all)
		}
		rest = after
	}
}

func TestFailuresAreShownAndPassesAreNot(t *testing.T) {
	out := said(t,
		`{"Action":"run","Package":"p","Test":"TestGood"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"chatter of a good test\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood","Elapsed":2.5}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    bad_test.go:7: broken\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"--- FAIL: TestBad (0.10s)\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":0.1}`,
		`{"Action":"output","Package":"p","Test":"TestNot","Output":"--- SKIP: TestNot\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestNot","Elapsed":0}`,
		`{"Action":"output","Package":"p","Output":"FAIL\tp\t2.600s\n"}`,
		`{"Action":"fail","Package":"p","Elapsed":2.6}`,
		`{"Action":"output","Package":"q","Output":"ok  \tq\t0.010s\n"}`,
		`{"Action":"pass","Package":"q","Elapsed":0.01}`)
	inOrder(t, out, "bad_test.go:7: broken", "--- FAIL: TestBad", "FAIL\tp\t2.600s", "ok  \tq", "slowest of 2 tests:", "2.50s  TestGood (p)", "0.10s  TestBad (p)", "FAIL\tp\t2.600s\nok  \tq\t0.010s\n")
	if strings.Contains(out, "chatter") || strings.Contains(out, "SKIP") {
		t.Errorf("too much is printed:\n%s", out)
	}
	if !strings.HasSuffix(out, "FAIL\tp\t2.600s\nok  \tq\t0.010s\n") {
		t.Errorf("go's summary is not the last:\n%s", out)
	}
}

func TestSlowestComeFirstAndSubtestsDoNotCount(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, fmt.Sprintf(`{"Action":"pass","Package":"leadrelay/internal/x","Test":"Test%02d","Elapsed":%d}`, i, i),
			fmt.Sprintf(`{"Action":"pass","Package":"leadrelay/internal/x","Test":"Test%02d/sub","Elapsed":100}`, i))
	}
	out := said(t, lines...)
	inOrder(t, out, "slowest of 40 tests:", "39.00s  Test39 (internal/x)", "38.00s  Test38", "25.00s  Test25")
	if strings.Contains(out, "Test24") || strings.Contains(out, "sub") {
		t.Errorf("too much is printed:\n%s", out)
	}
}

func TestWhatIsNoEventIsPassedOn(t *testing.T) {
	out := said(t, "go: downloading something", `{"Action":"build-output","ImportPath":"p","Output":"p.go:3: undefined: x\n"}`,
		`{"Action":"build-fail","ImportPath":"p"}`, `{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`, `{"Action":"fail","Package":"p","FailedBuild":"p"}`,
		"a last line without its end")
	inOrder(t, out, "go: downloading something", "p.go:3: undefined: x", "FAIL\tp [build failed]", "a last line without its end", "slowest of 0 tests", "FAIL\tp [build failed]\n")
}

// module writes a Go module with one test file, and gives its folder.
func module(t *testing.T, test string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module sample\n", "sample_test.go": "package sample\n" + test} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRealRuns follows go itself through what can become of a test.
func TestRealRuns(t *testing.T) {
	for name, c := range map[string]struct {
		test  string
		fails bool
		want  []string
	}{
		"pass":  {"import \"testing\"\nfunc TestA(t *testing.T) { t.Log(\"chatter\") }\n", false, []string{"ok  \tsample", "slowest of 1 tests", "TestA (sample)", "ok  \tsample"}},
		"fail":  {"import \"testing\"\nfunc TestA(t *testing.T) { t.Run(\"sub\", func(t *testing.T) { t.Error(\"broken\") }) }\n", true, []string{"broken", "FAIL\tsample", "slowest of 1", "FAIL\tsample"}},
		"build": {"import \"testing\"\nfunc TestA(*testing.T) { missing() }\n", true, []string{"undefined: missing", "build failed", "slowest of 0", "build failed"}},
		"panic": {"import \"testing\"\nfunc TestA(t *testing.T) { panic(\"at the disco\") }\n", true, []string{"at the disco", "FAIL\tsample", "FAIL\tsample"}},
		"exit":  {"import (\"fmt\"; \"os\"; \"testing\")\nfunc TestA(t *testing.T) { fmt.Println(\"its last words\"); os.Exit(3) }\n", true, []string{"FAIL\tsample", "its last words", "slowest of", "FAIL\tsample"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run([]string{"go", "test", "-C", module(t, c.test), "-json", "-vet=off", "./..."}, &out)
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) != c.fails {
				t.Errorf("ended with %v", err)
			}
			inOrder(t, out.String(), c.want...)
		})
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"no-such-program"}, &out); err == nil {
		t.Error("no error")
	}
}
