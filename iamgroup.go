package granary

import "time"

// IAMGroup is an IAM group: its policies apply to the IAM users in it. It is never a principal. Group is something
// else, a group of people in the directory.
type IAMGroup struct {
	Account  AccountID
	Name     string            // unique in the account whatever its letter case
	Path     string            // begins and ends with "/"
	ID       string            // AGPA…
	Inline   map[string]string `json:",omitempty"` // inline policies, name → document as given
	Attached []ARN             `json:",omitempty"` // managed policies
	Created  time.Time
}

// ARN returns the group's ARN, with its path.
func (g *IAMGroup) ARN() ARN { return IAMGroupARN(g.Account, g.Path, g.Name) }
