package granary

import "time"

// IAMGroup is an IAM group: policies that IAM users have by being in it. It is never a principal. Not to be confused with Group,
// a group of people in the directory.
type IAMGroup struct {
	Account  AccountID
	Name     string            // unique in the account whatever its letter case
	Path     string            // begins and ends with "/"
	ID       string            // AGPA…
	Inline   map[string]string `json:",omitempty"` // inline policies, name → document as given
	Attached []ARN             `json:",omitempty"` // managed policies
	Created  time.Time
}

// ARN is the group's ARN, path included.
func (g *IAMGroup) ARN() ARN { return IAMGroupARN(g.Account, g.Path, g.Name) }
