package store

import "granary"

// IAMGroups holds the IAM groups. A user's memberships are stored with the user.
type IAMGroups struct{ Set[granary.IAMGroup] }

func (s IAMGroups) byName() namedSet[granary.IAMGroup] {
	return namedSet[granary.IAMGroup]{s.Set, func(g *granary.IAMGroup) string { return g.Name }}
}

// Get returns the group with a name. It fails with NotFound when there is none.
func (s IAMGroups) Get(a granary.AccountID, name string) (*granary.IAMGroup, error) {
	return s.byName().getByName(a, name)
}

// Delete removes a group.
func (s IAMGroups) Delete(a granary.AccountID, name string) error {
	return s.byName().deleteByName(a, name)
}

// Count returns the number of groups of the account.
func (s IAMGroups) Count(a granary.AccountID) (int64, error) { return s.byName().countNouns(a) }

// List returns the account's groups whose path begins with a prefix in the order of their names, from after one of
// them.
func (s IAMGroups) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.IAMGroup, string, error) {
	return s.byName().listByPath(a, prefix, after, limit)
}

// InstanceProfiles holds the instance profiles.
type InstanceProfiles struct{ Set[granary.InstanceProfile] }

func (s InstanceProfiles) byName() namedSet[granary.InstanceProfile] {
	return namedSet[granary.InstanceProfile]{s.Set, func(p *granary.InstanceProfile) string { return p.Name }}
}

// Get returns the profile with a name. It fails with NotFound when there is none.
func (s InstanceProfiles) Get(a granary.AccountID, name string) (*granary.InstanceProfile, error) {
	return s.byName().getByName(a, name)
}

// Delete removes a profile.
func (s InstanceProfiles) Delete(a granary.AccountID, name string) error {
	return s.byName().deleteByName(a, name)
}

// Count returns the number of profiles of the account.
func (s InstanceProfiles) Count(a granary.AccountID) (int64, error) { return s.byName().countNouns(a) }

// List returns the account's profiles whose path begins with a prefix in the order of their names, from after one of
// them.
func (s InstanceProfiles) List(a granary.AccountID, prefix, after string, limit int) ([]*granary.InstanceProfile,
	string, error) {
	return s.byName().listByPath(a, prefix, after, limit)
}

// ListForRole returns the profiles that contain a role in the order of their names, from after one of them.
func (s InstanceProfiles) ListForRole(a granary.AccountID, role, after string, limit int) ([]*granary.InstanceProfile,
	string, error) {
	return s.queryPage(limit, s.byName().key, "SELECT doc FROM instance_profile WHERE account = $1 AND role_fold = $2 "+
		"AND name_fold > $3 ORDER BY name_fold",
		string(a), Fold(role), Fold(after))
}

// AccountAliases holds the accounts' aliases.
type AccountAliases struct{ Set[granary.AccountAlias] }

// Get returns an account's alias. It fails with NotFound when there is none.
func (s AccountAliases) Get(a granary.AccountID) (*granary.AccountAlias, error) {
	return s.getByKey(string(a))
}

// Delete removes an account's alias.
func (s AccountAliases) Delete(a granary.AccountID) error { return s.deleteByKey(string(a)) }
