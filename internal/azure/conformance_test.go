package azure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/azure"
	"leadrelay/internal/azure/azuretest"
	"leadrelay/internal/config"
	"leadrelay/internal/lead"
	"leadrelay/local/azuresim"
)

// What ours and the SDK's do alike.
type (
	messages interface {
		Create(context.Context) error
		Put(ctx context.Context, text string, after time.Duration) (string, error)
		PutBase64(ctx context.Context, body []byte, after time.Duration) (string, error)
		Get(ctx context.Context, n int, lease time.Duration) ([]azure.Message, error)
		Delete(ctx context.Context, id, receipt string) error
	}
	blobs interface {
		Create(context.Context) error
		Put(ctx context.Context, name, contentType string, data []byte, metadata map[string]string) (azcore.ETag, error)
	}
	rows interface {
		Create(context.Context) error
		Get(ctx context.Context, partition, key string) (azure.Row, error)
		Insert(context.Context, *azure.Entity) (azcore.ETag, error)
		Merge(context.Context, *azure.Entity, azcore.ETag) (azcore.ETag, error)
		Replace(context.Context, *azure.Entity, azcore.ETag) (azcore.ETag, error)
		Transact(context.Context, []azure.Write) ([]azcore.ETag, error)
	}
)

// far is a storage server, with names of its own for one way to it.
type far struct {
	t          testing.TB
	ctx        context.Context
	sdk        bool // the way to it
	account    *azure.Account
	signer     azure.Signer
	client     *http.Client
	connection string
	sim        *azuresim.Server // nil: Azurite
	prefix     string

	id, receipt string      // of the last message
	etag        azcore.ETag // of the last row
}

func (f *far) queue(name string) messages {
	if f.sdk {
		return sdkMessages{f.account.Queue(f.prefix + name)}
	}
	return f.account.Messages(f.prefix + name)
}

func (f *far) container(name string) blobs {
	if f.sdk {
		return sdkBlobs{f.account.Container(f.prefix + name)}
	}
	return f.account.Blobs(f.prefix + name)
}

func (f *far) table(name string) rows {
	if f.sdk {
		return sdkRows{f.account.Table(f.prefix + name)}
	}
	return f.account.Rows(f.prefix + name)
}

// lent is a queue by SAS.
func (f *far) lent(secret config.Secret) messages {
	s, err := azure.ParseSAS(secret.Reveal(), azure.Queue)
	must(f.t, err)
	if f.sdk {
		q, err := s.Queue(f.client)
		must(f.t, err)
		return sdkMessages{q}
	}
	q, err := s.Messages(f.client)
	must(f.t, err)
	return q
}

// lentContainer is a container by SAS.
func (f *far) lentContainer(secret config.Secret) blobs {
	s, err := azure.ParseSAS(secret.Reveal(), azure.Container)
	must(f.t, err)
	if f.sdk {
		c, err := s.Container(f.client)
		must(f.t, err)
		return sdkBlobs{c}
	}
	c, err := s.Blobs(f.client)
	must(f.t, err)
	return c
}

// with is the same server by another account key or client.
func (f *far) with(connection string, client *http.Client) *far {
	account, err := azure.ConnectAccount(connection, client)
	must(f.t, err)
	other := *f
	other.account, other.client = account, client
	return &other
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is all that a caller can learn from an error.
func told(err error) string {
	if err == nil {
		return "ok"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, code %q, retry after %s", lead.KindOf(err), lead.CodeOf(err), lead.RetryAfter(err))
	for name, is := range map[string]bool{"not found": azure.NotFound(err), "exists": azure.Exists(err), "stale": azure.Stale(err)} {
		if is {
			b.WriteString(", " + name)
		}
	}
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, c) {
			b.WriteString(", " + c.Error())
		}
	}
	if _, raw := errors.AsType[*azcore.ResponseError](err); raw {
		b.WriteString(", the SDK's own")
	}
	return b.String()
}

// step is one call and what can be seen of it. The fault, if any, is for azuresim only, and for this call.
type step struct {
	name  string
	do    func(f *far) string
	fault *azuresim.Fault
	sim   bool   // not for Azurite, which is wrong or not strict there
	ours  string // what ours says where the SDK is wrong
	why   string
}

// TestSameCallsHaveTheSameOutcomeAsByTheSDK runs one table of calls and situations by both ways, against both servers,
// without sockets and over them.
func TestSameCallsHaveTheSameOutcomeAsByTheSDK(t *testing.T) {
	for name, open := range map[string]func(*testing.T, bool) *far{"azuresim": inProcess, "azuresim over sockets": overSockets, "Azurite": onAzurite} {
		t.Run(name, func(t *testing.T) {
			theirs, ours := open(t, true), open(t, false)
			for _, area := range [][]step{queueSteps(), blobSteps(), rowSteps(), transactionSteps(), sasSteps(), faultSteps(), contextSteps()} {
				for _, s := range area {
					if (s.fault != nil || s.sim) && theirs.sim == nil {
						continue
					}
					want, got := s.run(theirs), s.run(ours)
					if s.ours != "" {
						if want == s.ours {
							t.Errorf("%s: it is no exception any more", s.name)
						}
						want = s.ours
					}
					if got != want {
						t.Errorf("%s:\n  ours %s\n  want %s", s.name, got, want)
					}
				}
			}
		})
	}
}

func (s step) run(f *far) string {
	if s.fault != nil {
		defer f.sim.Inject(*s.fault).Remove()
	}
	return s.do(f)
}

func newFar(t *testing.T, sdk bool, connection string, client *http.Client) *far {
	account, err := azure.ConnectAccount(connection, client)
	must(t, err)
	signer, err := azure.NewSigner(connection)
	must(t, err)
	f := &far{t: t, ctx: azuretest.Context(t), sdk: sdk, account: account, signer: signer, client: client, connection: connection, prefix: "ours"}
	if sdk {
		f.prefix = "theirs"
	}
	return f
}

func inProcess(t *testing.T, sdk bool) *far {
	sim := azuresim.New(azuresim.Options{VerifySharedKey: true})
	client := azure.NewClient()
	client.Transport = sim.Process()
	f := newFar(t, sdk, sim.ConnectionString(), client)
	f.sim = sim
	return f
}

func overSockets(t *testing.T, sdk bool) *far {
	sim := azuresim.New(azuresim.Options{VerifySharedKey: true})
	must(t, sim.Start())
	t.Cleanup(sim.Close)
	f := newFar(t, sdk, sim.ConnectionString(), azure.NewClient())
	f.sim = sim
	return f
}

func onAzurite(t *testing.T, sdk bool) *far {
	return newFar(t, sdk, storage.Connection, storage.Client)
}
