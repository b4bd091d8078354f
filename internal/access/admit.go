// Package access decides the links of the chain from a person to the data that are both enforced and explained.
// Services enforce them and package explain explains them with the same functions, so that an explanation cannot differ
// from what is enforced.
//
//	admit.go      a person's sign-in: which user it means, whether the application lets the user in, with which scopes
//	issuer.go     which accounts decide who vouches for the people of a directory
//	vend.go       GetDataAccess: from the caller's identities to the scope of the key, step by step
//	data.go       its steps: the identities whose grants count, why none matched, the trust of the location's role
//
// It reads the index and decides; it writes nothing and knows no wire.
package access

import (
	"slices"

	"granary"
	"granary/internal/cause"
	"granary/internal/index"
)

// Admit refuses who was deactivated or is not assigned. It is asked again at every refresh.
func Admit(x *index.Index, app *index.Application, center *granary.IdentityCenter, user *granary.User) error {
	if user.Disabled {
		return granary.Errorf(granary.Denied, "The user %s is deactivated in the directory.", user.ID).
			At(cause.UserDisabled, "user", string(user.ID), "store", string(user.Store), "userName", user.UserName)
	}
	if app.AssignmentRequired && !x.Center.Assigned(app.ARN, center.Store, user.ID) {
		return granary.Errorf(granary.Denied,
			"The user %s is not assigned to the application, neither by name nor through a group: assign the user or one of "+
				"the user's groups with sso-admin CreateApplicationAssignment, or let everyone in with "+
				"PutApplicationAssignmentConfiguration.",
			user.ID).At(cause.AssignmentNone, "user", string(user.ID), "userName", user.UserName, "store", string(user.Store),
			"application", string(app.ARN))
	}
	return nil
}

// Person finds the one user that an issuer's claim means.
func Person(x *index.Index, store granary.StoreID, issuer *granary.Issuer, value string) (*granary.User, error) {
	found := x.Directory.FindUsers(store, issuer.Attribute, value)
	at := func(e *granary.Error, c granary.Cause) error {
		return e.At(c, "claim", issuer.Claim, "attribute", issuer.Attribute, "value", value, "store",
			string(store), "issuerArn", string(issuer.ARN()))
	}
	if len(found) > 1 {
		return nil, at(granary.Errorf(granary.Invalid, "The directory has more than one user whose %s is the token's %s.",
			issuer.Attribute, issuer.Claim), cause.UserSeveral)
	}
	if len(found) == 1 {
		if user, ok := x.Directory.User(store, found[0]); ok {
			return user, nil
		}
	}
	return nil,
		at(granary.Errorf(granary.Invalid, "The directory has no user whose %s is the token's %s.", issuer.Attribute,
			issuer.Claim), cause.UserNone)
}

// The scopes every application has.
const (
	ScopeContext = "sts:identity_context"
	ScopeOpenID  = "openid"
	ScopeAWS     = "aws"
)

// Scopes are those an application grants: all that are configured and the standing ones, or what was asked of them.
func Scopes(app *index.Application, wanted []string) ([]string, error) {
	all := []string{ScopeContext}
	for _, s := range app.Scopes {
		all = append(all, s.Name)
	}
	all = append(all, ScopeOpenID, ScopeAWS)
	if len(wanted) == 0 {
		return all, nil
	}
	for _, s := range wanted {
		if !slices.Contains(all, s) {
			return nil,
				granary.Errorf(granary.Invalid, "The scope %q is not configured on the application: put it with sso-admin "+
					"PutApplicationAccessScope.", s).
					WithCode("InvalidScopeException").At(cause.ScopeNotConfigured, "scope", s, "application", string(app.ARN))
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return !slices.Contains(wanted, s) }), nil
}
