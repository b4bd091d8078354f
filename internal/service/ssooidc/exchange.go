package ssooidc

import (
	"slices"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/cause"
	"granary/internal/seal"
	"granary/internal/store"
)

// exchange takes the access token of one application for a token of another, for the same person (RFC 8693). The first
// application must have a scope in that token whose AuthorizedTargets name the second.
func (s *service) exchange(e *exchange) (*api.CreateTokenWithIAMOutput, error) {
	if !e.app.Grants.TokenExchange {
		return nil, notConfigured(grantExchange)
	}
	subject, err := s.subject(e)
	if err != nil {
		return nil, err
	}
	user, ok := s.Index.Directory.User(subject.Store, subject.User)
	if !ok {
		return nil, invalidGrant("The user %s of the subject token was deleted from the directory.", subject.User).
			At(cause.UserDeleted, "user", string(subject.User), "store", string(subject.Store))
	}
	if err := s.admit(e, user); err != nil {
		return nil, err
	}
	scopes, err := e.scopes()
	if err != nil {
		return nil, err
	}
	session := s.begin(e, user, scopes)
	session.Actor = string(subject.Application)
	// two applications must not keep a sign-in alive by turns
	session.Started, session.Ends = subject.Started, subject.Ends
	e.record(session, "", scopes)
	if e.in.RequestedTokenType != refreshTokenType {
		return s.issue(e, session, scopes, nil)
	}
	if session.kept {
		if err := s.DB.Update(e.call, func(tx *store.Tx) error { return s.keep(e, tx, session) }); err != nil {
			return nil, err
		}
	}
	return s.issue(e, session, scopes, session.refreshToken())
}

// subject opens the subject token and sees whether it may be exchanged here.
func (s *service) subject(e *exchange) (*granary.AccessToken, error) {
	switch {
	case e.in.SubjectToken == "":
		return nil, missing("subjectToken")
	case e.in.SubjectTokenType == "":
		return nil, missing("subjectTokenType")
	case e.in.SubjectTokenType != accessTokenType:
		return nil, badRequest("The subjectTokenType must be %s, and is %q.", accessTokenType, e.in.SubjectTokenType)
	case e.in.RequestedTokenType != "" && e.in.RequestedTokenType != accessTokenType &&
		e.in.RequestedTokenType != refreshTokenType:
		return nil, badRequest("The requestedTokenType must be %s or %s, and is %q.", accessTokenType, refreshTokenType,
			e.in.RequestedTokenType)
	}
	t, err := seal.OpenAccessToken(s.Index.Keys.Ring(), e.in.SubjectToken)
	if err != nil {
		return nil, invalidGrant("The subject token is no access token of this Identity Center; an identity provider's "+
			"token goes into assertion, with the grant type %s.", grantJWTBearer).At(cause.TokenInvalid)
	}
	from, ok := s.Index.Center.Application(t.Application)
	switch {
	case !ok || from.Instance != e.app.Instance:
		return nil, invalidGrant("The subject token belongs to no application of this Identity Center instance.").
			At(cause.TokenInvalidSubject)
	case from.ARN == e.app.ARN:
		return nil, invalidGrant("The subject token was issued to this same application; only another application's can be " +
			"exchanged.").At(cause.TokenInvalidSubject)
	case !e.call.Now.Before(t.Ends):
		return nil, ended("the session that the subject token is of has ended")
	case !e.call.Now.Before(t.Expires):
		return nil, granary.Errorf(granary.Invalid, "The subject token has expired.").WithCode("ExpiredTokenException").
			At(cause.TokenExpired)
	case from.Disabled:
		return nil, granary.Errorf(granary.Denied, "The application %s that the subject token was issued to is disabled.",
			from.ARN).At(cause.ApplicationDisabled, "application", string(from.ARN))
	case s.Index.Org.Closed(from.Account):
		return nil, invalidGrant("The subject token was issued to an application of the account %s, which was closed.",
			from.Account).At(cause.ApplicationClosed)
	case !e.targeted(from.Scopes, t.Scopes):
		return nil,
			invalidGrant("No access scope of the subject token's application names this application among its "+
				"AuthorizedTargets.").At(cause.ScopeNotTargeted, "application", string(from.ARN), "target", string(e.app.ARN))
	}
	return t, nil
}

// targeted reports whether one of the scopes the token was granted is meant for this application. A scope without
// targets is meant for all of the instance.
func (e *exchange) targeted(configured []granary.AppScope, granted []string) bool {
	return slices.ContainsFunc(configured, func(c granary.AppScope) bool {
		return slices.Contains(granted, c.Name) &&
			(len(c.Targets) == 0 || slices.Contains(c.Targets, e.app.ARN) || slices.Contains(c.Targets, e.center.ARN()))
	})
}

func badRequest(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidRequestException")
}
