// Package authn authenticates callers: it turns a parsed signature into a Caller, and makes the temporary keys that
// let callers say so later. It decides nothing about what they may do.
//
//	sigv4.Parse ─▶ Authenticate ─▶ index: access key ─┐
//	                             └▶ seal: session ────┴▶ Verify ─▶ live? ─▶ Caller
package authn

import (
	"strings"
	"time"

	"granary"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/seal"
	"granary/internal/sigv4"
)

// Authenticator verifies signatures against the keys in the index and the sessions sealed under its ring.
type Authenticator struct {
	Index *index.Index
	Keys  *sigv4.KeyCache
	Now   func() time.Time
	Uses  *Uses // told of every request; may be nil
	// KeepVended keeps vended keys and identity-bearing sessions alive until they expire, as AWS does
	// (revocation: aws). False lets them die with their grant, membership, person or role.
	KeepVended bool
}

// dummySecret stands in for the secret of an unknown key, so that timing does not tell known from unknown.
const dummySecret = "0000000000000000000000000000000000000000"

// Claim is what a signature says of its sender, before it is proved.
type Claim struct {
	caller *Caller
	secret string
	err    error
}

// Err refuses a signature whose access key cannot be anybody's, so that nothing need be spent on the request's body.
func (c *Claim) Err() error { return c.err }

// Claim finds whose access key a signature names. It proves nothing.
func (a *Authenticator) Claim(auth *sigv4.Auth) *Claim {
	c := &Claim{}
	if c.caller, c.secret, c.err = a.resolve(auth); c.err != nil {
		c.caller, c.secret = nil, dummySecret
	}
	return c
}

// Authenticate verifies a signature and says who made it. bodyHash is the hexadecimal SHA-256 of the body where the
// payload mode needs it. The second result is the derived signing key, for signed chunks.
// It fails with *sigv4.Error for bad credentials, and with *granary.Error and whose it was when the session is no
// longer alive.
func (a *Authenticator) Authenticate(auth *sigv4.Auth, bodyHash string) (*Caller, []byte, error) {
	if auth.Mode == sigv4.Anonymous {
		return Anonymous(), nil, nil
	}
	return a.Prove(auth, a.Claim(auth), bodyHash)
}

// Prove is Authenticate for a signature whose claim is known already.
func (a *Authenticator) Prove(auth *sigv4.Auth, claim *Claim, bodyHash string) (*Caller, []byte, error) {
	c, err := claim.caller, claim.err
	key := a.Keys.SigningKey(auth, claim.secret)
	if verr := auth.Verify(key, bodyHash); err == nil && verr != nil {
		err = verr
	}
	if err != nil {
		return nil, nil, err
	}
	a.Keys.Keep(auth, claim.secret, key)
	now := a.Now()
	if err := auth.CheckTime(now); err != nil {
		return nil, nil, err
	}
	// The claim may be from before a body that took its time.
	if now, err := a.Again(c); err == nil {
		c = now
	} else if granary.Is(err, granary.Denied) {
		return c, nil, err // it is recorded whose it was
	} else {
		return nil, nil, err
	}
	a.used(c, auth, now)
	return c, key, nil
}

// used notes the use of a key, or of the role behind a session.
func (a *Authenticator) used(c *Caller, auth *sigv4.Auth, now time.Time) {
	switch {
	case a.Uses == nil:
	case c.Session == nil:
		a.Uses.Saw(c.AccessKeyID, auth.Service, auth.Region, now)
	case c.Session.RoleID != "":
		a.Uses.Saw(c.Session.RoleID, auth.Service, auth.Region, now)
	}
}

// resolve finds the secret and the identity behind an access key id.
func (a *Authenticator) resolve(auth *sigv4.Auth) (*Caller, string, error) {
	if auth.Token != "" {
		return a.resolveSession(auth)
	}
	return a.resolveKey(auth.AccessKeyID)
}

// resolveKey finds a long-term key and whose it is.
func (a *Authenticator) resolveKey(id string) (*Caller, string, error) {
	k, ok := a.Index.IAM.AccessKey(id)
	if !ok || !k.Active {
		return nil, "", sigv4.NewError(sigv4.UnknownKey, "The security token included in the request is invalid.")
	}
	c := &Caller{Account: k.Account, AccessKeyID: k.ID}
	if k.User == "" {
		c.Kind, c.ARN, c.ID = policy.Root, granary.RootARN(k.Account), string(k.Account)
		return c, k.Secret, nil
	}
	u, ok := a.Index.IAM.User(k.Account, k.User)
	if !ok {
		return nil, "", sigv4.NewError(sigv4.UnknownKey, "The security token included in the request is invalid.")
	}
	c.Kind, c.User, c.ARN, c.ID = policy.IAMUser, u, u.ARN(), u.ID
	return c, k.Secret, nil
}

// resolveSession opens the session sealed in the token and finds its role.
func (a *Authenticator) resolveSession(auth *sigv4.Auth) (*Caller, string, error) {
	bad := sigv4.NewError(sigv4.InvalidToken, "The provided token is malformed or otherwise invalid.")
	if !strings.HasPrefix(auth.AccessKeyID, "ASIA") {
		return nil, "", bad
	}
	s, secret, err := seal.OpenSession(a.Index.Keys.Ring(), auth.Token, auth.AccessKeyID)
	if err != nil {
		return nil, "", bad
	}
	return a.caller(s), secret, nil
}

// caller is who holds a session's key now.
func (a *Authenticator) caller(s *granary.Session) *Caller {
	c := &Caller{Account: s.Account, AccessKeyID: s.AccessKeyID, Session: s}
	if id := s.Context; id != nil {
		c.Person, _ = a.Index.Directory.User(id.Store, id.User)
	}
	if s.RoleID == "" {
		a.resolveUserSession(c)
		return c
	}
	c.Kind, c.ID = policy.RoleSession, s.RoleID+":"+s.Name
	if r, ok := a.Index.IAM.RoleByID(s.RoleID); ok {
		c.Role = r
		c.ARN = granary.SessionARN(s.Account, r.Name, s.Name)
	}
	return c
}

// Alive says who holds a session's key now, and why the session is dead if it is; expiry is not asked.
func (a *Authenticator) Alive(s *granary.Session) (*Caller, error) {
	c := a.caller(s)
	return c, a.alive(c)
}

// resolveUserSession says whose session it is: a user's own (GetSessionToken), or a federated user's that the user
// vouches for.
func (a *Authenticator) resolveUserSession(c *Caller) {
	s := c.Session
	if u, ok := a.Index.IAM.User(s.Account, s.User); ok && u.ID == s.UserID {
		c.User = u
	}
	switch {
	case s.Federated:
		c.Kind, c.ARN, c.ID = policy.FederatedUser, granary.FederatedUserARN(s.Account, s.Name), string(s.Account)+":"+s.Name
	case s.User == "":
		c.Kind, c.ARN, c.ID = policy.Root, granary.RootARN(s.Account), string(s.Account)
	case c.User != nil:
		c.Kind, c.ARN, c.ID = policy.IAMUser, c.User.ARN(), s.UserID
	}
}
