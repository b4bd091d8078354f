package authn

import (
	"granary"
	"granary/internal/cause"
	"granary/internal/policy"
)

// alive refuses sessions whose reason to exist is gone: the role, the IAM user, the person, the grant, or the person's
// being in the group that the grant was for. The sentence says which, since the holder proved to be the one it was
// given to.
func (a *Authenticator) alive(c *Caller) error {
	s := c.Session
	if s.RoleID == "" {
		if s.User != "" && c.User == nil || c.Kind == policy.NoKind {
			return dead("the IAM user %s was deleted or renamed after this session began", s.User).At(cause.SessionIAMUser,
				"user", s.User)
		}
		return nil
	}
	if c.Role == nil {
		return dead("the role %s was deleted after this session began", s.RoleARN).At(cause.SessionRole, "role",
			string(s.RoleARN))
	}
	if a.KeepVended {
		return nil
	}
	if id := s.Context; id != nil {
		if c.Person == nil {
			return dead("the directory user %s this session acts for was deleted", id.User).At(cause.SessionPersonDeleted,
				"user", string(id.User), "store", string(id.Store))
		}
		if c.Person.Disabled {
			return dead("the directory user %s this session acts for was deactivated", id.User).At(cause.SessionPersonDisabled,
				"user", string(id.User), "store", string(id.Store))
		}
	}
	if s.Scope != nil {
		return a.grantAlive(s)
	}
	return nil
}

func (a *Authenticator) grantAlive(s *granary.Session) error {
	g := s.Scope
	i, ok := a.Index.Grants.Instance(g.GrantAccount, g.Region)
	if !ok || !i.Grants.Has(g.GrantScope, g.GrantObject, g.Grantee, g.Grant) {
		return dead("the access grant %s it was vended by was deleted", g.Grant).At(cause.SessionGrant, "grant",
			string(g.Grant))
	}
	if g.Grantee.Type == granary.GranteeIAM {
		return nil
	}
	if s.Context == nil || i.IdentityCenter != s.Context.Instance {
		return dead("the Access Grants instance is no longer associated with the directory that the access grant %s is for",
			g.Grant).At(cause.SessionAssociation, "grant", string(g.Grant))
	}
	if g.Grantee.Type == granary.GranteeUser {
		return nil
	}
	if !a.Index.Directory.Member(s.Context.Store, s.Context.User, granary.GroupID(g.Grantee.ID)) {
		return dead("the directory user is no longer in group %s, which the access grant %s is for", g.Grantee.ID,
			g.Grant).At(cause.SessionMembership, "group", g.Grantee.ID, "grant", string(g.Grant))
	}
	return nil
}

func dead(format string, args ...any) *granary.Error {
	return granary.Errorf(granary.Denied, "Access Denied: this key no longer opens anything, because "+format+".", args...)
}

func closed(account granary.AccountID) error {
	return dead("the account %s was closed", account).At(cause.SessionAccountClosed, "account", string(account))
}
