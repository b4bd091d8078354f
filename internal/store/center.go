package store

import "granary"

// IdentityCenters holds the Identity Center instances.
type IdentityCenters struct{ Set[granary.IdentityCenter] }

// Get looks an instance up by its id, "ssoins-…".
func (s IdentityCenters) Get(id string) (*granary.IdentityCenter, error) { return s.getBy(id) }

// Delete removes an instance.
func (s IdentityCenters) Delete(id string) error { return s.deleteBy(id) }

// Applications holds the Identity Center applications.
type Applications struct{ Set[granary.Application] }

// Get looks an application up by its ARN.
func (s Applications) Get(arn granary.ARN) (*granary.Application, error) {
	return s.getBy(string(arn))
}

// Delete removes an application with its assignments, and revokes its token sessions.
func (s Applications) Delete(arn granary.ARN) error {
	if err := s.tx.TokenSessions.deleteOfApplication(arn); err != nil {
		return err
	}
	if _, err := s.tx.Assignments.removeWhere("application = $1", []any{string(arn)}); err != nil {
		return err
	}
	return s.deleteBy(string(arn))
}

// List is an instance's applications after an ARN.
func (s Applications) List(instance string, after granary.ARN, limit int) ([]*granary.Application, string, error) {
	return s.page(limit, func(a *granary.Application) string { return string(a.ARN()) },
		"SELECT doc FROM application WHERE instance = $1 AND arn > $2 ORDER BY arn", instance, string(after))
}

// Find is List of those of an account and from a provider; an empty one stands for any.
func (s Applications) Find(instance string, account granary.AccountID, provider granary.ARN, after granary.ARN, limit int) (out []*granary.Application, next string, err error) {
	first, last := granary.ARN(""), granary.ARN("~")
	if account != "" { // an ARN begins with its account and instance
		first = granary.ApplicationARN(account, instance, "")
		last = first + "~"
	}
	next = string(max(first, after))
	for {
		var list []*granary.Application
		list, next, err = s.page(limit-len(out), func(a *granary.Application) string { return string(a.ARN()) },
			"SELECT doc FROM application WHERE instance = $1 AND arn > $2 AND arn < $3 ORDER BY arn", instance, next, string(last))
		for _, a := range list {
			if provider == "" || provider == a.Provider {
				out = append(out, a)
			}
		}
		if err != nil || next == "" || len(out) == limit {
			return out, next, err
		}
	}
}

// Assignments holds who may use which application.
type Assignments struct{ Set[granary.Assignment] }

// Get looks the assignment of a principal up.
func (s Assignments) Get(app granary.ARN, principal string) (*granary.Assignment, error) {
	return s.getBy(string(app), principal)
}

// Delete removes an assignment.
func (s Assignments) Delete(app granary.ARN, principal string) error {
	return s.deleteBy(string(app), principal)
}

// ListOfApplication is an application's assignments after a principal.
func (s Assignments) ListOfApplication(app granary.ARN, after string, limit int) ([]*granary.Assignment, string, error) {
	return s.page(limit, func(a *granary.Assignment) string { return a.Principal },
		"SELECT doc FROM assignment WHERE application = $1 AND principal > $2 ORDER BY principal", string(app), after)
}

// ListOfPrincipal is a principal's assignments after an application.
func (s Assignments) ListOfPrincipal(principal string, after granary.ARN, limit int) ([]*granary.Assignment, string, error) {
	return s.page(limit, func(a *granary.Assignment) string { return string(a.Application) },
		"SELECT doc FROM assignment WHERE principal = $1 AND application > $2 ORDER BY application", principal, string(after))
}

// Issuers holds the trusted token issuers.
type Issuers struct{ Set[granary.Issuer] }

// Get looks an issuer up by its ARN.
func (s Issuers) Get(arn granary.ARN) (*granary.Issuer, error) { return s.getBy(string(arn)) }

// Delete removes an issuer.
func (s Issuers) Delete(arn granary.ARN) error { return s.deleteBy(string(arn)) }

// List is an instance's issuers after an ARN.
func (s Issuers) List(instance string, after granary.ARN, limit int) ([]*granary.Issuer, string, error) {
	return s.page(limit, func(i *granary.Issuer) string { return string(i.ARN()) },
		"SELECT doc FROM issuer WHERE instance = $1 AND arn > $2 ORDER BY arn", instance, string(after))
}

// SignInProviders holds where browsers are sent to sign in. Client secrets are encrypted at rest.
type SignInProviders struct{ Set[granary.SignInProvider] }

// Put sets an instance's provider.
func (s SignInProviders) Put(p *granary.SignInProvider) error {
	if _, err := s.getBy(p.Instance); granary.Is(err, granary.NotFound) {
		return s.Create(p)
	}
	return s.Update(p)
}

// Delete removes an instance's provider.
func (s SignInProviders) Delete(instance string) error { return s.deleteBy(instance) }

// ScimTokens holds the provisioning tokens, hashed.
type ScimTokens struct{ Set[granary.ScimToken] }

// Get looks a token up by its id.
func (s ScimTokens) Get(id string) (*granary.ScimToken, error) { return s.getBy(id) }

// Delete removes a token.
func (s ScimTokens) Delete(id string) error { return s.deleteBy(id) }

// ListOfStore is a store's tokens by id.
func (s ScimTokens) ListOfStore(d granary.StoreID) ([]*granary.ScimToken, error) {
	return s.list("SELECT doc FROM scim_token WHERE store = $1 ORDER BY id", string(d))
}
