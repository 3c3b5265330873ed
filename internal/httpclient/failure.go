package httpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"leadrelay/internal/lead"
)

// failure tells why no whole answer came, in our own words: errors of net/http may quote the URL or the far side.
// What it wraps is a context error at most.
func failure(asked string, err error) *lead.Error {
	kind, text, cause := fault(err)
	return &lead.Error{Kind: kind, Err: &said{text: asked + ": " + text, cause: cause}}
}

type said struct {
	text  string
	cause error // a context error or nil
}

func (s *said) Error() string { return s.text }
func (s *said) Unwrap() error { return s.cause }

func fault(err error) (lead.Kind, string, error) {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return lead.Unavailable, cause.Error(), cause
		}
	}
	if told, ok := errors.AsType[*lead.Error](err); ok && told.Err != nil { // refused by the dialer or by RoundTrip
		return told.Kind, told.Err.Error(), nil
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return lead.Address, "no such host", nil
		}
		return lead.Unavailable, "the name server gives no answer", nil
	}
	if text := tlsFault(err); text != "" {
		return lead.Address, "TLS: " + text, nil
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return lead.Unavailable, "timed out", nil
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return lead.Unavailable, errno.Error(), nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return lead.Unavailable, "the connection was closed before the whole answer came", nil
	}
	return lead.Unavailable, "the call failed", nil
}

// tlsFault is what is wrong with the far side's certificate or its TLS, empty when it is not that.
func tlsFault(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for another host"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is from an unknown authority"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "the certificate has expired or is not yet valid"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the certificate is not valid"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "the far side does not speak it"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return "the far side and we agree on no session"
	}
	if strings.HasPrefix(innermost(err).Error(), "tls: ") { // most of crypto/tls's errors have no type
		return "the handshake failed"
	}
	return ""
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
