package ssooidc

import (
	"errors"
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssooidc"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/idtoken"
	"granary/internal/store"
)

// maxAssertion is the longest corporate token that is looked at, in bytes.
const maxAssertion = 16 << 10

// bearer exchanges a corporate token (RFC 7523): token, person, assignment, scopes, single use, in this order.
func (s *service) bearer(e *exchange) (*api.CreateTokenWithIAMOutput, error) {
	if e.app.Grants.JWTBearer == nil {
		return nil, notConfigured(grantJWTBearer)
	}
	if e.in.Assertion == "" {
		return nil, missing("assertion")
	}
	issuer, claims, err := s.verify(e)
	if err != nil {
		return nil, err
	}
	user, err := access.PersonOf(s.Index, e.center.Store, issuer, claims, s.VerifiedEmail)
	if err != nil {
		return nil, err
	}
	if err := s.admit(e, user); err != nil {
		return nil, err
	}
	scopes, err := e.scopes()
	if err != nil {
		return nil, err
	}
	session := s.begin(e, user, scopes)
	session.Actor = strings.Replace(string(issuer.ARN()), "/tti-", "/", 1)
	if session, err = s.use(e, issuer, claims, session); err != nil {
		return nil, err
	}
	e.record(session, issuer.ARN(), scopes)
	return s.issue(e, session, scopes, session.refreshToken())
}

// verify finds the issuer among those the application accepts, and checks the token against its keys and the audiences.
func (s *service) verify(e *exchange) (*granary.Issuer, *idtoken.Claims, error) {
	if len(e.in.Assertion) > maxAssertion {
		return nil, nil, invalidGrant("The assertion is longer than %d bytes.", maxAssertion).At(cause.TokenUnreadable)
	}
	iss, err := idtoken.PeekIssuer(e.in.Assertion)
	if err != nil {
		return nil, nil, granary.AsError(asInvalidGrant(err)).At(cause.TokenUnreadable)
	}
	var issuer *granary.Issuer
	var audiences []string
	err = e.call.Check(func(*awsapi.Call) (err error) {
		// again after the token was verified, which may wait for the issuer
		issuer, audiences, err = s.accepted(e, iss)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	claims, err := s.Issuers.Verify(e.call, e.in.Assertion, s.Issuers.Person(issuer.URL, audiences, e.call.Now))
	if err != nil {
		return nil, nil, asInvalidGrant(tokenWhy(err, issuer))
	}
	return issuer, claims, nil
}

// accepted finds an issuer among those that the application's grant names, and the audiences that it is accepted for.
func (s *service) accepted(e *exchange, iss string) (issuer *granary.Issuer, audiences []string, err error) {
	for _, entry := range e.app.Grants.JWTBearer {
		t, ok := s.Index.Center.Issuer(entry.Issuer)
		if !ok || t.URL != iss {
			continue
		}
		if issuer, err = s.Rule.Issuer(entry.Issuer); err != nil {
			return nil, nil, asInvalidGrant(inApplication(err, e.app.ARN))
		}
		audiences = append(audiences, entry.Audiences...)
	}
	if issuer == nil {
		return nil, nil,
			invalidGrant("The token's issuer %q is not among the trusted token issuers of the application's jwt-bearer grant.",
				iss).
				At(cause.IssuerNotAccepted, "issuer", iss, "application", string(e.app.ARN))
	}
	return issuer, audiences, nil
}

// admit admits a person to the application, now and when what the exchange changes is committed.
func (s *service) admit(e *exchange, user *granary.User) error {
	return e.call.Check(func(*awsapi.Call) error {
		now, ok := s.Index.Directory.User(user.Store, user.ID)
		if !ok {
			return invalidGrant("The user %s was deleted from the directory.", user.ID).At(cause.UserDeleted, "user",
				string(user.ID), "store", string(user.Store))
		}
		return access.Admit(s.Index, e.app, e.center, now)
	})
}

// inApplication adds the application to the facts of a refusal.
func inApplication(err error, app granary.ARN) error {
	e := granary.AsError(err)
	if e.Why == nil {
		return e
	}
	facts := []string{"application", string(app)}
	for k, v := range e.Why.Facts {
		facts = append(facts, k, v)
	}
	return e.At(e.Why.Cause, facts...)
}

// tokenWhy says which link a token broke at.
func tokenWhy(err error, issuer *granary.Issuer) error {
	e := granary.AsError(err)
	at := func(c granary.Cause) error {
		return e.At(c, "issuer", issuer.URL, "issuerArn", string(issuer.ARN()))
	}
	switch {
	case errors.Is(err, idtoken.ErrAudience):
		return at(cause.AudienceNotAccepted)
	case errors.Is(err, idtoken.ErrExpired):
		return at(cause.TokenExpired)
	case errors.Is(err, idtoken.ErrUnreachable):
		return at(cause.IssuerUnreachable)
	}
	return at(cause.TokenInvalid)
}

// asInvalidGrant gives an error OAuth's word. An unreachable identity provider is one too: a 500 would make clients
// hammer it.
func asInvalidGrant(err error) error { return granary.AsError(err).WithCode("InvalidGrantException") }

// use records that the token was exchanged, durably and before anything is issued for it, and the session that begins
// with it. A retry goes on with the session that began.
// Tokens without jti cannot be told apart, and are not protected (identity-center §9.1 step 13).
func (s *service) use(e *exchange, issuer *granary.Issuer, claims *idtoken.Claims, session *session) (*session, error) {
	if claims.ID == "" && !session.kept {
		return session, nil
	}
	began := session
	err := s.DB.Update(e.call, func(tx *store.Tx) error {
		if claims.ID != "" {
			before, err := e.useOnce(tx, e.center.ID+"\x00"+issuer.URL+"\x00"+claims.ID, claims.Expires.Add(s.Issuers.Skew),
				session)
			if err != nil {
				return err
			}
			if before != nil {
				began = before
				return nil
			}
		}
		return s.keep(e, tx, session)
	})
	if granary.Is(err, granary.Exists) {
		return nil, invalidGrant("The token (jti) has already been exchanged: each can be exchanged once.").
			At(cause.ReplayUsed)
	}
	return began, err
}

// scopes are those granted: all that are configured and the standing ones, or what was asked of them.
func (e *exchange) scopes() ([]string, error) {
	return access.Scopes(e.app, e.in.Scope)
}
