package authn

import (
	"granary/internal/policy"
	"granary/internal/sigv4"
)

// Again says who a caller that was authenticated a while ago is now: the same one, with the user or role as they are
// now. It fails when the key, the user, the account or what keeps a session alive is gone, when the session has
// expired, and when this node is not sure of what it knows.
func (a *Authenticator) Again(c *Caller) (*Caller, error) {
	if err := a.Index.Fresh(); err != nil {
		return nil, err
	}
	switch {
	case c.Session != nil: // asked below
	case c.Kind == policy.Anonymous || c.Kind == policy.WebIdentity:
		return c, nil
	case c.Kind == policy.NoKind:
		return nil, sigv4.NewError(sigv4.UnknownKey, "The security token included in the request is invalid.")
	}
	if a.Index.Org.Closed(c.Account) {
		return nil, closed(c.Account)
	}
	if c.Session == nil {
		now, _, err := a.resolveKey(c.AccessKeyID)
		if err == nil && now.ID != c.ID {
			err = sigv4.NewError(sigv4.UnknownKey, "The security token included in the request is invalid.")
		}
		return now, err
	}
	if !a.Now().Before(c.Session.Expires) {
		return nil, sigv4.NewError(sigv4.ExpiredToken, "The provided token has expired.")
	}
	return a.Alive(c.Session)
}
