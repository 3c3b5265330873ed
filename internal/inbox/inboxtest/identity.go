package inboxtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"leadrelay/internal/azure"
	"leadrelay/internal/wire"
	"leadrelay/local/azurite"
)

// Identity is a storage that is opened by a managed identity: a TLS Azurite that wants tokens, and a fake of the endpoint
// that a function app gets them from (facts/azure-storage.md §4, §6). Azurite checks a token's claims, not its signature.
type Identity struct {
	Account    *azure.Account // the owner's view
	Blob       string         // "https://127.0.0.1:port/devstoreaccount1/"
	Queue      string
	Client     *http.Client
	Credential azcore.TokenCredential
}

// StartIdentity runs it until the test ends. The test cannot be parallel.
func StartIdentity(t *testing.T) Identity {
	t.Helper()
	const audience = "https://storage.azure.com"
	dir := t.TempDir()
	roots := selfSigned(t, dir)
	server, err := azurite.Start(t.Context(), azurite.Options{Args: []string{
		"--cert", filepath.Join(dir, "cert.pem"), "--key", filepath.Join(dir, "key.pem"), "--oauth", "basic"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	blob, queue, table := server.Ports()
	at := func(port int) string { return fmt.Sprintf("https://127.0.0.1:%d/%s", port, azurite.Account) }
	client := azure.NewClient()
	client.Transport.(*wire.Transport).Base.TLSClientConfig.RootCAs = roots
	account, err := azure.ConnectAccount(fmt.Sprintf("DefaultEndpointsProtocol=https;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;QueueEndpoint=%s;TableEndpoint=%s",
		azurite.Account, azurite.AccountKey, at(blob), at(queue), at(table)), client)
	if err != nil {
		t.Fatal(err)
	}
	msi := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != "a-header" || r.URL.Query().Get("api-version") != "2019-08-01" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		until := time.Now().Add(time.Hour).Unix()
		_ = json.NewEncoder(w).Encode(map[string]string{"access_token": token(audience, until), "expires_on": fmt.Sprint(until), "resource": audience, "token_type": "Bearer"})
	}))
	t.Cleanup(msi.Close)
	t.Setenv("IDENTITY_ENDPOINT", msi.URL)
	t.Setenv("IDENTITY_HEADER", "a-header")
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ClientOptions: azure.ClientOptions(client)})
	if err != nil {
		t.Fatal(err)
	}
	return Identity{Account: account, Blob: at(blob) + "/", Queue: at(queue) + "/", Client: client, Credential: credential}
}

// token is a JWT with the claims that Azurite checks and a signature that it does not.
func token(audience string, until int64) string {
	part := func(v any) string {
		b, _ := json.Marshal(v) // maps of strings and numbers
		return base64.RawURLEncoding.EncodeToString(b)
	}
	const tenant = "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/"
	return part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." +
		part(map[string]any{"iss": tenant, "aud": audience, "nbf": until - 7200, "iat": until - 7200, "exp": until}) + "." + part("signed")
}

// selfSigned writes cert.pem and key.pem for 127.0.0.1.
func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
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
