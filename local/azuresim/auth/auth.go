// Package auth decides, as Azure does, whether a request's proof allows what it asks for.
package auth

import (
	"strings"

	"leadrelay/local/azuresim/wire"
)

// Account is a storage account.
type Account struct {
	Name string
	Key  []byte
}

// Options say how strict to be.
type Options struct {
	VerifySharedKey bool                                                          // else an Authorization of the account is believed
	Policy          func(s wire.Service, resource, id string) (p Policy, ok bool) // stored access policies; nil: there are none
}

// Check gives what the request's proof allows, or Azure's refusal (facts/azure-storage.md §1b, §1c). A SAS is always
// verified: signature, version, time, protocol, address, kind and permissions, in this order.
func Check(r *wire.Request, a Account, o Options) (wire.Grant, *wire.Error) {
	proof := r.Header.Get("Authorization")
	switch scheme, rest, _ := strings.Cut(proof, " "); {
	case strings.EqualFold(scheme, "SharedKey"), strings.EqualFold(scheme, "SharedKeyLite"):
		return sharedKey(r, a, o, scheme, strings.TrimSpace(rest))
	case strings.EqualFold(scheme, "Bearer"):
		if !r.TLS {
			return wire.Grant{}, Failed("Authentication scheme Bearer is not supported in this protocol.")
		}
		return wire.Grant{Owner: true}, nil
	case proof != "":
		return wire.Grant{}, wire.Errorf(400, "InvalidAuthenticationInfo", "Authentication information is not given in the correct format. Check the value of Authorization header.")
	case r.Query.Has("sig"):
		return signature(r, a, o)
	}
	e := wire.Errorf(401, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
	e.Fields = append(e.Fields, wire.Field{Name: "Www-Authenticate", Value: "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize resource_id=https://storage.azure.com"})
	return wire.Grant{}, e
}

// Failed is 403 AuthenticationFailed with what Azure says in AuthenticationErrorDetail.
func Failed(detail string) *wire.Error {
	return wire.Errorf(403, "AuthenticationFailed",
		"Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
		wire.Pair{Name: "AuthenticationErrorDetail", Value: detail})
}

// Mismatch is a 403 of a proof that is good, and not good for this: what is "Permission", "Protocol", "SourceIP",
// "Service" or "ResourceType".
func Mismatch(what string) *wire.Error {
	text := map[string]string{
		"Permission":   "This request is not authorized to perform this operation using this permission.",
		"Protocol":     "This request is not authorized to perform this operation using this protocol.",
		"SourceIP":     "This request is not authorized to perform this operation using this source IP.",
		"Service":      "This request is not authorized to perform this operation using this service.",
		"ResourceType": "This request is not authorized to perform this operation using this resource type.",
	}[what]
	return wire.Errorf(403, "Authorization"+what+"Mismatch", text)
}
