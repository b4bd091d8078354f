package granary

import "time"

// StoreID names an identity store, "d-" and ten hexadecimal digits.
type StoreID string

// IdentityCenter is an IAM Identity Center instance: one identity store and the applications and issuers around it.
// The organization's instance belongs to the management account and serves every account; an account instance serves
// its own.
type IdentityCenter struct {
	ID           string // ssoins- and 16 hexadecimal digits
	Account      AccountID
	Organization bool // serves the whole organization
	Region       string
	Name         string `json:",omitempty"`
	Store        StoreID
	ScimTenant   string // the path segment of its SCIM endpoint; not a secret
	ScimDisabled bool   `json:",omitempty"` // provisioning is switched off: its tokens are refused
	Tags         []Tag  `json:",omitempty"`
	Created      time.Time
}

// ARN returns the instance's ARN.
func (i *IdentityCenter) ARN() ARN { return IdentityCenterARN(i.ID) }

// StoreARN returns the ARN of the instance's identity store.
func (i *IdentityCenter) StoreARN() ARN { return IdentityStoreARN(i.Account, i.Store) }
