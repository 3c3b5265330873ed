package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"leadrelay/local/bench/bare/script"
)

// far is where the steps go.
type far struct {
	transport http.RoundTripper
	bases     map[string]string // by Step.To, without a slash at the end
	signer    signer
}

// request is a step made ready: cut at its holders.
type request struct {
	far    *far
	step   script.Step
	base   *url.URL
	path   template // escaped
	plain  template // not escaped
	query  template
	body   template
	fixed  http.Header // what is always the same, shared by all requests
	fresh  []field
	length int64
}

type field struct {
	name  string
	value template
}

// values fill the holders.
type values struct {
	fresh        string // eight digits
	message, pop string
}

// template is a text in pieces: between them stand holders.
type template struct {
	pieces []string
	holds  []string
}

func cut(text string) template {
	var t template
	for {
		at, which := len(text), ""
		for _, hold := range []string{script.Fresh, script.Message, script.Pop} {
			if i := strings.Index(text, hold); i >= 0 && i < at {
				at, which = i, hold
			}
		}
		t.pieces = append(t.pieces, text[:at])
		if which == "" {
			return t
		}
		t.holds = append(t.holds, which)
		text = text[at+len(which):]
	}
}

func (t template) appendTo(b []byte, v values) []byte {
	for i, piece := range t.pieces {
		b = append(b, piece...)
		if i == len(t.holds) {
			break
		}
		switch t.holds[i] {
		case script.Message:
			b = append(b, v.message...)
		case script.Pop:
			b = append(b, v.pop...)
		default:
			b = append(b, v.fresh...)
		}
	}
	return b
}

func (t template) fill(v values) string {
	if len(t.holds) == 0 {
		return t.pieces[0]
	}
	return string(t.appendTo(make([]byte, 0, 128), v))
}

// ready makes a step ready.
func (f *far) ready(s script.Step) (request, error) {
	base, err := url.Parse(f.bases[s.To])
	if err != nil || base.Host == "" {
		return request{}, fmt.Errorf("nobody said where %q is", s.To)
	}
	path, query, _ := strings.Cut(s.Path, "?")
	plain, err := url.PathUnescape(path)
	if err != nil {
		return request{}, fmt.Errorf("the path of a step is not one: %w", err)
	}
	r := request{far: f, step: s, base: base, path: cut(base.Path + path), plain: cut(base.Path + plain), query: cut(query), body: cut(s.Body), length: int64(len(s.Body))}
	r.fixed = http.Header{}
	for name, value := range s.Header {
		if t := cut(value); len(t.holds) > 0 {
			r.fresh = append(r.fresh, field{name, t})
		} else {
			r.fixed[name] = []string{value}
		}
	}
	return r, nil
}

// send makes the request and reads the answer to its end. The answer's body is given if it is wanted.
func (r *request) send(ctx context.Context, v values, want bool) ([]byte, error) {
	h := make(http.Header, len(r.fixed)+len(r.fresh)+2)
	maps.Copy(h, r.fixed)
	for _, f := range r.fresh {
		h[f.name] = []string{f.value.fill(v)}
	}
	path := r.path.fill(v)
	now := time.Now().UTC().Format(http.TimeFormat)
	if r.step.To != "crm" {
		h["X-Ms-Date"] = []string{now}
	}
	if r.step.Sign != "" {
		h["Authorization"] = []string{r.far.signer.sign(r.step.Sign, r.step.Method, h.Get("Content-Type"), now, path)}
	}
	to := &url.URL{Scheme: r.base.Scheme, Host: r.base.Host, Path: r.plain.fill(v), RawPath: path, RawQuery: r.query.fill(v)}
	req := (&http.Request{Method: r.step.Method, URL: to, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Host: r.base.Host}).WithContext(ctx)
	if r.length > 0 {
		body := r.body.appendTo(make([]byte, 0, r.length+64), v)
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	resp, err := r.far.transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %T", r.step.Method, r.step.To, err) // its text holds the SAS
	}
	defer resp.Body.Close()
	var answer []byte
	if want {
		answer, err = io.ReadAll(resp.Body)
	} else {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	if got, want := resp.StatusCode, r.step.Want; err == nil && got != want && (got/100 != 2 || want/100 != 2) {
		err = fmt.Errorf("%s %s was answered %s", r.step.Method, r.step.To, strconv.Itoa(resp.StatusCode))
	}
	return answer, err
}

// play is a script made ready.
type play [][]request

func (f *far) play(s script.Script) (play, error) {
	var out play
	for _, steps := range s.Stages() {
		var stage []request
		for _, step := range steps {
			r, err := f.ready(step)
			if err != nil {
				return nil, err
			}
			stage = append(stage, r)
		}
		out = append(out, stage)
	}
	return out, nil
}

// run makes the requests of one event.
func (p play) run(ctx context.Context, v values) error {
	for _, stage := range p {
		if len(stage) == 1 {
			if _, err := stage[0].send(ctx, v, false); err != nil {
				return err
			}
			continue
		}
		errs := make([]error, len(stage))
		var wg sync.WaitGroup
		for i := range stage {
			wg.Go(func() { _, errs[i] = stage[i].send(ctx, v, false) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return nil
}
