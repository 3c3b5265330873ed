package azuresim

import (
	"io"
	"net/http"

	"leadrelay/local/azuresim/wire"
)

// spoilsAnswer says that the request is carried out in any case.
func (e Effect) spoilsAnswer() bool {
	switch e.kind {
	case effectNone, effectCut, effectSlow, effectEndless, effectGarble:
		return true
	}
	return false
}

// before is the effect on a request that is not carried out.
func (e Effect) before(x *exchange) outcome {
	switch e.kind {
	case effectRefuse:
		return outcome{end: endRefused}
	case effectReset:
		if x.http.Body != nil {
			_, _ = io.CopyN(io.Discard, x.http.Body, max(0, x.http.ContentLength)/2) // half of it, whatever became of it
		}
		return outcome{end: endReset}
	}
	if err := x.readBody(); err != nil {
		if _, told := err.(*wire.Error); !told {
			return outcome{end: endDropped}
		}
	}
	return e.after(x, outcome{})
}

// after is the effect on the answer o.
func (e Effect) after(x *exchange, o outcome) outcome {
	switch e.kind {
	case effectRefuse, effectDrop:
		return outcome{end: endDropped}
	case effectReset:
		return outcome{end: endReset}
	case effectHang:
		return outcome{end: endSilent}
	case effectAnswer:
		return outcome{answer: e.answer(x)}
	case effectCut:
		o.end, o.cut = endCut, min(e.bytes, len(o.answer.Body))
	case effectSlow:
		o.end, o.chunk, o.pause = endSlow, e.bytes, e.pause
	case effectEndless:
		o.end = endNever
	case effectGarble:
		o.answer.Body, o.answer.Type = e.body, e.typ
	}
	return o
}

// answer is the answer of effectAnswer, in the form of the service.
func (e Effect) answer(x *exchange) wire.Answer {
	var refusal *wire.Error
	switch {
	case e.refuse != nil:
		refusal = e.refuse(x)
	default:
		refusal = wire.Errorf(e.status, e.code, message(e.status, e.code))
	}
	if e.detail != "" {
		refusal.Details = []wire.Pair{{Name: "AuthenticationErrorDetail", Value: e.detail}}
	}
	refusal.Fields = append(refusal.Fields, e.fields...)
	if e.code == "" && e.refuse == nil { // no code: no body either, as a proxy would answer
		return wire.Answer{Status: e.status, Fields: refusal.Fields, Body: e.body, Type: e.typ}
	}
	a := refusal.Answer(&x.wire)
	if e.body != nil {
		a.Body, a.Type = e.body, e.typ
	}
	return a
}

func message(status int, code string) string {
	switch code {
	case "ServerBusy":
		return "The server is currently unable to receive requests. Please retry your request."
	case "OperationTimedOut":
		return "Operation could not be completed within the specified time."
	case "InternalError":
		return "Server encountered an internal error. Please try again after some time."
	case "AuthenticationFailed":
		return "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."
	}
	return http.StatusText(status)
}
