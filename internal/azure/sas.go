package azure

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// ServiceKind is what a SAS URL leads to.
type ServiceKind uint8

// The two kinds of SAS URL that the CRF document describes (seeds/001, "Azure Storage").
const (
	Queue ServiceKind = iota + 1
	Container
)

func (k ServiceKind) String() string {
	switch k {
	case Queue:
		return "queue"
	case Container:
		return "container"
	}
	return "nothing"
}

// service is the word in the host name and in what is signed.
func (k ServiceKind) service() string {
	if k == Container {
		return "blob"
	}
	return "queue"
}

// SAS is a pre-authenticated URL of one queue or one blob container, as a lender pastes it. Its signature cannot be
// printed: under every verb, in every log and in JSON it is host, path and expiry. The zero SAS leads nowhere.
type SAS struct {
	kind     ServiceKind
	scheme   string
	host     string
	path     string // "/my-leads-queue", or "/account/my-leads-queue" on loopback; never "/messages" at the end
	name     string
	loopback bool
	secret   func() *query // a function, because fmt follows pointers in unexported fields of others: %s would print it
}

// query is what stands behind the question mark.
type query struct {
	values         url.Values
	starts         time.Time // zero: at once
	expires        time.Time // zero: a stored policy knows
	permissions    string
	policy         bool // si: a stored access policy
	account        bool // ss, srt: an account SAS
	services       string
	resources      string
	httpsOnly      bool
	sourceAddress  bool
	resourceLetter string // sr
}

// Kind is what the URL leads to.
func (s SAS) Kind() ServiceKind { return s.kind }

// Host is the host with its port, "mystorageaccount.queue.core.windows.net".
func (s SAS) Host() string { return s.host }

// Path is "/my-leads-queue", or "/account/my-leads-queue" where the host is loopback.
func (s SAS) Path() string { return s.path }

// Name is the queue's or container's own name.
func (s SAS) Name() string { return s.name }

// Bare is the URL without its query: scheme, host and path.
func (s SAS) Bare() string { return s.scheme + "://" + s.host + s.path }

// Permissions are the letters of sp, empty when a stored access policy holds them.
func (s SAS) Permissions() string {
	if s.secret == nil {
		return ""
	}
	return s.secret().permissions
}

// Permits tells whether the SAS grants a letter; true when only a stored access policy knows.
func (s SAS) Permits(letter rune) bool {
	return s.secret != nil && (s.secret().permissions == "" || strings.ContainsRune(s.secret().permissions, letter))
}

// Beside is the address of another queue or container of the same account, which only an account SAS opens.
func (s SAS) Beside(name string) (SAS, bool) {
	if s.secret == nil || !s.secret().account || !storageName().MatchString(name) || len(name) > 63 {
		return SAS{}, false
	}
	s.path = strings.TrimSuffix(s.path, s.name) + name
	s.name = name
	return s, true
}

// Expires is when the SAS ends; false when only a stored access policy knows.
func (s SAS) Expires() (time.Time, bool) {
	if s.secret == nil {
		return time.Time{}, false
	}
	return s.secret().expires, !s.secret().expires.IsZero()
}

// Reveal is the whole URL with its signature, in the form that the SDK takes: without "/messages".
// Nothing but a client that is about to call it may ask.
func (s SAS) Reveal() string {
	if s.secret == nil {
		return ""
	}
	return s.scheme + "://" + s.host + s.path + "?" + s.secret().values.Encode()
}

// Queue is a client of the queue; nothing is called. Only for a SAS of kind Queue.
func (s SAS) Queue(client *http.Client) (*azqueue.QueueClient, error) {
	q, err := azqueue.NewQueueClientWithNoCredential(s.Reveal(), &azqueue.ClientOptions{ClientOptions: ClientOptions(client)})
	return q, Classify(err)
}

// Container is a client of the container; nothing is called. Only for a SAS of kind Container.
func (s SAS) Container(client *http.Client) (*container.Client, error) {
	c, err := container.NewClientWithNoCredential(s.Reveal(), (*container.ClientOptions)(blobOptions(client)))
	return c, Classify(err)
}

// String is host, path and expiry.
func (s SAS) String() string {
	if s.secret == nil {
		return "no SAS"
	}
	until := "until a stored policy ends it"
	if at, ok := s.Expires(); ok {
		until = "until " + at.UTC().Format(time.RFC3339)
	}
	return s.host + s.path + " (" + until + ")"
}

// Format prints String under every verb: %d would print the fields.
func (s SAS) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", s.String())
		return
	}
	_, _ = io.WriteString(f, s.String()) // fmt keeps no error of a Formatter
}

// GoString is String, for those who call it directly.
func (s SAS) GoString() string { return s.String() }

// LogValue is String.
func (s SAS) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, in JSON too.
func (s SAS) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
