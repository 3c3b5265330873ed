package azure

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	blobservice "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/internal/config"
)

// Account is our own storage account: the whole backend.
type Account struct {
	queues *azqueue.ServiceClient
	blobs  *blobservice.Client
	tables *aztables.ServiceClient

	queueAt, blobAt, tableAt *endpoint // for what is done with every event
}

// OpenAccount reads AzureWebJobsStorage, a connection string, or AzureWebJobsStorage__accountName, an account that is
// reached as the app's managed identity (AzureWebJobsStorage__clientId names a user-assigned one). It calls nothing.
func OpenAccount(s *config.Settings, client *http.Client) (*Account, error) {
	connection := s.Secret("AzureWebJobsStorage")
	name := s.String("AzureWebJobsStorage__accountName", "")
	clientID := s.String("AzureWebJobsStorage__clientId", "")
	switch {
	case connection != "":
		return ConnectAccount(connection.Reveal(), client)
	case name != "":
		cred, err := Credential(clientID, client)
		if err != nil {
			return nil, fmt.Errorf("managed identity: %w", Redact(err))
		}
		return identityAccount(name, cred, client)
	default:
		s.Complain("AzureWebJobsStorage", "is required (or AzureWebJobsStorage__accountName, with a managed identity)")
		return nil, nil
	}
}

// development is what UseDevelopmentStorage=true stands for: Azurite on its own ports.
const development = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
	"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
	"TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"

// ConnectAccount reaches an account by its connection string.
func ConnectAccount(connection string, client *http.Client) (*Account, error) {
	if strings.EqualFold(strings.TrimRight(connection, "; "), "UseDevelopmentStorage=true") {
		connection = development
	}
	opts := ClientOptions(client)
	queues, err := azqueue.NewServiceClientFromConnectionString(connection, &azqueue.ClientOptions{ClientOptions: opts})
	if err != nil {
		return nil, fmt.Errorf("AzureWebJobsStorage is not a connection string of a storage account")
	}
	blobs, err := blobservice.NewClientFromConnectionString(connection, blobOptions(client))
	if err != nil {
		return nil, fmt.Errorf("AzureWebJobsStorage has no blob endpoint")
	}
	tables, err := aztables.NewServiceClientFromConnectionString(connection, &aztables.ClientOptions{ClientOptions: opts})
	if err != nil {
		return nil, fmt.Errorf("AzureWebJobsStorage has no table endpoint")
	}
	a := &Account{queues: queues, blobs: blobs, tables: tables}
	if err := a.connect(connection, client); err != nil {
		return nil, fmt.Errorf("AzureWebJobsStorage: %w", err)
	}
	return a, nil
}

// connect opens the endpoints of a connection string.
func (a *Account) connect(connection string, client *http.Client) error {
	c, err := parseConnection(connection)
	if err != nil {
		return err
	}
	var key, lite proof
	sas := ""
	if len(c.key) > 0 {
		key, lite = newSharedKey(c.account, c.key, false), newSharedKey(c.account, c.key, true)
	} else {
		sas = "?" + strings.TrimPrefix(c.part["sharedaccesssignature"], "?")
	}
	return a.open(client, func(d dialect) string { return c.endpoint(d.name) + "/" + sas }, key, key, lite)
}

// open opens the three endpoints.
func (a *Account) open(client *http.Client, address func(dialect) string, queue, blob, table proof) (err error) {
	if a.queueAt, err = newEndpoint(client, queueDialect(), address(queueDialect()), queue); err != nil {
		return err
	}
	if a.blobAt, err = newEndpoint(client, blobDialect(), address(blobDialect()), blob); err != nil {
		return err
	}
	a.tableAt, err = newEndpoint(client, tableDialect(), address(tableDialect()), table)
	return err
}

// blobOptions are [ClientOptions] for the blob SDK. Without the switch it would put "Expect: 100-continue", a further round
// trip, on every upload for a minute after a 429, 500 or 503 (facts/azure-storage.md §4).
func blobOptions(client *http.Client) *blobservice.ClientOptions {
	return &blobservice.ClientOptions{
		ClientOptions:          ClientOptions(client),
		ExpectContinueBehavior: blob.ExpectContinueOptions{Mode: blob.ExpectContinueModeOff},
	}
}

// identityAccount reaches an account of the public cloud with a token.
func identityAccount(name string, cred azcore.TokenCredential, client *http.Client) (*Account, error) {
	opts := ClientOptions(client)
	host := func(service string) string { return "https://" + name + "." + service + ".core.windows.net/" }
	queues, err := azqueue.NewServiceClient(host("queue"), cred, &azqueue.ClientOptions{ClientOptions: opts})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	blobs, err := blobservice.NewClient(host("blob"), cred, blobOptions(client))
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	tables, err := aztables.NewServiceClient(host("table"), cred, &aztables.ClientOptions{ClientOptions: opts})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	a := &Account{queues: queues, blobs: blobs, tables: tables}
	t := newToken(cred)
	return a, a.open(client, func(d dialect) string { return host(d.name) }, t, t, t)
}

// Credential is the app's managed identity on Azure, and the developer's `az login` elsewhere. The SDK's chain of all that
// there is would add a third of a megabyte to the handler.
func Credential(clientID string, client *http.Client) (azcore.TokenCredential, error) {
	if os.Getenv("IDENTITY_ENDPOINT") == "" {
		return azidentity.NewAzureCLICredential(nil)
	}
	mi := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: ClientOptions(client)}
	if clientID != "" {
		mi.ID = azidentity.ClientID(clientID)
	}
	return azidentity.NewManagedIdentityCredential(mi)
}

// Queue is a queue of the account. Nothing is called.
func (a *Account) Queue(name string) *azqueue.QueueClient { return a.queues.NewQueueClient(name) }

// Container is a blob container of the account. Nothing is called.
func (a *Account) Container(name string) *container.Client { return a.blobs.NewContainerClient(name) }

// Table is a table of the account. Nothing is called.
func (a *Account) Table(name string) *aztables.Client { return a.tables.NewClient(name) }
