package granary

import "time"

// Session is what a temporary key stands for. It is sealed into the session token and stored nowhere.
type Session struct {
	AccessKeyID string // ASIA…
	Issued      time.Time
	Expires     time.Time
	Account     AccountID
	RoleID      string // AROA…; a role with this id must exist. "" in a session of a user
	RoleARN     ARN
	Name        string // role session name, or the federated user's name

	User      string // in a session without a role: the IAM user's name; "" is the root user
	UserID    string // AIDA…; a user with this name and id must exist
	Federated bool   // made by GetFederationToken: allows what both the session policies and the user's policies allow
	Provider  ARN    // the OpenID Connect provider whose token began the session; "": none

	SourceIdentity string
	Tags           []Tag
	TransitiveTags []string // keys of the tags that a chained session inherits
	Policies       []string // session policy documents, inline first
	PolicyARNs     []ARN    // managed session policies
	Chained        bool     // made by a session of another role

	Context *IdentityContext // the person that the session acts for; nil: none
	Scope   *Scope           // the ceiling of a key vended by GetDataAccess; nil: not vended
}

// IdentityContext is the content of an Identity Center context assertion: the person that a session acts for.
type IdentityContext struct {
	User         UserID
	Store        StoreID
	StoreARN     ARN
	Instance     ARN // Identity Center instance
	Application  ARN // the application the context was obtained through
	CredentialID string
	Scopes       []string // granted with the context, e.g. "s3:access_grants:read_write"
	AuditOnly    bool     // from sts:audit_context: it is recorded and gives no rights
	Expires      time.Time
}

// Scope is what a vended key opens, and the grant that it was vended for.
type Scope struct {
	Bucket     string
	Prefix     string // the key, or the prefix when Exact is false
	Exact      bool   // the scope is exactly one key, which allows no listing
	Permission Permission

	GrantAccount AccountID // owner of the Access Grants instance
	Region       string
	Grant        GrantID
	GrantScope   string
	GrantObject  bool // the grant is for exactly one key
	Grantee      Grantee
}

// Vended reports whether GetDataAccess made the session.
func (s *Session) Vended() bool { return s.Scope != nil }

// Instance returns the ARN of the Access Grants instance that vended the key.
func (s *Scope) Instance() ARN { return GrantsInstanceARN(s.Region, s.GrantAccount) }
