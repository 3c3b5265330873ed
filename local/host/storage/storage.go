// Package storage opens the storage account behind a connection name of the app settings (functions-host.md §5.1, §6).
package storage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	blobservice "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"leadrelay/local/host/settings"
)

// Account reaches the queues and blobs of one storage account.
type Account struct {
	queues *azqueue.ServiceClient
	blobs  *blobservice.Client
}

// The account that UseDevelopmentStorage=true stands for: Azurite on its usual ports, with its published key.
const development = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
	"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"

// Open opens a connection: a connection string, or a prefix such as AzureWebJobsStorage__accountName with the default credential.
// No request is made yet.
func Open(app *settings.Settings, connection string) (*Account, error) {
	options := azcore.ClientOptions{Transport: newTransport(), Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: 200 * time.Millisecond, TryTimeout: 30 * time.Second}}
	queueOptions, blobOptions := &azqueue.ClientOptions{ClientOptions: options}, &blobservice.ClientOptions{ClientOptions: options}
	a := &Account{}
	var errQ, errB error
	if text := connectionString(app, connection); text != "" {
		a.queues, errQ = azqueue.NewServiceClientFromConnectionString(text, queueOptions)
		a.blobs, errB = blobservice.NewClientFromConnectionString(text, blobOptions)
	} else if queueURL, blobURL, ok := endpoints(app, connection); ok {
		credential, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", connection, err)
		}
		a.queues, errQ = azqueue.NewServiceClient(queueURL, credential, queueOptions)
		a.blobs, errB = blobservice.NewClient(blobURL, credential, blobOptions)
	} else {
		return nil, fmt.Errorf("Storage account connection string '%s' does not exist. Make sure that it is a defined App Setting.", connection)
	}
	if err := errors.Join(errQ, errB); err != nil {
		return nil, fmt.Errorf("open %s: the connection string is not valid", connection) // the error may quote the key
	}
	return a, nil
}

// connectionString looks a connection up as WebJobs do: with its prefix first.
func connectionString(app *settings.Settings, connection string) string {
	for _, name := range []string{"AzureWebJobs" + connection, connection, "ConnectionStrings__" + connection, "ConnectionStrings:" + connection} {
		text := strings.TrimSpace(app.Get(name))
		if strings.EqualFold(strings.TrimSuffix(strings.ReplaceAll(text, " ", ""), ";"), "UseDevelopmentStorage=true") {
			return development
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// endpoints finds the identity form: <connection>__queueServiceUri and __blobServiceUri, or __accountName (§5.1).
func endpoints(app *settings.Settings, connection string) (queueURL, blobURL string, ok bool) {
	get := func(name string) string { return app.Get(connection + "__" + name) }
	queueURL, blobURL = get("queueServiceUri"), get("blobServiceUri")
	if name := get("accountName"); name != "" {
		queueURL, blobURL = "https://"+name+".queue.core.windows.net/", "https://"+name+".blob.core.windows.net/"
	}
	return queueURL, blobURL, queueURL != "" || blobURL != ""
}

// Queue returns a client for one queue.
func (a *Account) Queue(name string) *azqueue.QueueClient { return a.queues.NewQueueClient(name) }

// Container returns a client for one blob container.
func (a *Account) Container(name string) *container.Client { return a.blobs.NewContainerClient(name) }

// Bound gives one request to storage its deadline.
func Bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Minute)
}

// transport is an http.Client that keeps queries, and so signatures, out of its errors.
type transport struct{ client *http.Client }

func newTransport() transport {
	return transport{&http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 64, IdleConnTimeout: 4 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do implements policy.Transporter.
func (t transport) Do(r *http.Request) (*http.Response, error) {
	resp, err := t.client.Do(r)
	var failed *url.Error
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s %s%s: %w", failed.Op, r.URL.Host, r.URL.Path, failed.Err)
	}
	return resp, err
}
