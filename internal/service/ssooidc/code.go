package ssooidc

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/cause"
	"granary/internal/seal"
	"granary/internal/store"
)

// code redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6): once, for the application it was made for, with
// the same redirect URI, by who knows the verifier. The person is admitted anew.
func (s *service) code(e *exchange) (*api.CreateTokenWithIAMOutput, error) {
	switch {
	case e.app.Grants.RedirectURIs == nil:
		return nil, notConfigured(grantCode)
	case e.in.Code == "":
		return nil, missing("code")
	case e.in.RedirectUri == "":
		return nil, missing("redirectUri")
	}
	code, err := seal.OpenCode(s.Index.Keys.Ring(), e.in.Code)
	if err != nil || code.Application != e.app.ARN {
		return nil, invalidGrant("The authorization code is none that was issued to this application.").
			At(cause.TokenInvalidCode)
	}
	sum := sha256.Sum256([]byte(e.in.CodeVerifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case !e.call.Now.Before(code.Expires):
		return nil, invalidGrant("The authorization code has expired: sign the person in again.").At(cause.TokenExpired)
	case code.RedirectURI != e.in.RedirectUri:
		return nil, invalidGrant("The redirectUri is not the one that the sign-in began with.").At(cause.TokenInvalidCode)
	case e.in.CodeVerifier == "":
		return nil, missing("codeVerifier")
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(code.Challenge)) != 1:
		return nil, invalidGrant("The codeVerifier does not belong to the code_challenge that the sign-in began with.").
			At(cause.TokenInvalidCode)
	}
	user, ok := s.Index.Directory.User(code.Store, code.User)
	if !ok || code.Store != e.center.Store {
		return nil, invalidGrant("The user %s was deleted from the directory.", code.User).At(cause.UserDeleted, "user",
			string(code.User), "store", string(code.Store))
	}
	if err := s.admit(e, user); err != nil {
		return nil, err
	}
	if len(e.in.Scope) == 0 {
		e.in.Scope = code.Scopes
	}
	scopes, err := e.scopes()
	if err != nil {
		return nil, err
	}
	session := s.begin(e, user, scopes)
	session.ID = code.Session
	if session, err = s.spend(e, code, session); err != nil {
		return nil, err
	}
	e.record(session, "", scopes)
	return s.issue(e, session, scopes, session.refreshToken())
}

// spend records that the code was redeemed, durably and before anything is issued for it. A second use ends the session
// that the first began (RFC 6749 §4.1.2), unless it is the first request sent again.
func (s *service) spend(e *exchange, code *granary.AuthorizationCode, session *session) (*session, error) {
	var again bool
	began := session
	err := s.DB.Update(e.call, func(tx *store.Tx) error {
		before, err := e.useOnce(tx, "code\x00"+code.ID, code.Expires, session)
		switch {
		case granary.Is(err, granary.Exists):
			again = true
			return tx.TokenSessions.Delete(code.Session)
		case before != nil:
			began = before
			return nil
		case err != nil:
			return err
		}
		return s.keep(e, tx, session)
	})
	if err == nil && again {
		return nil, invalidGrant("The authorization code was redeemed before: the session that began with it was ended, " +
			"since somebody else may hold its tokens.").At(cause.ReplayUsed)
	}
	return began, err
}
