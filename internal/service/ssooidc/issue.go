package ssooidc

import (
	"slices"
	"time"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssooidc"
	"granary/internal/cause"
	"granary/internal/idtoken"
	"granary/internal/seal"
	"granary/internal/store"
)

const tokenLifetime = time.Hour // of access and identity tokens

// The token types (RFC 8693 §3).
const (
	accessTokenType  = "urn:ietf:params:oauth:token-type:access_token"
	refreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token"
)

// session is a token session under way.
type session struct {
	granary.TokenSession
	kept bool // it can be refreshed
}

// begin starts a session of a person with the application. It is kept when it can be refreshed.
func (s *service) begin(e *exchange, user *granary.User, scopes []string) *session {
	now := e.call.Now.UTC().Truncate(time.Second)
	return &session{granary.TokenSession{ID: access.NewCredentialID(), Application: e.app.ARN, Store: e.center.Store,
		User:    user.ID,
		Scopes:  scopes,
		Started: now, Ends: now.Add(s.SessionLifetime), Generation: 1, Rotated: now}, e.app.Grants.RefreshToken}
}

// keep stores a session that can be refreshed. The person is admitted as the transaction finds them: one who was
// deactivated while the exchange went on would else have a session that the deactivation did not end.
func (s *service) keep(e *exchange, tx *store.Tx, session *session) error {
	if !session.kept {
		return nil
	}
	user, err := tx.Users.Get(session.Store, session.User)
	if granary.Is(err, granary.NotFound) {
		return invalidGrant("The user %s was deleted from the directory.", session.User).At(cause.UserDeleted, "user",
			string(session.User), "store", string(session.Store))
	}
	if err != nil {
		return err
	}
	if err := access.Admit(s.Index, e.app, e.center, user); err != nil {
		return err
	}
	return tx.TokenSessions.Put(&session.TokenSession)
}

// refreshToken stands for the session's current generation.
func (s *session) refreshToken() *granary.RefreshToken {
	t := &granary.RefreshToken{Application: s.Application, Store: s.Store, User: s.User, Generation: s.Generation,
		Expires: s.Ends}
	if s.kept {
		t.Session = s.ID
	}
	return t
}

// issue makes the answer: an identity token with the context assertion in it, an access token, and the refresh token if
// there is to be one.
func (s *service) issue(e *exchange, session *session, scopes []string,
	refresh *granary.RefreshToken) (*api.CreateTokenWithIAMOutput, error) {
	now := e.call.Now.UTC().Truncate(time.Second)
	id := &granary.IdentityContext{
		User: session.User, Store: session.Store, StoreARN: e.center.StoreARN(), Instance: e.center.ARN(),
		Application:  e.app.ARN,
		CredentialID: session.ID, Scopes: configured(scopes), Expires: now.Add(s.ContextLifetime),
	}
	token := &granary.AccessToken{Session: session.ID, Application: e.app.ARN, Store: session.Store, User: session.User,
		Scopes:  id.Scopes,
		Started: session.Started, Ends: session.Ends, Expires: now.Add(tokenLifetime)}
	seconds := int64(tokenLifetime / time.Second)
	sealed := seal.SealAccessToken(s.Index.Keys.Ring(), token)
	out := &api.CreateTokenWithIAMOutput{AccessToken: sealed, TokenType: "Bearer",
		ExpiresIn:       &seconds,
		IssuedTokenType: accessTokenType, Scope: scopes}
	if refresh != nil {
		out.RefreshToken, out.IssuedTokenType = seal.SealRefreshToken(s.Index.Keys.Ring(), refresh), refreshTokenType
	}
	var assertion, audit string
	if slices.Contains(scopes, access.ScopeContext) {
		var err error
		if assertion, audit, err = s.assertions(id); err != nil {
			return nil, err
		}
		out.AwsAdditionalDetails = &api.AwsAdditionalDetails{IdentityContext: assertion}
	}
	if slices.Contains(scopes, access.ScopeOpenID) {
		signer, err := s.signers.current(s.Index)
		if err != nil {
			return nil, err
		}
		if out.IdToken, err = signer.Sign(e.claims(s.TokenIssuer(e.center.ID), id, session, now, assertion,
			audit)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *service) assertions(id *granary.IdentityContext) (identity, audit string, err error) {
	ring := s.Index.Keys.Ring()
	if identity, err = seal.SealContext(ring, id); err != nil {
		return "", "",
			granary.Wrap(granary.Invalid, "The application has too many access scopes: their names do not fit into a context "+
				"assertion.", err)
	}
	logged := *id
	logged.AuditOnly, logged.Scopes = true, nil
	audit, err = seal.SealContext(ring, &logged)
	return identity, audit, err
}

// claims are the identity token's, as AWS's guide page shows them.
func (e *exchange) claims(issuer string, id *granary.IdentityContext, session *session, now time.Time, assertion,
	audit string) idtoken.IdentityClaims {
	c := idtoken.IdentityClaims{
		Issuer: issuer, Subject: string(id.User), Audience: e.app.ClientID,
		StoreID: string(id.Store), StoreARN: string(id.StoreARN), InstanceARN: string(id.Instance),
		InstanceAccount: string(e.center.Account),
		CredentialID:    id.CredentialID, IdentityContext: assertion, AuditContext: audit,
		AuthTime: session.Started.Format(time.RFC3339), IssuedAt: now.Unix(), Expires: now.Add(tokenLifetime).Unix(),
	}
	if session.Actor != "" {
		c.Actor = &idtoken.Actor{Subject: session.Actor}
	}
	return c
}

// configured leaves the standing scopes out: what remains is what a resource service checks.
func configured(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool {
		return s == access.ScopeContext || s == access.ScopeOpenID || s == access.ScopeAWS
	})
}
