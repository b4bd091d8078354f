package granary

import "time"

// Session is what a temporary key stands for. It is sealed into the session token, never stored.
type Session struct {
	AccessKeyID string // ASIA…
	Issued      time.Time
	Expires     time.Time
	Account     AccountID
	RoleID      string // AROA…; the role must still exist under this id. "" is a session of a user's own
	RoleARN     ARN
	Name        string // role session name, or the federated user's name

	User      string // without a role: the IAM user, "" for the root user
	UserID    string // AIDA…; the user must still have it
	Federated bool   // made by GetFederationToken: only what session policies and the user's own both allow
	Provider  ARN    // the OpenID Connect provider whose token began the session, or ""

	SourceIdentity string
	Tags           []Tag
	TransitiveTags []string // keys of Tags that chaining passes on
	Policies       []string // session policy documents, inline first
	PolicyARNs     []ARN    // managed session policies
	Chained        bool     // made by another role session

	Context *IdentityContext // set for identity-enhanced sessions and for keys vended to them
	Scope   *Scope           // set for keys vended by GetDataAccess: a hard ceiling
}

// IdentityContext is the directory user a session acts for, from Identity Center's context assertion.
type IdentityContext struct {
	User         UserID
	Store        StoreID
	StoreARN     ARN
	Instance     ARN // Identity Center instance
	Application  ARN // the application the context was obtained through
	CredentialID string
	Scopes       []string // granted with the context, e.g. "s3:access_grants:read_write"
	AuditOnly    bool     // from sts:audit_context: logged, no rights
	Expires      time.Time
}

// Scope is what a vended key opens, and the grant it came from.
type Scope struct {
	Bucket     string
	Prefix     string // the key, or the prefix when Exact is false
	Exact      bool   // exactly one key; no listing
	Permission Permission

	GrantAccount AccountID // owner of the Access Grants instance
	Region       string
	Grant        GrantID
	GrantScope   string
	GrantObject  bool // the grant is for exactly one key
	Grantee      Grantee
}

// Vended reports whether the session's key came from GetDataAccess.
func (s *Session) Vended() bool { return s.Scope != nil }

// Instance is the ARN of the Access Grants instance that vended the key.
func (s *Scope) Instance() ARN { return GrantsInstanceARN(s.Region, s.GrantAccount) }
