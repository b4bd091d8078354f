package ssooidc

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/store"
)

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
	user, err := findPerson(s.Index, e.center.Store, issuer, claims, s.VerifiedEmail)
	if err != nil {
		return nil, err
	}
	if err := admit(s.Index, e.app, e.center, user); err != nil {
		return nil, err
	}
	scopes, err := e.scopes()
	if err != nil {
		return nil, err
	}
	session := s.begin(e, user, scopes)
	session.Actor = strings.Replace(string(issuer.ARN()), "/tti-", "/", 1)
	if err := s.use(e, issuer, claims, session); err != nil {
		return nil, err
	}
	e.record(session, issuer.ARN(), scopes)
	return s.issue(e, session, scopes, session.refreshToken())
}

// admit refuses who was deactivated or is not assigned. It is asked again at every refresh.
func admit(x *index.Index, app *index.Application, center *granary.IdentityCenter, user *granary.User) error {
	if user.Disabled {
		return granary.Errorf(granary.Denied, "The user %s is deactivated in the directory.", user.ID)
	}
	if app.AssignmentRequired && !x.Assigned(app.ARN, center.Store, user.ID) {
		return granary.Errorf(granary.Denied,
			"The user %s is not assigned to the application, neither by name nor through a group: assign the user or one of the user's groups with sso-admin CreateApplicationAssignment, or let everyone in with PutApplicationAssignmentConfiguration.",
			user.ID)
	}
	return nil
}

// verify finds the issuer among those the application accepts, and checks the token against its keys and the audiences.
func (s *service) verify(e *exchange) (*granary.Issuer, *idtoken.Claims, error) {
	iss, err := idtoken.PeekIssuer(e.in.Assertion)
	if err != nil {
		return nil, nil, asInvalidGrant(err)
	}
	var issuer *granary.Issuer
	var audiences []string
	for _, entry := range e.app.Grants.JWTBearer {
		if t, ok := s.Index.Issuer(entry.Issuer); ok && t.URL == iss {
			issuer = t
			audiences = append(audiences, entry.Audiences...)
		}
	}
	if issuer == nil {
		return nil, nil, invalidGrant("The token's issuer %q is not among the trusted token issuers of the application's jwt-bearer grant.", iss)
	}
	claims, err := s.Issuers.Verify(e.call, e.in.Assertion, idtoken.Expect{Issuer: issuer.URL, Audiences: audiences, Now: e.call.Now, Skew: idtoken.Skew})
	if err != nil {
		return nil, nil, asInvalidGrant(err)
	}
	return issuer, claims, nil
}

// asInvalidGrant gives an error OAuth's word. An unreachable identity provider is one too: a 500 would make clients hammer it.
func asInvalidGrant(err error) error { return granary.AsError(err).WithCode("InvalidGrantException") }

// findPerson maps a token to exactly one user. verified demands that the issuer vouches for the address that it is mapped by.
func findPerson(x *index.Index, store granary.StoreID, issuer *granary.Issuer, claims *idtoken.Claims, verified bool) (*granary.User, error) {
	value, err := claims.Lookup(issuer.Claim)
	if err == nil && verified && strings.EqualFold(issuer.Attribute, "emails.value") {
		err = claims.VerifiedEmail()
	}
	if err != nil {
		return nil, asInvalidGrant(err)
	}
	found := x.FindUsers(store, issuer.Attribute, value)
	if len(found) != 1 {
		how := "no user"
		if len(found) > 1 {
			how = "more than one user"
		}
		return nil, invalidGrant("The directory has %s whose %s is the token's %s.", how, issuer.Attribute, issuer.Claim)
	}
	user, ok := x.User(store, found[0])
	if !ok {
		return nil, invalidGrant("The directory has no user whose %s is the token's %s.", issuer.Attribute, issuer.Claim)
	}
	return user, nil
}

// use records that the token was exchanged, durably and before anything is issued for it, and the session that begins with it.
// Tokens without jti cannot be told apart, and are not protected (identity-center §9.1 step 13).
func (s *service) use(e *exchange, issuer *granary.Issuer, claims *idtoken.Claims, session *session) error {
	if claims.ID == "" && !session.kept {
		return nil
	}
	err := s.DB.Update(e.call, func(tx *store.Tx) error {
		if claims.ID != "" {
			if err := tx.Replays.Use(string(issuer.ARN())+"\x00"+claims.ID, claims.Expires.Add(idtoken.Skew)); err != nil {
				return err
			}
		}
		if !session.kept {
			return nil
		}
		return tx.TokenSessions.Put(&session.TokenSession)
	})
	if granary.Is(err, granary.Exists) {
		return invalidGrant("The token (jti) has already been exchanged: each can be exchanged once.")
	}
	return err
}

// The scopes every application has.
const (
	scopeContext = "sts:identity_context"
	scopeOpenID  = "openid"
	scopeAWS     = "aws"
)

// scopes are those granted: all that are configured and the standing ones, or what was asked of them.
func (e *exchange) scopes() ([]string, error) {
	return grantable(e.app, e.in.Scope)
}

func grantable(app *index.Application, wanted []string) ([]string, error) {
	all := []string{scopeContext}
	for _, s := range app.Scopes {
		all = append(all, s.Name)
	}
	all = append(all, scopeOpenID, scopeAWS)
	if len(wanted) == 0 {
		return all, nil
	}
	for _, s := range wanted {
		if !slices.Contains(all, s) {
			return nil, granary.Errorf(granary.Invalid, "The scope %q is not configured on the application: put it with sso-admin PutApplicationAccessScope.", s).
				WithCode("InvalidScopeException")
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return !slices.Contains(wanted, s) }), nil
}
