package granary

import (
	"strings"
	"time"
)

// OIDCProvider is an IAM OpenID Connect identity provider: an issuer whose workloads may assume roles that trust it
// (IAM guide, "OIDC federation"). It has nothing to do with people's sign-in, which trusted token issuers are for.
type OIDCProvider struct {
	Account     AccountID
	URL         string   // compared byte for byte with the token's iss
	ClientIDs   []string // audiences
	Thumbprints []string `json:",omitempty"` // kept for clients that set them; certificates are verified to their authority instead
	Tags        []Tag    `json:",omitempty"`
	Created     time.Time
}

// Name is the URL without its scheme, as ARNs and condition keys have it.
func (p *OIDCProvider) Name() string { return OIDCProviderName(p.URL) }

// OIDCProviderName is an issuer's URL without its scheme.
func OIDCProviderName(url string) string {
	_, name, _ := strings.Cut(url, "://")
	return name
}

// ARN is the provider's ARN.
func (p *OIDCProvider) ARN() ARN { return OIDCProviderARN(p.Account, p.Name()) }

// OIDCProviderARN is an OIDC provider of an account; name is its URL without the scheme.
func OIDCProviderARN(a AccountID, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":oidc-provider/" + name)
}
