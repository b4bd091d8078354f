package ssooidc

import (
	"slices"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/cause"
	"granary/internal/seal"
	"granary/internal/store"
)

// refreshGrace is how long the refresh token before the current one still works, for the client that did not get the
// answer.
const refreshGrace = 60 * time.Second

// refresh redeems a refresh token for new tokens and the next refresh token (RFC 6749 §6, with the rotation of RFC 9700
// §4.14). The person is admitted anew; the session's end stays where it was. ExpiredTokenException makes AWS's plugins
// sign the person in again.
func (s *service) refresh(e *exchange) (*api.CreateTokenWithIAMOutput, error) {
	if e.in.RefreshToken == "" {
		return nil, missing("refreshToken")
	}
	token, err := seal.OpenRefreshToken(s.Index.Keys.Ring(), e.in.RefreshToken)
	if err != nil || token.Application != e.app.ARN {
		return nil, invalidGrant("The refresh token is none that was issued to this application.").At(cause.TokenInvalid)
	}
	switch {
	case !e.app.Grants.RefreshToken:
		return nil, ended("the application has no refresh_token grant: put one with sso-admin PutApplicationGrant")
	case token.Session == "":
		return nil, ended("when this refresh token was issued, the application had no refresh_token grant")
	case !e.call.Now.Before(token.Expires):
		return nil, ended("the session has ended")
	}
	if err := s.stillIn(e, token); err != nil {
		return nil, err
	}
	session, scopes, err := s.rotate(e, token)
	if err != nil {
		return nil, err
	}
	e.record(session, "", scopes)
	return s.issue(e, session, scopes, session.refreshToken())
}

func ended(why string) error {
	return granary.Errorf(granary.Invalid, "Sign the person in again and exchange the fresh token: %s.",
		why).WithCode("ExpiredTokenException").At(cause.TokenExpired)
}

// rotate checks the session and moves it to its next generation. A token from before the last one has been stolen or
// its successor has: nobody can tell which, so the session ends.
func (s *service) rotate(e *exchange, token *granary.RefreshToken) (*session, []string, error) {
	var found *granary.TokenSession
	var scopes []string
	var refused error // told after the transaction, which commits what it changed
	err := s.DB.Update(e.call, func(tx *store.Tx) (err error) {
		if found, err = tx.TokenSessions.Get(token.Session); err != nil {
			return err
		}
		if err := s.stands(e, found.Actor); err != nil {
			return err
		}
		now := e.call.Now.UTC().Truncate(time.Second)
		current := token.Generation == found.Generation
		if late := token.Generation+1 == found.Generation && now.Sub(found.Rotated) < refreshGrace; !current && !late {
			refused = invalidGrant("The refresh token was used before: the session was ended, since somebody else may hold " +
				"its tokens.").At(cause.ReplayUsed)
			return tx.TokenSessions.Delete(found.ID)
		}
		if scopes, err = e.narrowed(found.Scopes); err != nil || !current {
			return err
		}
		found.Generation++
		found.Rotated = now
		return tx.TokenSessions.Put(found)
	})
	if granary.Is(err, granary.NotFound) {
		err = invalidGrant("The session of this refresh token was revoked.").At(cause.TokenExpired)
	}
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, nil, err
	}
	return &session{*found, true}, scopes, nil
}

// stillIn admits the session's person anew.
func (s *service) stillIn(e *exchange, t *granary.RefreshToken) error {
	user, ok := s.Index.Directory.User(t.Store, t.User)
	if !ok {
		return invalidGrant("The user %s was deleted from the directory.", t.User).At(cause.UserDeleted, "user",
			string(t.User), "store", string(t.Store))
	}
	return s.admit(e, user)
}

// stands refuses sessions whose beginning is gone: the grant of the application, or who vouched for the person. The
// actor tells what it was: a trusted token issuer, another application, or nobody when the person came with a browser.
func (s *service) stands(e *exchange, actor string) error {
	var vouched granary.ARN
	granted := e.app.Grants.TokenExchange
	switch {
	case actor == "":
		if p, ok := s.Index.Center.SignInProvider(e.app.Instance); ok {
			vouched = p.Issuer
		}
		granted = e.app.Grants.RedirectURIs != nil
	case strings.Contains(actor, ":trustedTokenIssuer/"):
		at := strings.LastIndex(actor, "/") + 1
		vouched = granary.ARN(actor[:at] + "tti-" + actor[at:])
		granted = slices.ContainsFunc(e.app.Grants.JWTBearer,
			func(entry granary.JWTBearerIssuer) bool { return entry.Issuer == vouched })
	}
	if !granted {
		return invalidGrant("The grant that this session began with was taken from the application.").
			At(cause.ApplicationNoGrant)
	}
	switch {
	case vouched == "" && actor == "":
		return nil
	case vouched == "":
		return s.through(granary.ARN(actor))
	}
	_, err := s.Rule.Issuer(vouched)
	switch {
	case granary.Is(err, granary.NotFound):
		return invalidGrant("%s", granary.AsError(err).Message).At(cause.ApplicationNoGrant)
	case err != nil:
		return asInvalidGrant(err)
	}
	return nil
}

// through refuses sessions that began with the token of an application that would be refused now.
func (s *service) through(arn granary.ARN) error {
	app, ok := s.Index.Center.Application(arn)
	switch {
	case !ok:
		return invalidGrant("The application %s, whose token this session began with, was deleted.", arn).
			At(cause.ApplicationMissing)
	case app.Disabled:
		return invalidGrant("The application %s, whose token this session began with, is disabled.", arn).
			At(cause.ApplicationDisabled, "application", string(arn))
	case s.Index.Org.Closed(app.Account):
		return invalidGrant("The application %s, whose token this session began with, belongs to the account %s, which was "+
			"closed.", arn, app.Account).At(cause.ApplicationClosed)
	}
	return nil
}

// narrowed are the session's scopes that the application still has, or what was asked of them.
func (e *exchange) narrowed(granted []string) ([]string, error) {
	for _, s := range e.in.Scope {
		if !slices.Contains(granted, s) {
			return nil, granary.Errorf(granary.Invalid, "The scope %q was not granted when the session began: a refresh may "+
				"narrow the scopes, never widen them.", s).
				WithCode("InvalidScopeException").At(cause.ScopeNarrower, "scope", s)
		}
	}
	now, err := e.scopes()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(now, func(s string) bool { return !slices.Contains(granted, s) }), nil
}
