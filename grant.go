package granary

import "time"

// GrantID is an access grant's UUID.
type GrantID string

// Permission says what a grant allows: READ, WRITE or both.
type Permission uint8

// The permissions; ReadWrite is the union of the other two.
const (
	Read      Permission = 1
	Write     Permission = 2
	ReadWrite            = Read | Write
)

// ParsePermission returns the permission that AWS's word stands for; ok is false when it stands for none.
func ParsePermission(s string) (p Permission, ok bool) {
	switch s {
	case "READ":
		return Read, true
	case "WRITE":
		return Write, true
	case "READWRITE":
		return ReadWrite, true
	}
	return 0, false
}

func (p Permission) String() string { return [...]string{"NONE", "READ", "WRITE", "READWRITE"}[p&3] }

// Covers reports whether a grant of p serves a request for q. A READ and a WRITE grant do not add up.
func (p Permission) Covers(q Permission) bool { return p&q == q }

// GranteeType says what a grantee's identifier names.
type GranteeType uint8

// The grantee types.
const (
	GranteeIAM   GranteeType = 1 // identifier: ARN of an IAM user or role
	GranteeUser  GranteeType = 2 // identifier: UserID
	GranteeGroup GranteeType = 3 // identifier: GroupID
)

// ParseGranteeType returns the grantee type that AWS's word stands for; ok is false when it stands for none.
func ParseGranteeType(s string) (t GranteeType, ok bool) {
	switch s {
	case "IAM":
		return GranteeIAM, true
	case "DIRECTORY_USER":
		return GranteeUser, true
	case "DIRECTORY_GROUP":
		return GranteeGroup, true
	}
	return 0, false
}

func (t GranteeType) String() string {
	return [...]string{"", "IAM", "DIRECTORY_USER", "DIRECTORY_GROUP"}[t&3]
}

// Grantee names the user, group, or IAM principal that a grant is for.
type Grantee struct {
	Type GranteeType
	ID   string
}

// Grant gives a grantee a permission on a scope. Only its tags ever change.
type Grant struct {
	Account     AccountID
	Region      string
	ID          GrantID
	Location    LocationID
	SubPrefix   string `json:",omitempty"` // as given
	Object      bool   `json:",omitempty"` // S3PrefixType=Object: the scope is exactly one key
	Scope       string // location scope and sub-prefix joined: s3://bucket/prefix*
	Grantee     Grantee
	Permission  Permission
	Application ARN   `json:",omitempty"` // usable only through this application
	Tags        []Tag `json:",omitempty"`
	Created     time.Time
}

// ARN returns the grant's ARN.
func (g *Grant) ARN() ARN { return GrantARN(g.Region, g.Account, g.ID) }
