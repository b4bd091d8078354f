package store

import "granary"

// namedSet is a Set of IAM's nouns that have a name, unique in the account whatever its letter case, and a path.
type namedSet[T any] struct {
	Set[T]
	key func(*T) string
}

func (s namedSet[T]) getByName(a granary.AccountID, name string) (*T, error) {
	return s.getByKey(string(a), Fold(name))
}

func (s namedSet[T]) deleteByName(a granary.AccountID, name string) error {
	return s.deleteByKey(string(a), Fold(name))
}

// countNouns returns the number that the account has.
func (s namedSet[T]) countNouns(a granary.AccountID) (int64, error) {
	n, err := s.Set.queryCount("SELECT COUNT(*) FROM "+s.table.name+" WHERE account = $1", string(a))
	return int64(n), err
}

// listByPath returns the account's nouns whose path begins with prefix in the order of their names, from after one of
// them.
func (s namedSet[T]) listByPath(a granary.AccountID, prefix, after string, limit int) ([]*T, string, error) {
	return s.queryPage(limit, s.key, "SELECT doc FROM "+s.table.name+" WHERE account = $1 AND name_fold > $2 "+
		"AND substr(path, 1, length($3)) = $3 ORDER BY name_fold",
		string(a), Fold(after), prefix)
}

// IAMUsers holds the IAM users.
type IAMUsers struct{ Set[granary.IAMUser] }

func (s IAMUsers) byName() namedSet[granary.IAMUser] {
	return namedSet[granary.IAMUser]{s.Set, func(u *granary.IAMUser) string { return u.Name }}
}

// Get returns the user with a name. It fails with NotFound when there is none.
func (s IAMUsers) Get(a granary.AccountID, name string) (*granary.IAMUser, error) {
	return s.byName().getByName(a, name)
}

// Delete removes a user.
func (s IAMUsers) Delete(a granary.AccountID, name string) error {
	return s.byName().deleteByName(a, name)
}

// Count returns the number of users of the account.
func (s IAMUsers) Count(a granary.AccountID) (int64, error) { return s.byName().countNouns(a) }

// List returns the account's users whose path begins with a prefix in the order of their names, from after one of them.
func (s IAMUsers) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.IAMUser, string, error) {
	return s.byName().listByPath(a, prefix, after, limit)
}

// Roles holds the roles.
type Roles struct{ Set[granary.Role] }

func (s Roles) byName() namedSet[granary.Role] {
	return namedSet[granary.Role]{s.Set, func(r *granary.Role) string { return r.Name }}
}

// Get returns the role with a name. It fails with NotFound when there is none.
func (s Roles) Get(a granary.AccountID, name string) (*granary.Role, error) {
	return s.byName().getByName(a, name)
}

// Delete removes a role.
func (s Roles) Delete(a granary.AccountID, name string) error {
	return s.byName().deleteByName(a, name)
}

// Count returns the number of roles of the account.
func (s Roles) Count(a granary.AccountID) (int64, error) { return s.byName().countNouns(a) }

// List returns the account's roles whose path begins with a prefix in the order of their names, from after one of them.
func (s Roles) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.Role, string, error) {
	return s.byName().listByPath(a, prefix, after, limit)
}

// ManagedPolicies holds the customer-managed policies.
type ManagedPolicies struct{ Set[granary.ManagedPolicy] }

func (s ManagedPolicies) byName() namedSet[granary.ManagedPolicy] {
	return namedSet[granary.ManagedPolicy]{s.Set, func(p *granary.ManagedPolicy) string { return p.Name }}
}

// Get returns the policy with a name. It fails with NotFound when there is none.
func (s ManagedPolicies) Get(a granary.AccountID, name string) (*granary.ManagedPolicy, error) {
	return s.byName().getByName(a, name)
}

// Delete removes a policy.
func (s ManagedPolicies) Delete(a granary.AccountID, name string) error {
	return s.byName().deleteByName(a, name)
}

// List returns the account's policies whose path begins with a prefix in the order of their names, from after one of
// them.
func (s ManagedPolicies) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.ManagedPolicy, string,
	error) {
	return s.byName().listByPath(a, prefix, after, limit)
}

// OIDCProviders holds the OpenID Connect providers.
type OIDCProviders struct{ Set[granary.OIDCProvider] }

// Get returns the provider with a name, which is its URL without the scheme. It fails with NotFound when there is none.
func (s OIDCProviders) Get(a granary.AccountID, name string) (*granary.OIDCProvider, error) {
	return s.getByKey(string(a), name)
}

// Delete removes a provider.
func (s OIDCProviders) Delete(a granary.AccountID, name string) error {
	return s.deleteByKey(string(a), name)
}

// List returns the account's providers in the order of their names.
func (s OIDCProviders) List(a granary.AccountID) ([]*granary.OIDCProvider, error) {
	return s.queryAll("SELECT doc FROM oidc_provider WHERE account = $1 ORDER BY name", string(a))
}

// AccessKeys holds the long-term access keys. Their secrets are encrypted at rest.
type AccessKeys struct{ Set[granary.AccessKey] }

// Get returns the key with an id. It fails with NotFound when there is none.
func (s AccessKeys) Get(id string) (*granary.AccessKey, error) { return s.getByKey(id) }

// Delete removes a key.
func (s AccessKeys) Delete(id string) error { return s.deleteByKey(id) }

// ListForUser returns the keys of a user, or of the root user if the name is empty, in the order of their ids.
func (s AccessKeys) ListForUser(a granary.AccountID, user string) ([]*granary.AccessKey, error) {
	return s.queryAll("SELECT doc FROM access_key WHERE account = $1 AND user_fold = $2 ORDER BY id", string(a),
		Fold(user))
}

// Keys holds the installation's own keys. Their secrets are encrypted at rest.
type Keys struct{ Set[Key] }

// List returns the keys of a purpose in the order of their ids.
func (s Keys) List(purpose string) ([]*Key, error) {
	return s.queryAll("SELECT doc FROM key_ring WHERE purpose = $1 ORDER BY id", purpose)
}

// Delete removes a key.
func (s Keys) Delete(purpose, id string) error { return s.deleteByKey(purpose, id) }

// Buckets holds the bucket registry.
type Buckets struct{ Set[granary.Bucket] }

// Get returns the bucket with a name. It fails with NotFound when there is none.
func (s Buckets) Get(name string) (*granary.Bucket, error) { return s.getByKey(name) }

// Same returns a bucket that was seen before. It fails with NotFound when the bucket was deleted, also if another one
// has its name now.
func (s Buckets) Same(name, id string) (*granary.Bucket, error) {
	b, err := s.Get(name)
	if err == nil && b.ID != id {
		return nil, s.notFound()
	}
	return b, err
}

// Update replaces a bucket. It fails with NotFound when another bucket has the name now.
func (s Buckets) Update(b *granary.Bucket) error {
	if _, err := s.Same(b.Name, b.ID); err != nil {
		return err
	}
	return s.Set.Update(b)
}

// Delete removes a bucket. It fails with NotFound when another bucket has the name now.
func (s Buckets) Delete(name, id string) error {
	if _, err := s.Same(name, id); err != nil {
		return err
	}
	return s.deleteByKey(name)
}

// setMissingID gives a bucket that was created before buckets had ids its name as its id. No later bucket has its name
// as its id.
func setMissingID(_ *DB, b *granary.Bucket) error {
	if b.ID == "" {
		b.ID = b.Name
	}
	return nil
}

// List returns the account's buckets whose name begins with a prefix in the order of their names, from after one of
// them.
func (s Buckets) List(owner granary.AccountID, prefix, after string, limit int) ([]*granary.Bucket, string, error) {
	return s.queryPage(limit, func(b *granary.Bucket) string { return b.Name },
		"SELECT doc FROM bucket WHERE owner = $1 AND name > $2 AND substr(name, 1, length($3)) = $3 ORDER BY name",
		string(owner), after, prefix)
}
