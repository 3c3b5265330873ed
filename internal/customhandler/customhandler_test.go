package customhandler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"leadrelay/internal/customhandler"
)

const budget = time.Minute

// called is what came of one call of the host.
type called struct {
	status int
	runs   int
	id     string
	text   string // of the binding "message"
	err    error  // of asking for it
	log    string
}

// call serves one invocation and checks what the host needs of every answer (functions-host.md §3).
func call(t testing.TB, body string, f customhandler.Function) called {
	t.Helper()
	var c called
	var log bytes.Buffer
	h := customhandler.Handle("Deliver", budget, slog.New(slog.NewJSONHandler(&log, nil)), func(ctx context.Context, i customhandler.Invocation) error {
		text, err := i.Text("message")
		c.runs, c.id, c.text, c.err = c.runs+1, i.ID, string(text), err
		if f == nil {
			return nil
		}
		return f(ctx, i)
	})
	r := httptest.NewRequest(http.MethodPost, "/Deliver", strings.NewReader(body))
	r.Header.Set(customhandler.InvocationIDHeader, "id-1")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	c.status, c.log = rec.Code, log.String()
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || len(answer) == 0 || rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d with %q of type %q: the host would hang or fail", rec.Code, rec.Body, rec.Header().Get("Content-Type"))
	}
	if failed := strings.Contains(c.log, `"msg":"invocation failed"`); failed != (c.status != 200) {
		t.Errorf("%d, logged %q", c.status, c.log)
	}
	if c.status != 200 && !strings.Contains(c.log, `"invocation":"id-1"`) {
		t.Errorf("the log does not name the invocation: %s", c.log)
	}
	return c
}

// TestTextUndoesTheHostsEncoding has the cases of functions-host.md §2.2 and §2.3.
func TestTextUndoesTheHostsEncoding(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"an object, twice encoded":    {`"\"{\\\"v\\\":1}\""`, `{"v":1}`},
		"an object, once encoded":     {`"{\"v\":1}"`, `{"v":1}`},
		"an object as it is":          {`{"v":1}`, `{"v":1}`},
		"a text, twice encoded":       {`"\"abc\""`, `abc`},
		"a text, once encoded":        {`"abc"`, `abc`},
		"a JSON string, twice":        {`"\"\\\"abc\\\"\""`, `"abc"`},
		"a number":                    {`"1"`, `1`},
		"a number as it is":           {`1`, `1`},
		"the text null, twice":        {`"\"null\""`, `null`},
		"the text null, once":         {`"null"`, `null`},
		"empty, twice":                {`"\"\""`, ``},
		"empty, once":                 {`""`, ``},
		"an array":                    {`["a"]`, `["a"]`},
		"line ends and astral planes": {`"\"a\\n\\uD834\\uDD1E\""`, "a\n𝄞"},
		"half a string":               {`"\"abc"`, `"abc`},
	} {
		t.Run(name, func(t *testing.T) {
			c1 := call(t, `{"Data":{"message":`+c.data+`},"Metadata":{"DequeueCount":"1","sys":{"MethodName":"Deliver"}}}`, nil)
			if c1.status != 200 || c1.runs != 1 || c1.id != "id-1" {
				t.Fatalf("%+v", c1)
			}
			if c1.err != nil || c1.text != c.want {
				t.Errorf("got %q, %v, want %q", c1.text, c1.err, c.want)
			}
		})
	}
}

func TestMissingBindingIsAnError(t *testing.T) {
	for _, body := range []string{`{"Data":{"msg":"x"},"Metadata":{}}`, `{"Data":{}}`, `{}`, `null`} {
		c := call(t, body, func(_ context.Context, i customhandler.Invocation) error {
			_, err := i.Text("message")
			return err
		})
		if c.status != 500 || c.runs != 1 {
			t.Errorf("%s: %+v", body, c)
		}
	}
}

// TestMetadataMayComeFirst wants the data wherever it stands, and whatever stands around it.
func TestMetadataMayComeFirst(t *testing.T) {
	for _, body := range []string{
		`{"Metadata":{"message":"no","sys":{"Data":{"message":"no"}}},"Data":{"message":"\"yes\""}}`, ` { "Data" : { "other" : "no" , "message" : "yes" } } `,
		`{"\u0044ata":{"m\u0065ssage":"yes","other":["no"]},"Metadata":null}` + "\r\n",
	} {
		if c := call(t, body, nil); c.status != 200 || c.text != "yes" {
			t.Errorf("%s: %+v", body, c)
		}
	}
}

// TestTextsOfOneInvocationLieSideBySide asks for two, after a call whose memory is used again.
func TestTextsOfOneInvocationLieSideBySide(t *testing.T) {
	for _, n := range []string{"1", "2"} {
		call(t, `{"Data":{"message":"\"a`+n+`\"","other":"\"b`+n+`\""}}`, func(_ context.Context, i customhandler.Invocation) error {
			a, _ := i.Text("message")
			b, _ := i.Text("other")
			if string(a) != "a"+n || string(b) != "b"+n {
				t.Errorf("%s, %s", a, b)
			}
			return nil
		})
	}
}

// TestWhatIsNoInvocationIsRefused wants a failure without a call, and nothing of the body told.
func TestWhatIsNoInvocationIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "cut off": `{"Data":{"message":"bob@example.com`, "cut off behind": `{"Data":{},"Metadata":{"message":"bob@example.com"`, "text": "bob@example.com", "array": `["bob@example.com"]`, "number": "1",
		"data twice": `{"Data":{},"Data":{"message":"bob@example.com"}}`, "cut off before": `{"Metadata":{"message":"bob@example.com"`,
		"data that is no object": `{"Data":"bob@example.com"}`, "two": `{"Data":{}} {"bob@example.com":1}`,
		"huge": `{"Data":{"message":"` + strings.Repeat("bob@example.com", 300_000) + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if c := call(t, body, nil); c.status != 500 || c.runs != 0 || strings.Contains(c.log, "bob@") {
				t.Errorf("%d after %d calls, logged %.300q", c.status, c.runs, c.log)
			}
		})
	}
}

func TestOutcomeDecides(t *testing.T) {
	if c := call(t, `{"Data":{},"Metadata":{}}`, nil); c.status != 200 || c.log != "" {
		t.Errorf("%+v", c)
	}
	c := call(t, `{"Data":{},"Metadata":{}}`, func(context.Context, customhandler.Invocation) error { return errors.New("storage is down") })
	if c.status != 500 || !strings.Contains(c.log, "storage is down") {
		t.Errorf("%+v", c)
	}
}

// TestPanicFailsItsOwnInvocation wants it answered, its place logged, and its value kept back.
func TestPanicFailsItsOwnInvocation(t *testing.T) {
	var nothing map[string]int
	var none *customhandler.Invocation
	list := []int{}
	for name, p := range map[string]func(){
		"a text":              func() { panic("bob@example.com") },
		"an error":            func() { panic(errors.New("bob@example.com")) },
		"a struct":            func() { panic(struct{ Email string }{"bob@example.com"}) },
		"the server's own":    func() { panic(http.ErrAbortHandler) },
		"nil":                 func() { panic(nil) },
		"out of range":        func() { _ = list[len(list)] },
		"a nil map":           func() { nothing["bob@example.com"] = 1 },
		"a nil pointer":       func() { _ = none.ID },
		"a wrong type, of it": func() { _ = any("bob@example.com").(fmt.Stringer) },
	} {
		t.Run(name, func(t *testing.T) {
			c := call(t, `{"Data":{},"Metadata":{}}`, func(context.Context, customhandler.Invocation) error { p(); return nil })
			if c.status != 500 || strings.Contains(c.log, "bob@") {
				t.Errorf("%+v", c)
			}
			if !strings.Contains(c.log, "customhandler_test.go:") {
				t.Errorf("the log does not say where: %s", c.log)
			}
		})
	}
}

// TestRunsWithinItsBudget wants a deadline with its reason, and no end when the host hangs up.
func TestRunsWithinItsBudget(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/Sweep", strings.NewReader(`{"Data":{},"Metadata":{}}`))
	gone, hangUp := context.WithCancel(context.Background())
	hangUp()
	rec := httptest.NewRecorder()
	customhandler.Handle("Sweep", time.Millisecond, slog.New(slog.DiscardHandler), func(ctx context.Context, _ customhandler.Invocation) error {
		if errors.Is(ctx.Err(), context.Canceled) {
			t.Error("the invocation ended with the connection")
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); !strings.Contains(cause.Error(), "Sweep ran out of its 1ms") {
			t.Errorf("ended by %v", cause)
		}
		return ctx.Err()
	}).ServeHTTP(rec, r.WithContext(gone))
	if rec.Code != 500 {
		t.Errorf("answered %d", rec.Code)
	}
}

func TestInvocationID(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""}, {[]string{""}, ""}, {[]string{"a"}, "a"}, {[]string{"forged", "host"}, "host"}, {[]string{"forged, host"}, "host"},
		{[]string{"a", "forged,forged , host "}, "host"}, {[]string{"forged,"}, ""},
	} {
		h := http.Header{}
		for _, v := range c.values {
			h.Add(customhandler.InvocationIDHeader, v)
		}
		if got := customhandler.InvocationID(h); got != c.want {
			t.Errorf("%q gives %q, want %q", c.values, got, c.want)
		}
	}
}

// FuzzInvocation throws bytes at the decoder: every one is answered, and no panic is ours.
func FuzzInvocation(f *testing.F) {
	for _, seed := range []string{"", "null", "{}", `{"Data":{"message":"\"{}\""},"Metadata":{}}`, `{"Data":{"message":null}}`, `{"Data":{"message":"\""}}`, `{"Data":{"message":"\"\\ud800\""}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c := call(t, body, func(_ context.Context, i customhandler.Invocation) error {
			_, err := i.Text("message")
			return err
		})
		if strings.Contains(c.log, "panic") {
			t.Errorf("%q: %s", body, c.log)
		}
	})
}

// FuzzText encodes any text as the host does, twice, and once when it is no JSON string itself: it comes back whole.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "null", `"`, `"abc"`, `{"v":1}`, " \t\"x\"", "𝄞\x00\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // the host sends no such text
		}
		once, _ := json.Marshal(text)
		twice, _ := json.Marshal(string(once))
		forms := [][]byte{twice}
		if !strings.HasPrefix(text, `"`) {
			forms = append(forms, once)
		}
		for _, data := range forms {
			c := call(t, `{"Data":{"message":`+string(data)+`}}`, nil)
			if c.err != nil || c.text != text {
				t.Errorf("%s gives %q, %v, want %q", data, c.text, c.err, text)
			}
		}
	})
}
