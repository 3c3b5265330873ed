package azuretest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/wire"
	"leadrelay/local/azurite"
)

// The accounts of the document's two URLs (seeds/001, "Azure Storage"), and the key that both have here.
const (
	queueAccount     = "mystorageaccount"
	containerAccount = "storageaccounttestl8569"
	key              = "ZG9jdW1lbnRlZA=="
)

// Documented is a TLS Azurite that answers to the document's own host names, and the document's two URLs, each
// character as it stands there but for {secret} (facts/azure-storage.md §1a, §6).
type Documented struct {
	QueueURL, ContainerURL config.Secret
	QueueAccount           *azure.Account // the owner's view of the account of QueueURL
	ContainerAccount       *azure.Account
	Client                 *http.Client // resolves the two hosts to the server and trusts its certificate
}

// StartDocumented runs it until the test ends. The test cannot be parallel.
func StartDocumented(t *testing.T) Documented {
	t.Helper()
	t.Setenv("AZURITE_ACCOUNTS", queueAccount+":"+key+";"+containerAccount+":"+key)
	dir := t.TempDir()
	roots := certificate(t, dir)
	server, err := azurite.Start(context.Background(), azurite.Options{Args: []string{
		"--cert", filepath.Join(dir, "cert.pem"), "--key", filepath.Join(dir, "key.pem")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	blob, queue, _ := server.Ports()
	d := Documented{Client: dialing(roots, blob, queue)}
	queueSigner, queueOwner := owner(t, queueAccount, d.Client)
	containerSigner, containerOwner := owner(t, containerAccount, d.Client)
	d.QueueAccount, d.ContainerAccount = queueOwner, containerOwner
	d.QueueURL = fill(t, "https://mystorageaccount.queue.core.windows.net/my-leads-queue/messages?sp=a&st=2021-03-30T17:46:08Z&se=2030-01-01T17:46:00Z&sv=2020-02-10&sig={secret}",
		func(from, until time.Time) config.Secret {
			return queueSigner.SignQueue("my-leads-queue", "a", from, until)
		})
	d.ContainerURL = fill(t, "https://storageaccounttestl8569.blob.core.windows.net/my-leads-container?sp=c&st=2021-09-17T14:20:57Z&se=2030-01-01T22:20:57Z&spr=https&sv=2020-08-04&sr=c&sig={secret}",
		func(from, until time.Time) config.Secret {
			return containerSigner.SignContainer("my-leads-container", "c", from, until)
		})
	return d
}

// owner opens a host-style account with its key.
func owner(t *testing.T, name string, client *http.Client) (azure.Signer, *azure.Account) {
	t.Helper()
	connection := "DefaultEndpointsProtocol=https;AccountName=" + name + ";AccountKey=" + key + ";EndpointSuffix=core.windows.net"
	account, err := azure.ConnectAccount(connection, client)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := azure.NewSigner(connection)
	if err != nil {
		t.Fatal(err)
	}
	return signer, account
}

// fill puts a real signature for {secret}, and fails unless our signer writes the very same URL.
func fill(t *testing.T, documented string, sign func(from, until time.Time) config.Secret) config.Secret {
	t.Helper()
	u, err := url.Parse(documented)
	if err != nil {
		t.Fatal(err)
	}
	from, fromErr := time.Parse(time.RFC3339, u.Query().Get("st"))
	until, untilErr := time.Parse(time.RFC3339, u.Query().Get("se"))
	if fromErr != nil || untilErr != nil {
		t.Fatal(fromErr, untilErr)
	}
	signed := sign(from, until).Reveal()
	_, sig, _ := strings.Cut(signed, "&sig=")
	if documented = strings.Replace(documented, "{secret}", sig, 1); signed != documented {
		t.Fatalf("we sign\n%s\nand the document says\n%s", signed, documented)
	}
	return config.Secret(documented)
}

// dialing is the shared client, but that every blob host is the local blob port and every queue host the queue port.
func dialing(roots *x509.CertPool, blob, queue int) *http.Client {
	client := azure.NewClient()
	transport := client.Transport.(*wire.Transport).Base
	transport.TLSClientConfig.RootCAs = roots
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		port := queue
		if strings.Contains(address, ".blob.") {
			port = blob
		}
		return new(net.Dialer).DialContext(ctx, "tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String())
	}
	return client
}

// certificate writes cert.pem and key.pem for the two hosts.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"*.queue.core.windows.net", "*.blob.core.windows.net"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		var out bytes.Buffer
		if err := pem.Encode(&out, block); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}
