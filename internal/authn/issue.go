package authn

import (
	"time"

	"granary"
	"granary/internal/seal"
)

// Credentials are a temporary key as it is handed out.
type Credentials struct {
	AccessKeyID, Secret, Token string
	Expires                    time.Time
}

// Issue makes a temporary key for a session, sealing the session into its token. Nothing is stored.
// It sets the session's AccessKeyID, Issued and Expires (whole seconds).
func (a *Authenticator) Issue(s *granary.Session, lifetime time.Duration) Credentials {
	now := a.Now().UTC().Truncate(time.Second)
	s.AccessKeyID = granary.NewAccessKeyID("ASIA", s.Account)
	s.Issued, s.Expires = now, now.Add(lifetime)
	token, secret := seal.SealSession(a.Index.Keys.Ring(), s)
	return Credentials{s.AccessKeyID, secret, token, s.Expires}
}
