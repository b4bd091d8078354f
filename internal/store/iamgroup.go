package store

import "granary"

// IAMGroups holds the IAM groups. Who is in them stands with the users.
type IAMGroups struct{ Set[granary.IAMGroup] }

func (s IAMGroups) named() named[granary.IAMGroup] {
	return named[granary.IAMGroup]{s.Set, func(g *granary.IAMGroup) string { return g.Name }}
}

// Get looks a group up by name.
func (s IAMGroups) Get(a granary.AccountID, name string) (*granary.IAMGroup, error) {
	return s.named().get(a, name)
}

// Delete removes a group.
func (s IAMGroups) Delete(a granary.AccountID, name string) error { return s.named().remove(a, name) }

// Count is how many groups the account has.
func (s IAMGroups) Count(a granary.AccountID) (int64, error) { return s.named().count(a) }

// List is the account's groups whose path begins with a prefix, after a name.
func (s IAMGroups) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.IAMGroup, string, error) {
	return s.named().list(a, prefix, after, limit)
}

// InstanceProfiles holds the instance profiles.
type InstanceProfiles struct{ Set[granary.InstanceProfile] }

func (s InstanceProfiles) named() named[granary.InstanceProfile] {
	return named[granary.InstanceProfile]{s.Set, func(p *granary.InstanceProfile) string { return p.Name }}
}

// Get looks a profile up by name.
func (s InstanceProfiles) Get(a granary.AccountID, name string) (*granary.InstanceProfile, error) {
	return s.named().get(a, name)
}

// Delete removes a profile.
func (s InstanceProfiles) Delete(a granary.AccountID, name string) error {
	return s.named().remove(a, name)
}

// Count is how many profiles the account has.
func (s InstanceProfiles) Count(a granary.AccountID) (int64, error) { return s.named().count(a) }

// List is the account's profiles whose path begins with a prefix, after a name.
func (s InstanceProfiles) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.InstanceProfile, string, error) {
	return s.named().list(a, prefix, after, limit)
}

// ListForRole is the profiles that a role is in, after a name.
func (s InstanceProfiles) ListForRole(a granary.AccountID, role, after string, limit int) ([]*granary.InstanceProfile, string, error) {
	return s.page(limit, s.named().key, "SELECT doc FROM instance_profile WHERE account = $1 AND role_fold = $2 AND name_fold > $3 ORDER BY name_fold",
		string(a), Fold(role), Fold(after))
}

// AccountAliases holds the accounts' aliases.
type AccountAliases struct{ Set[granary.AccountAlias] }

// Get is an account's alias; NotFound when it has none.
func (s AccountAliases) Get(a granary.AccountID) (*granary.AccountAlias, error) {
	return s.getBy(string(a))
}

// Delete removes an account's alias.
func (s AccountAliases) Delete(a granary.AccountID) error { return s.deleteBy(string(a)) }
