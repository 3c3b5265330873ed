package dataverse

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"leadrelay/internal/config"
)

// NewCredential is newCredential for tests that drive azidentity.
func NewCredential(tenant, id, secret, authority string, client *http.Client) (azcore.TokenCredential, error) {
	return newCredential(tenant, id, config.Secret(secret), authority, client)
}
