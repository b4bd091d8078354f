package granary

import "time"

// IAMUser is an IAM user: a name in an account that has long-term keys. User is something else, a person in the
// directory.
type IAMUser struct {
	Account  AccountID
	Name     string            // unique in the account whatever its letter case
	Path     string            // begins and ends with "/"
	ID       string            // AIDA…
	Inline   map[string]string `json:",omitempty"` // inline policies, name → document as given
	Attached []ARN             `json:",omitempty"` // managed policies
	Groups   []string          `json:",omitempty"` // ids of the IAM groups it is in
	Boundary ARN               `json:",omitempty"` // permissions boundary; "": none
	Tags     []Tag             `json:",omitempty"`
	Created  time.Time
}

// ARN is the user's ARN.
func (u *IAMUser) ARN() ARN { return IAMUserARN(u.Account, u.Path, u.Name) }
