// Package hosttest holds what the host's tests share: tiny custom handlers, one well-behaved and a dozen that are not; apps to run them
// in; and a log to read what happened.
package hosttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Start is the environment variable that tells the handler how to begin: empty to behave, or one of
//
//	exit:N            exit with N at once
//	once:N:FILE       exit with N the first time; FILE remembers
//	hold:FILE         listen only when FILE is there
//	deaf              never listen
//	mute              accept, and never answer GET /
//	rude              break off the first GET /
//	stderr:LINE       write LINE to stderr, then behave
const Start = "HOSTTEST_START"

// Program is the environment variable that makes a test binary run the program under test instead of its tests.
const Program = "HOSTTEST_PROGRAM"

// Main runs the test binary's tests; the handler if a host has started it; the program, if asked to.
func Main(m *testing.M, program func()) {
	switch {
	case os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT") != "":
		os.Exit(handler())
	case os.Getenv(Program) != "":
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func handler() int {
	kind, rest, _ := strings.Cut(os.Getenv(Start), ":")
	switch kind {
	case "exit":
		return number(rest)
	case "once":
		code, file, _ := strings.Cut(rest, ":")
		if _, err := os.Stat(file); err != nil {
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				return 99
			}
			return number(code)
		}
	case "hold":
		for {
			if _, err := os.Stat(rest); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	case "deaf":
		time.Sleep(time.Hour)
	case "stderr":
		fmt.Fprintln(os.Stderr, rest)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	if kind == "mute" {
		time.Sleep(time.Hour)
	}
	fmt.Println("ENV " + dumpEnv())
	err = http.Serve(l, pinged(kind == "rude", Handler(func(r Request) {
		text, _ := json.Marshal(r) // strings and numbers only
		fmt.Println("REQ " + string(text))
	})))
	fmt.Fprintln(os.Stderr, err)
	return 97
}

// pinged writes down the first GET /, which readiness is asked with, and breaks it off if rude.
func pinged(rude bool, next http.Handler) http.Handler {
	var first sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			first.Do(func() {
				text, _ := json.Marshal(Request{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header}) // strings and numbers only
				fmt.Println("PING " + string(text))
				if rude {
					panic(http.ErrAbortHandler)
				}
			})
		}
		next.ServeHTTP(w, r)
	})
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 96
	}
	return n
}

func dumpEnv() string {
	dir, _ := os.Getwd()
	text, _ := json.Marshal(map[string]any{"env": os.Environ(), "args": os.Args[1:], "dir": dir}) // strings only
	return string(text)
}

// Request is a request as the handler saw it.
type Request struct {
	Method, URI, Host string
	Header            http.Header
	Body              string
	Length            int64 // -1 when chunked
}

// Handler answers by the first part of the path that it knows, wherever it stands, so that a function's name says how it behaves:
//
//	Well       200 {}                       Empty      200, no body
//	Null       200 null                     NoContent  204
//	Text       200 as text/plain            Fail       500 with Logs that nobody sees
//	Redirect   307 to /Well                 Broken     200 with half a JSON text
//	Hang       no answer                    Exit       exits with ?code=N, or what the body's "code" says
//	Early      401 before the body is read  Stream     two chunks, the second when /tmp file of ?until= is there
//	Reply      200 with the body of ?body=, type of ?type=, status of ?status=
//
// Everything else gets 200 {} like Well. record hears of every request but GET /.
func Handler(record func(Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		name := behaviour(r.URL.Path)
		var body []byte
		if name != "Early" {
			body, _ = io.ReadAll(r.Body) // what came before a break is worth recording
		}
		record(Request{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header, Body: string(body), Length: r.ContentLength})
		w.Header().Set("Content-Type", "application/json")
		misbehave(name, w, r, body)
	})
}

func behaviour(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "Well", "Empty", "Null", "NoContent", "Text", "Fail", "Redirect", "Broken", "Hang", "Exit", "Early", "Stream", "Reply", "Abort":
			return part
		}
	}
	return ""
}

func misbehave(name string, w http.ResponseWriter, r *http.Request, body []byte) {
	switch name {
	case "Empty":
	case "Null":
		fmt.Fprint(w, " null ")
	case "NoContent":
		w.WriteHeader(http.StatusNoContent)
	case "Text":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "{}")
	case "Fail":
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"Logs":["nobody sees this"]}`)
	case "Redirect":
		http.Redirect(w, r, "/Well", http.StatusTemporaryRedirect)
	case "Broken":
		fmt.Fprint(w, `{"Outputs":`)
	case "Hang":
		<-r.Context().Done()
	case "Exit":
		exit(r, body)
	case "Early":
		_ = http.NewResponseController(w).EnableFullDuplex() // else net/http reads the body first
		w.WriteHeader(http.StatusUnauthorized)
	case "Stream":
		stream(w, r)
	case "Abort":
		panic(http.ErrAbortHandler)
	case "Reply":
		reply(w, r)
	default:
		fmt.Fprint(w, "{}")
	}
}

func exit(r *http.Request, body []byte) {
	code := r.URL.Query().Get("code")
	var message struct{ Code string }
	if json.Unmarshal(body, &message) == nil && message.Code != "" {
		code = message.Code
	}
	os.Exit(number(code))
}

func stream(w http.ResponseWriter, r *http.Request) {
	until := r.URL.Query().Get("until")
	fmt.Fprint(w, "first\n")
	_ = http.NewResponseController(w).Flush() // the test's own timeout tells if it fails
	for r.Context().Err() == nil {
		if _, err := os.Stat(until); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Fprint(w, "second\n")
}

func reply(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("type") {
		w.Header().Set("Content-Type", q.Get("type"))
	}
	for _, header := range q["header"] {
		name, value, _ := strings.Cut(header, ":")
		w.Header().Add(name, value)
	}
	if q.Has("status") {
		w.WriteHeader(number(q.Get("status")))
	}
	fmt.Fprint(w, q.Get("body"))
}
