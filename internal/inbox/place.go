package inbox

import (
	"net/netip"
	"net/url"
	"strings"

	"leadrelay/internal/config"
	"leadrelay/internal/lead"
)

// Place is the address of a queue or container without a SAS, which an identity opens.
type Place struct {
	URL  string // "https://account.blob.core.windows.net/leads"
	Host string
	Name string // of the queue or container
}

// ParsePlace reads an address without a SAS; service is "queue" or "blob". ok is false when the address has a query and
// so is a SAS URL, or meant to be one. Errors are of kind Address: only https, as a token must not travel in the clear,
// and only one queue or container of Azure Storage or of this machine.
func ParsePlace(address config.Secret, service string) (p Place, ok bool, err error) {
	raw := strings.TrimSpace(address.Reveal())
	if strings.Contains(raw, "?") {
		return Place{}, false, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return Place{}, true, lead.Errorf(lead.Address, "the address is neither a SAS URL nor the https URL of a %s", service)
	}
	host := strings.ToLower(u.Hostname())
	ip, ipErr := netip.ParseAddr(host)
	local := host == "localhost" || ipErr == nil && ip.IsLoopback()
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	want := 1
	if local {
		want = 2 // /account/name
	}
	if service == "queue" && len(segments) == want+1 && segments[want] == "messages" {
		segments = segments[:want]
	}
	switch {
	case u.Scheme != "https":
		return Place{}, true, lead.Errorf(lead.Address, "an address without a SAS must be https")
	case !local && !strings.Contains(host, "."+service+"."):
		return Place{}, true, lead.Errorf(lead.Address, "an address without a SAS must lead to the %s service of a storage account", service)
	case len(segments) != want || segments[want-1] == "":
		return Place{}, true, lead.Errorf(lead.Address, "the path of the address must name one %s, and nothing beneath it", service)
	}
	return Place{URL: "https://" + u.Host + "/" + strings.Join(segments, "/"), Host: u.Host, Name: segments[want-1]}, true, nil
}
