package azure

import (
	"encoding/base64"
	"strings"

	"leadrelay/internal/lead"
)

// connection is a connection string, taken apart.
type connection struct {
	account string
	key     []byte // empty where a SAS is the proof
	part    map[string]string
}

// parseConnection reads a connection string. Its names may be in any case.
func parseConnection(text string) (connection, error) {
	if strings.EqualFold(strings.TrimRight(text, "; "), "UseDevelopmentStorage=true") {
		text = development
	}
	c := connection{part: map[string]string{}}
	for pair := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		c.part[strings.ToLower(name)] = value
	}
	c.account = c.part["accountname"]
	key, err := base64.StdEncoding.DecodeString(c.part["accountkey"])
	if err != nil {
		return connection{}, lead.Errorf(lead.Internal, "the AccountKey of the connection string is not base64")
	}
	c.key = key
	return c, nil
}

// endpoint is where a service lives, without a slash at the end: an explicit endpoint (Azurite's, which are path-style), or
// the host-style one of DefaultEndpointsProtocol and EndpointSuffix.
func (c connection) endpoint(service string) string {
	if explicit := c.part[service+"endpoint"]; explicit != "" {
		return strings.TrimRight(explicit, "/")
	}
	protocol, suffix := c.part["defaultendpointsprotocol"], c.part["endpointsuffix"]
	if protocol == "" {
		protocol = "https"
	}
	if suffix == "" {
		suffix = "core.windows.net"
	}
	return protocol + "://" + c.account + "." + service + "." + suffix
}
