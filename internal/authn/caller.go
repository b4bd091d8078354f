package authn

import (
	"granary"
	"granary/internal/index"
	"granary/internal/policy"
)

// Caller is who signed a request.
type Caller struct {
	Kind    policy.CallerKind
	Account granary.AccountID
	ARN     granary.ARN // root, user or session ARN, as sts:GetCallerIdentity tells it
	ID      string      // account id, AIDA…, or AROA…:session

	AccessKeyID string
	User        *index.IAMUser   // IAM users, and the users behind federated ones
	Role        *index.Role      // role sessions
	Session     *granary.Session // temporary keys
	Person      *granary.User    // whom the session acts for, as the directory has them now; nil when it has not
	Provider    granary.ARN      // web identities
}

// Anonymous is the caller of an unsigned request.
func Anonymous() *Caller { return &Caller{Kind: policy.Anonymous} }

// Principal is the caller as the policy engine sees it.
func (c *Caller) Principal() policy.Caller {
	p := policy.Caller{Kind: c.Kind, Account: c.Account, ARN: c.ARN}
	switch {
	case c.Role != nil:
		p.Role, p.UniqueID = c.Role.ARN, c.Role.ID
	case c.Kind == policy.IAMUser && c.User != nil:
		p.UniqueID = c.User.ID
	case c.Kind == policy.FederatedUser && c.User != nil:
		p.Role, p.UniqueID = c.User.ARN(), c.User.ID
	case c.Kind == policy.WebIdentity:
		p.Federated = c.Provider
	}
	return p
}

// Context is the directory identity the caller acts for, with rights; nil when there is none or it is for the audit log
// only.
func (c *Caller) Context() *granary.IdentityContext {
	if c.Session == nil || c.Session.Context == nil || c.Session.Context.AuditOnly {
		return nil
	}
	return c.Session.Context
}

// OnBehalfOf is the directory identity to be recorded, audit-only contexts included.
func (c *Caller) OnBehalfOf() *granary.IdentityContext {
	if c.Session == nil {
		return nil
	}
	return c.Session.Context
}

// Scope is the ceiling of a vended key; nil for every other caller.
func (c *Caller) Scope() *granary.Scope {
	if c.Session == nil {
		return nil
	}
	return c.Session.Scope
}

// PrincipalARN is aws:PrincipalArn: the role rather than its session.
func (c *Caller) PrincipalARN() granary.ARN {
	if c.Role != nil {
		return c.Role.ARN
	}
	return c.ARN
}

// Tag is aws:PrincipalTag/key: session tags override those of the role or user. Keys compare whatever their case.
func (c *Caller) Tag(key string) (string, bool) {
	if c.Session != nil {
		if v, ok := findTag(c.Session.Tags, key); ok {
			return v, true
		}
	}
	switch {
	case c.Role != nil:
		return findTag(c.Role.Tags, key)
	case c.User != nil:
		return findTag(c.User.Tags, key)
	}
	return "", false
}

// FederatedProvider is aws:FederatedProvider: the OpenID Connect provider that vouched for the caller, "" for others.
func (c *Caller) FederatedProvider() granary.ARN {
	if c.Session != nil {
		return c.Session.Provider
	}
	return c.Provider
}
