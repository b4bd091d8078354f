package granary

import "time"

// AdministratorAccess is AWS's managed policy that allows everything.
const AdministratorAccess ARN = "arn:aws:iam::aws:policy/AdministratorAccess"

// ManagedPolicy is a customer-managed IAM policy. AWS's own are built in and not stored.
type ManagedPolicy struct {
	Account        AccountID
	Name           string // unique in the account whatever its letter case
	Path           string
	ID             string // ANPA…
	Description    string `json:",omitempty"`
	Versions       []PolicyVersion
	DefaultVersion string // "v1"
	NextVersion    int
	Tags           []Tag `json:",omitempty"`
	Created        time.Time
	Updated        time.Time
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID       string // "v1"
	Document string // as given
	Created  time.Time
}

// ARN returns the policy's ARN, with its path.
func (p *ManagedPolicy) ARN() ARN { return PolicyARN(p.Account, p.Path, p.Name) }

// Default returns the document of the default version.
func (p *ManagedPolicy) Default() string {
	for _, v := range p.Versions {
		if v.ID == p.DefaultVersion {
			return v.Document
		}
	}
	return ""
}
