package granary

import "time"

// InstanceProfile is an IAM instance profile: the name under which machines are given a role. Granary has no machines; it keeps
// profiles for those who describe their machines beside their roles.
type InstanceProfile struct {
	Account AccountID
	Name    string // unique in the account whatever its letter case
	Path    string // begins and ends with "/"
	ID      string // AIPA…
	Role    string `json:",omitempty"` // name of the one role in it
	Tags    []Tag  `json:",omitempty"`
	Created time.Time
}

// ARN is the profile's ARN, path included.
func (p *InstanceProfile) ARN() ARN { return InstanceProfileARN(p.Account, p.Path, p.Name) }
