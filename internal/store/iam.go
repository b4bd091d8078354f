package store

import "granary"

// named is what IAM's nouns have in common: a name unique in the account whatever its case, and a path to list by.
type named[T any] struct {
	Set[T]
	key func(*T) string
}

func (s named[T]) get(a granary.AccountID, name string) (*T, error) {
	return s.getBy(string(a), Fold(name))
}

func (s named[T]) remove(a granary.AccountID, name string) error {
	return s.deleteBy(string(a), Fold(name))
}

// count is how many the account has.
func (s named[T]) count(a granary.AccountID) (int64, error) {
	n, err := s.Set.count("SELECT COUNT(*) FROM "+s.t.name+" WHERE account = $1", string(a))
	return int64(n), err
}

func (s named[T]) list(a granary.AccountID, prefix, after string, limit int) ([]*T, string, error) {
	return s.page(limit, s.key, "SELECT doc FROM "+s.t.name+" WHERE account = $1 AND name_fold > $2 AND substr(path, 1, length($3)) = $3 ORDER BY name_fold",
		string(a), Fold(after), prefix)
}

// IAMUsers holds the IAM users.
type IAMUsers struct{ Set[granary.IAMUser] }

func (s IAMUsers) named() named[granary.IAMUser] {
	return named[granary.IAMUser]{s.Set, func(u *granary.IAMUser) string { return u.Name }}
}

// Get looks a user up by name.
func (s IAMUsers) Get(a granary.AccountID, name string) (*granary.IAMUser, error) {
	return s.named().get(a, name)
}

// Delete removes a user.
func (s IAMUsers) Delete(a granary.AccountID, name string) error { return s.named().remove(a, name) }

// Count is how many users the account has.
func (s IAMUsers) Count(a granary.AccountID) (int64, error) { return s.named().count(a) }

// List is the account's users whose path begins with a prefix, after a name.
func (s IAMUsers) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.IAMUser, string, error) {
	return s.named().list(a, prefix, after, limit)
}

// Roles holds the roles.
type Roles struct{ Set[granary.Role] }

func (s Roles) named() named[granary.Role] {
	return named[granary.Role]{s.Set, func(r *granary.Role) string { return r.Name }}
}

// Get looks a role up by name.
func (s Roles) Get(a granary.AccountID, name string) (*granary.Role, error) {
	return s.named().get(a, name)
}

// Delete removes a role.
func (s Roles) Delete(a granary.AccountID, name string) error { return s.named().remove(a, name) }

// Count is how many roles the account has.
func (s Roles) Count(a granary.AccountID) (int64, error) { return s.named().count(a) }

// List is the account's roles whose path begins with a prefix, after a name.
func (s Roles) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.Role, string, error) {
	return s.named().list(a, prefix, after, limit)
}

// ManagedPolicies holds the customer-managed policies.
type ManagedPolicies struct{ Set[granary.ManagedPolicy] }

func (s ManagedPolicies) named() named[granary.ManagedPolicy] {
	return named[granary.ManagedPolicy]{s.Set, func(p *granary.ManagedPolicy) string { return p.Name }}
}

// Get looks a policy up by name.
func (s ManagedPolicies) Get(a granary.AccountID, name string) (*granary.ManagedPolicy, error) {
	return s.named().get(a, name)
}

// Delete removes a policy.
func (s ManagedPolicies) Delete(a granary.AccountID, name string) error {
	return s.named().remove(a, name)
}

// List is the account's policies whose path begins with a prefix, after a name.
func (s ManagedPolicies) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.ManagedPolicy, string, error) {
	return s.named().list(a, prefix, after, limit)
}

// OIDCProviders holds the OpenID Connect providers.
type OIDCProviders struct{ Set[granary.OIDCProvider] }

// Get looks a provider up by its name, the URL without its scheme.
func (s OIDCProviders) Get(a granary.AccountID, name string) (*granary.OIDCProvider, error) {
	return s.getBy(string(a), name)
}

// Delete removes a provider.
func (s OIDCProviders) Delete(a granary.AccountID, name string) error {
	return s.deleteBy(string(a), name)
}

// List is the account's providers by name.
func (s OIDCProviders) List(a granary.AccountID) ([]*granary.OIDCProvider, error) {
	return s.list("SELECT doc FROM oidc_provider WHERE account = $1 ORDER BY name", string(a))
}

// AccessKeys holds the long-term keys. Their secrets are encrypted at rest.
type AccessKeys struct{ Set[granary.AccessKey] }

// Get looks a key up by its id.
func (s AccessKeys) Get(id string) (*granary.AccessKey, error) { return s.getBy(id) }

// Delete removes a key.
func (s AccessKeys) Delete(id string) error { return s.deleteBy(id) }

// ListForUser is a user's keys, or the root user's when the name is empty, by id.
func (s AccessKeys) ListForUser(a granary.AccountID, user string) ([]*granary.AccessKey, error) {
	return s.list("SELECT doc FROM access_key WHERE account = $1 AND user_fold = $2 ORDER BY id", string(a), Fold(user))
}

// Keys holds the installation's own secrets, encrypted at rest.
type Keys struct{ Set[Key] }

// List is the keys of a purpose.
func (s Keys) List(purpose string) ([]*Key, error) {
	return s.list("SELECT doc FROM key_ring WHERE purpose = $1 ORDER BY id", purpose)
}

// Delete removes a key.
func (s Keys) Delete(purpose, id string) error { return s.deleteBy(purpose, id) }

// Buckets holds the bucket registry.
type Buckets struct{ Set[granary.Bucket] }

// Get looks a bucket up.
func (s Buckets) Get(name string) (*granary.Bucket, error) { return s.getBy(name) }

// Delete removes a bucket.
func (s Buckets) Delete(name string) error { return s.deleteBy(name) }

// List is an account's buckets with a prefix, after a name.
func (s Buckets) List(owner granary.AccountID, prefix, after string, limit int) ([]*granary.Bucket, string, error) {
	return s.page(limit, func(b *granary.Bucket) string { return b.Name },
		"SELECT doc FROM bucket WHERE owner = $1 AND name > $2 AND substr(name, 1, length($3)) = $3 ORDER BY name", string(owner), after, prefix)
}
