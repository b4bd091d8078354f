package granary

import "time"

// Issuer is a trusted token issuer: an identity provider whose tokens Identity Center accepts, and the rule that
// finds a token's person in the directory.
type Issuer struct {
	ID        string // tti- and a UUID
	Instance  string // ssoins-…
	Account   AccountID
	Name      string
	URL       string // compared byte for byte with the token's iss (OIDC Discovery 1.0 §4.3)
	Claim     string // ClaimAttributePath: the claim that names the person
	Attribute string // IdentityStoreAttributePath: the attribute of a user that the claim must equal
	Tags      []Tag  `json:",omitempty"`
	Created   time.Time
}

// ARN returns the issuer's ARN.
func (i *Issuer) ARN() ARN { return IssuerARN(i.Account, i.Instance, i.ID) }
