package granary

import "time"

// Role is an IAM role. A role that is deleted and made again has a new ID, and the sessions of the old one stay dead.
type Role struct {
	Account     AccountID
	Name        string // unique in the account whatever its letter case
	Path        string // begins and ends with "/"
	ID          string // AROA…
	Description string `json:",omitempty"`
	Trust       string // trust policy document as given
	// Bound maps the users and roles that Trust names to their unique ids at the time when it was written.
	Bound      map[ARN]string    `json:",omitempty"`
	MaxSession int               // seconds, 3600 to 43200
	Inline     map[string]string `json:",omitempty"` // inline policies, name → document as given
	Attached   []ARN             `json:",omitempty"` // managed policies
	Boundary   ARN               `json:",omitempty"`
	Tags       []Tag             `json:",omitempty"`
	Created    time.Time
}

// ARN returns the role's ARN, with its path.
func (r *Role) ARN() ARN { return RoleARN(r.Account, r.Path, r.Name) }
