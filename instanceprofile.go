package granary

import "time"

// InstanceProfile is an IAM instance profile: the name by which a machine gets a role. Granary has no machines. It
// keeps profiles for clients that describe machines beside roles.
type InstanceProfile struct {
	Account AccountID
	Name    string // unique in the account whatever its letter case
	Path    string // begins and ends with "/"
	ID      string // AIPA…
	Role    string `json:",omitempty"` // name of the one role in it
	Tags    []Tag  `json:",omitempty"`
	Created time.Time
}

// ARN returns the profile's ARN, with its path.
func (p *InstanceProfile) ARN() ARN { return InstanceProfileARN(p.Account, p.Path, p.Name) }
