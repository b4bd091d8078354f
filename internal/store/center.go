package store

import "granary"

// IdentityCenters holds the Identity Center instances.
type IdentityCenters struct{ Set[granary.IdentityCenter] }

// Get returns the instance with an id, "ssoins-…". It fails with NotFound when there is none.
func (s IdentityCenters) Get(id string) (*granary.IdentityCenter, error) { return s.getByKey(id) }

// ConfirmStore fails with NotFound when no instance has the identity store. An update that adds to a directory asks it
// in its transaction: what is made after the instance is gone is never removed.
func (s IdentityCenters) ConfirmStore(store granary.StoreID) error {
	n, err := s.queryCount("SELECT COUNT(*) FROM identity_center WHERE store = $1", string(store))
	if err == nil && n == 0 {
		return granary.Errorf(granary.NotFound, "The identity store %s was deleted.", store)
	}
	return err
}

// Delete removes an instance.
func (s IdentityCenters) Delete(id string) error { return s.deleteByKey(id) }

// Applications holds the Identity Center applications.
type Applications struct{ Set[granary.Application] }

// Get returns the application with an ARN. It fails with NotFound when there is none.
func (s Applications) Get(arn granary.ARN) (*granary.Application, error) {
	return s.getByKey(string(arn))
}

// Delete removes an application with its assignments, and revokes its token sessions.
func (s Applications) Delete(arn granary.ARN) error {
	if err := s.tx.TokenSessions.deleteOfApplication(arn); err != nil {
		return err
	}
	if _, err := s.tx.Assignments.removeWhere("application = $1", []any{string(arn)}); err != nil {
		return err
	}
	return s.deleteByKey(string(arn))
}

// List returns the applications of an instance in the order of their ARNs, from after one of them. A limit of 0 or less
// means none; next is "" on the last page.
func (s Applications) List(instance string, after granary.ARN, limit int) ([]*granary.Application, string, error) {
	return s.queryPage(limit, func(a *granary.Application) string { return string(a.ARN()) },
		"SELECT doc FROM application WHERE instance = $1 AND arn > $2 ORDER BY arn", instance, string(after))
}

// Find is List for the applications of one account and one provider. An empty account or provider stands for any.
func (s Applications) Find(instance string, account granary.AccountID, provider granary.ARN, after granary.ARN,
	limit int) (out []*granary.Application, next string, err error) {
	first, last := granary.ARN(""), granary.ARN("~")
	if account != "" { // an ARN begins with its account and instance, so the account's ARNs are one range
		first = granary.ApplicationARN(account, instance, "")
		last = first + "~"
	}
	next = string(max(first, after))
	for {
		var list []*granary.Application
		list, next, err = s.queryPage(limit-len(out), func(a *granary.Application) string { return string(a.ARN()) },
			"SELECT doc FROM application WHERE instance = $1 AND arn > $2 AND arn < $3 ORDER BY arn", instance, next,
			string(last))
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

// Assignments holds the assignments of users and groups to applications.
type Assignments struct{ Set[granary.Assignment] }

// Get returns the assignment of a principal to an application. It fails with NotFound when there is none.
func (s Assignments) Get(app granary.ARN, principal string) (*granary.Assignment, error) {
	return s.getByKey(string(app), principal)
}

// Delete removes an assignment.
func (s Assignments) Delete(app granary.ARN, principal string) error {
	return s.deleteByKey(string(app), principal)
}

// ListOfApplication returns an application's assignments in the order of their principals, from after one of them.
func (s Assignments) ListOfApplication(app granary.ARN, after string, limit int) ([]*granary.Assignment, string,
	error) {
	return s.queryPage(limit, func(a *granary.Assignment) string { return a.Principal },
		"SELECT doc FROM assignment WHERE application = $1 AND principal > $2 ORDER BY principal", string(app), after)
}

// ListOfPrincipal returns a principal's assignments in the order of their applications, from after one of them.
func (s Assignments) ListOfPrincipal(principal string, after granary.ARN, limit int) ([]*granary.Assignment, string,
	error) {
	return s.queryPage(limit, func(a *granary.Assignment) string { return string(a.Application) },
		"SELECT doc FROM assignment WHERE principal = $1 AND application > $2 ORDER BY application", principal, string(after))
}

// Issuers holds the trusted token issuers.
type Issuers struct{ Set[granary.Issuer] }

// Get returns the issuer with an ARN. It fails with NotFound when there is none.
func (s Issuers) Get(arn granary.ARN) (*granary.Issuer, error) { return s.getByKey(string(arn)) }

// Delete removes an issuer.
func (s Issuers) Delete(arn granary.ARN) error { return s.deleteByKey(string(arn)) }

// List returns the issuers of an instance in the order of their ARNs, from after one of them.
func (s Issuers) List(instance string, after granary.ARN, limit int) ([]*granary.Issuer, string, error) {
	return s.queryPage(limit, func(i *granary.Issuer) string { return string(i.ARN()) },
		"SELECT doc FROM issuer WHERE instance = $1 AND arn > $2 ORDER BY arn", instance, string(after))
}

// SignInProviders holds the OpenID Connect providers to which browsers are sent to sign in. Client secrets are
// encrypted at rest.
type SignInProviders struct{ Set[granary.SignInProvider] }

// Get returns an instance's provider. It fails with NotFound when there is none.
func (s SignInProviders) Get(instance string) (*granary.SignInProvider, error) {
	return s.getByKey(instance)
}

// Put creates or replaces an instance's provider.
func (s SignInProviders) Put(p *granary.SignInProvider) error {
	if _, err := s.getByKey(p.Instance); granary.Is(err, granary.NotFound) {
		return s.Create(p)
	}
	return s.Update(p)
}

// Delete removes an instance's provider.
func (s SignInProviders) Delete(instance string) error { return s.deleteByKey(instance) }

// ScimTokens holds the provisioning tokens. Only hashes of the tokens are stored.
type ScimTokens struct{ Set[granary.ScimToken] }

// Get returns the token with an id. It fails with NotFound when there is none.
func (s ScimTokens) Get(id string) (*granary.ScimToken, error) { return s.getByKey(id) }

// Delete removes a token.
func (s ScimTokens) Delete(id string) error { return s.deleteByKey(id) }

// ListOfStore returns the tokens of an identity store in the order of their ids.
func (s ScimTokens) ListOfStore(d granary.StoreID) ([]*granary.ScimToken, error) {
	return s.queryAll("SELECT doc FROM scim_token WHERE store = $1 ORDER BY id", string(d))
}
