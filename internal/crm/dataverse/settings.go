package dataverse

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"leadrelay/internal/azure"
	"leadrelay/internal/config"
	"leadrelay/internal/crm"
	"leadrelay/internal/mapping"
)

var _ crm.Open = Open

// Open reads the settings of one organisation, CRM_<NAME>_…:
//
//	URL            the environment: https://org.crm.dynamics.com, or with the path of another version of the Web API
//	KEY            the alternate key's column, or primary; default: as the map says
//	MAPPING        the map's file; default: the one that is built in
//	TENANT, CLIENT_ID, CLIENT_SECRET   an app registration. Without CLIENT_SECRET the app's managed identity is used,
//	               the one that CLIENT_ID names when it is set
//	AUTHORITY      of other clouds than the public one: https://login.microsoftonline.us/
//	TOKEN          a fixed token, for the simulator on this machine only
//	CONCURRENCY    calls at once, 1 to 8, default 4; the service may ask for fewer
//	DUPLICATES     allow (default) or reject: whether the organisation's duplicate rules may refuse leads
func Open(s *config.Settings, o crm.Options) crm.CRM {
	c := Config{Client: o.Client, Now: o.Now}
	address, local, err := parseURL(s.Required("URL"))
	if err != nil && s.String("URL", "") != "" {
		s.Complain("URL", "%v", err)
	}
	if local { // the guarded client calls no address of this machine
		c.Client = azure.NewClient()
	}
	c.URL = address
	c.Mapping = readMapping(s)
	c.Concurrency = s.Int("CONCURRENCY", defaultConcurrency, 1, maxConcurrency)
	c.Duplicates = s.OneOf("DUPLICATES", "allow", "reject") == "reject"
	c.Credential = openCredential(s, local, azure.NewClient())
	return New(c)
}

// parseURL gives the Web API's address, and whether it is on this machine, where http is allowed.
func parseURL(text string) (address string, local bool, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false, errors.New("must be the environment's address, such as https://org.crm.dynamics.com")
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	local = u.Hostname() == "localhost" || ip.IsLoopback()
	switch path := strings.Trim(u.Path, "/"); {
	case u.Scheme != "https" && !(u.Scheme == "http" && local):
		return "", local, errors.New("must begin with https://")
	case path == "":
		u.Path = "/api/data/v9.2/"
	case strings.HasPrefix(path, "api/data/v"):
		u.Path = "/" + path + "/"
	default:
		return "", local, errors.New("has a path that is not that of the Web API (/api/data/v9.2)")
	}
	return u.String(), local, nil
}

func readMapping(s *config.Settings) *mapping.Mapping {
	m, err := mapping.Load("dataverse", s.String("MAPPING", ""))
	if err != nil {
		s.Complain("MAPPING", "%v", err)
		return nil
	}
	for _, col := range m.Columns() {
		if _, known := beside(col.Object); !known && col.Object != "lead" {
			s.Complain("MAPPING", "writes to %q; dataverse knows lead, note and task", col.Object)
			break
		}
	}
	if key := s.String("KEY", ""); key != "" {
		keyed, err := m.WithKey(key)
		if err != nil {
			s.Complain("KEY", "must be a column's name, or primary")
			return m
		}
		return keyed
	}
	return m
}

// openCredential makes the credential that the settings name; nothing is called.
func openCredential(s *config.Settings, local bool, client *http.Client) azcore.TokenCredential {
	tenant, id, secret := s.String("TENANT", ""), s.String("CLIENT_ID", ""), s.Secret("CLIENT_SECRET")
	authority, token := s.String("AUTHORITY", ""), s.Secret("TOKEN")
	switch {
	case token != "" && !local:
		s.Complain("TOKEN", "is for the simulator on this machine only")
		return nil
	case token != "":
		return fixed(token.Reveal())
	case secret != "" && (tenant == "" || id == ""):
		s.Complain("CLIENT_SECRET", "needs %s and %s", s.Key("TENANT"), s.Key("CLIENT_ID"))
		return nil
	case authority != "" && !strings.HasPrefix(authority, "https://"):
		s.Complain("AUTHORITY", "must begin with https://")
		return nil
	}
	cred, err := newCredential(tenant, id, secret, authority, client)
	if err != nil {
		s.Complain("CLIENT_ID", "%v", err)
	}
	return cred
}

func newCredential(tenant, id string, secret config.Secret, authority string, client *http.Client) (azcore.TokenCredential, error) {
	o := azure.ClientOptions(client)
	if authority != "" {
		o.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: authority}
	}
	if secret != "" {
		cred, err := azidentity.NewClientSecretCredential(tenant, id, secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: authority != ""})
		if err != nil {
			return nil, errors.New("tenant and client id do not make a credential")
		}
		return cred, nil
	}
	mi := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
	if id != "" {
		mi.ID = azidentity.ClientID(id)
	}
	cred, err := azidentity.NewManagedIdentityCredential(mi)
	if err != nil {
		return nil, errors.New("the managed identity does not make a credential")
	}
	return cred, nil
}
