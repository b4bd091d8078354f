package granary

import "time"

// Issuer is a trusted token issuer: a corporate IdP whose JWTs Identity Center accepts, and how their subject is found in the directory.
type Issuer struct {
	ID        string // tti- and a UUID
	Instance  string // ssoins-…
	Account   AccountID
	Name      string
	URL       string // compared byte for byte with the token's iss (OIDC Discovery 1.0 §4.3)
	Claim     string // ClaimAttributePath
	Attribute string // IdentityStoreAttributePath
	Tags      []Tag  `json:",omitempty"`
	Created   time.Time
}

// ARN is the issuer's ARN.
func (i *Issuer) ARN() ARN { return IssuerARN(i.Account, i.Instance, i.ID) }
