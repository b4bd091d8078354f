package granary

import "time"

// Role is an IAM role. A role that is deleted and made again under its name has a new ID, and sessions of the old one are dead.
type Role struct {
	Account     AccountID
	Name        string            // unique in the account whatever its letter case
	Path        string            // begins and ends with "/"
	ID          string            // AROA…
	Description string            `json:",omitempty"`
	Trust       string            // trust policy document as given
	Bound       map[ARN]string    `json:",omitempty"` // unique ids of the users and roles that Trust names, from when it was written
	MaxSession  int               // seconds, 3600 to 43200
	Inline      map[string]string `json:",omitempty"` // inline policies, name → document as given
	Attached    []ARN             `json:",omitempty"` // managed policies
	Boundary    ARN               `json:",omitempty"`
	Tags        []Tag             `json:",omitempty"`
	Created     time.Time
}

// ARN is the role's ARN, path included.
func (r *Role) ARN() ARN { return RoleARN(r.Account, r.Path, r.Name) }
