package granary

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// AccountID is an AWS account number: twelve digits, always text.
type AccountID string

// Valid reports whether the id is exactly twelve digits.
func (a AccountID) Valid() bool {
	if len(a) != 12 {
		return false
	}
	for _, c := range a {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// NewAccountID returns a random account number that does not begin with zero.
func NewAccountID() AccountID {
	n, _ := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	return AccountID(fmt.Sprintf("%012d", n.Int64()+100_000_000_000))
}

// Account is an AWS account. Each belongs to the one organization of this installation.
type Account struct {
	ID         AccountID
	Name       string
	Email      string
	Management bool   // the organization's management account; exactly one
	Closed     bool   `json:",omitempty"`
	Parent     string `json:",omitempty"` // the organizational unit it is in; "" is the root
	Tags       []Tag  `json:",omitempty"`
	Created    time.Time
}

// AccountAlias is another name of an account. It is unique among all accounts, and an account has at most one.
type AccountAlias struct {
	Account AccountID
	Alias   string
}

// Organization is the organization of an installation. There is exactly one.
type Organization struct {
	ID         string // o-…
	RootID     string // r-…
	Management AccountID
	Created    time.Time

	Services  []ServiceAccess `json:",omitempty"` // by name
	Delegated []Delegation    `json:",omitempty"` // by service and account

	PolicyTypes map[string]bool `json:",omitempty"` // by type of policy: switched on or off; a missing type is on
	RootTags    []Tag           `json:",omitempty"`

	ResourcePolicy   string `json:",omitempty"` // as given: says which members manage the organization's policies
	ResourcePolicyID string `json:",omitempty"` // rp-…

	ResourcePolicyTags []Tag `json:",omitempty"`
}

// ServiceAccess says that a service may work in all accounts of the organization, and since when.
type ServiceAccess struct {
	Service string // a service principal, sso.amazonaws.com
	Enabled time.Time
}

// Delegation lets a member account administer a service for the organization.
type Delegation struct {
	Account AccountID
	Service string // a service principal
	Enabled time.Time
}

// IdentityCenterService is Identity Center's service principal.
const IdentityCenterService = "sso.amazonaws.com"

// Delegate reports whether the account administers the service for the organization.
func (o *Organization) Delegate(a AccountID, service string) bool {
	return slices.ContainsFunc(o.Delegated, func(d Delegation) bool { return d.Account == a && d.Service == service })
}

// ARN returns the organization's ARN.
func (o *Organization) ARN() ARN {
	return ARN("arn:aws:organizations::" + string(o.Management) + ":organization/" + o.ID)
}

// RootARN returns the ARN of the root, which is above all units and accounts.
func (o *Organization) RootARN() ARN {
	return ARN("arn:aws:organizations::" + string(o.Management) + ":root/" + o.ID + "/" + o.RootID)
}

// AccountARN returns an account's ARN within the organization.
func (o *Organization) AccountARN(a AccountID) ARN {
	return ARN("arn:aws:organizations::" + string(o.Management) + ":account/" + o.ID + "/" + string(a))
}

// Tag is a key and a value on a resource. Keys are unique within a resource.
type Tag struct{ Key, Value string }
