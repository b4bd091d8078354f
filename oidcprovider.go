package granary

import (
	"strings"
	"time"
)

// OIDCProvider is an IAM OpenID Connect identity provider: an issuer whose workloads may assume roles that trust it
// (IAM guide, "OIDC federation"). People do not sign in with it; Issuer is for people.
type OIDCProvider struct {
	Account   AccountID
	URL       string   // compared byte for byte with the token's iss
	ClientIDs []string // audiences
	// Thumbprints are kept for clients that set them. They are not used: certificates are verified to their authority.
	Thumbprints []string `json:",omitempty"`
	Tags        []Tag    `json:",omitempty"`
	Created     time.Time
}

// Name returns the URL without its scheme, as ARNs and condition keys have it.
func (p *OIDCProvider) Name() string { return OIDCProviderName(p.URL) }

// OIDCProviderName returns an issuer's URL without its scheme.
func OIDCProviderName(url string) string {
	_, name, _ := strings.Cut(url, "://")
	return name
}

// ARN returns the provider's ARN.
func (p *OIDCProvider) ARN() ARN { return OIDCProviderARN(p.Account, p.Name()) }

// OIDCProviderARN returns the ARN of an OIDC provider of an account; name is its URL without the scheme.
func OIDCProviderARN(a AccountID, name string) ARN {
	return ARN("arn:aws:iam::" + string(a) + ":oidc-provider/" + name)
}
