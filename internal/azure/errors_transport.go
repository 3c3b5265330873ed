package azure

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"leadrelay/internal/lead"
)

// transportFault says in our words why there was no answer: errors of net/http may quote what the far side sent.
func transportFault(err error) (kind lead.Kind, text string, cause error) {
	if c := canceled(err); c != nil {
		return lead.Unavailable, c.Error(), c
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return lead.Address, "no such host", nil
		}
		return lead.Unavailable, "the name server gives no answer", nil
	}
	if text := tlsFault(err); text != "" {
		return lead.Address, text, nil
	}
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return lead.Unavailable, "timed out", nil
	}
	return networkFault(err)
}

// tlsFault is what is wrong with the far side's certificate or protocol, "" when it is not that.
func tlsFault(err error) string {
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return e.Error()
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "TLS: the certificate is for another host"
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return e.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "TLS: the far side does not speak it"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "TLS: the certificate is not valid"
	}
	return ""
}

// networkFault names a broken connection.
func networkFault(err error) (lead.Kind, string, error) {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return lead.Unavailable, errno.Error(), nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return lead.Unavailable, "the connection was closed before the whole answer came", nil
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return lead.Unavailable, "the connection failed", nil
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return lead.Unavailable, "the answer is not HTTP", nil
	}
	if _, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return lead.Unavailable, "the answer is not XML", nil
	}
	if _, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		return lead.Unavailable, "the managed identity gets no token", nil
	}
	return lead.Unavailable, fmt.Sprintf("the call failed (%T)", innermost(err)), nil
}

// innermost is the end of err's chain.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
