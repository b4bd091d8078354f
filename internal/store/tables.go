package store

import "granary"

// nullable returns nil for "", so that absent values do not violate a uniqueness.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// The tables, in the order of a snapshot.
var (
	organizations = register(table[granary.Organization]{name: "organization", noun: "organization", keys: 1,
		columns: []column[granary.Organization]{
			{"id", func(v *granary.Organization) any { return v.ID }}}})
	accounts = register(table[granary.Account]{name: "account", noun: "account", keys: 1,
		columns: []column[granary.Account]{
			{"id", func(v *granary.Account) any { return string(v.ID) }},
			{"email_fold", func(v *granary.Account) any { return nullable(Fold(v.Email)) }},
			{"parent", func(v *granary.Account) any { return v.Parent }}}})
	orgUnits = register(table[granary.OrgUnit]{name: "org_unit", noun: "organizational unit", keys: 1,
		columns: []column[granary.OrgUnit]{
			{"id", func(v *granary.OrgUnit) any { return v.ID }},
			{"parent", func(v *granary.OrgUnit) any { return v.Parent }},
			{"name", func(v *granary.OrgUnit) any { return v.Name }}}})
	orgPolicies = register(table[granary.OrgPolicy]{name: "org_policy", noun: "policy", keys: 1,
		columns: []column[granary.OrgPolicy]{
			{"id", func(v *granary.OrgPolicy) any { return v.ID }},
			{"type", func(v *granary.OrgPolicy) any { return v.Type }},
			{"name", func(v *granary.OrgPolicy) any { return v.Name }}}})
	orgAttachments = register(table[granary.Attachment]{name: "org_attachment", noun: "attachment", keys: 2,
		columns: []column[granary.Attachment]{
			{"target", func(v *granary.Attachment) any { return v.Target }},
			{"policy", func(v *granary.Attachment) any { return v.Policy }},
			{"type", func(v *granary.Attachment) any { return v.Type }}}})
	keyTable = register(table[Key]{name: "key_ring", noun: "key", keys: 2, seal: sealKey, afterRead: openKey,
		columns: []column[Key]{
			{"purpose", func(v *Key) any { return v.Purpose }},
			{"id", func(v *Key) any { return v.ID }}}})
	managedPolicies = register(table[granary.ManagedPolicy]{name: "managed_policy", noun: "policy", keys: 2,
		columns: []column[granary.ManagedPolicy]{
			{"account", func(v *granary.ManagedPolicy) any { return string(v.Account) }},
			{"name_fold", func(v *granary.ManagedPolicy) any { return Fold(v.Name) }},
			{"path", func(v *granary.ManagedPolicy) any { return v.Path }}}})
	iamGroups = register(table[granary.IAMGroup]{name: "iam_group", noun: "group", keys: 2,
		columns: []column[granary.IAMGroup]{
			{"account", func(v *granary.IAMGroup) any { return string(v.Account) }},
			{"name_fold", func(v *granary.IAMGroup) any { return Fold(v.Name) }},
			{"path", func(v *granary.IAMGroup) any { return v.Path }}}})
	iamUsers = register(table[granary.IAMUser]{name: "iam_user", noun: "user", keys: 2, columns: []column[granary.IAMUser]{
		{"account", func(v *granary.IAMUser) any { return string(v.Account) }},
		{"name_fold", func(v *granary.IAMUser) any { return Fold(v.Name) }},
		{"path", func(v *granary.IAMUser) any { return v.Path }}}})
	roles = register(table[granary.Role]{name: "iam_role", noun: "role", keys: 2, columns: []column[granary.Role]{
		{"account", func(v *granary.Role) any { return string(v.Account) }},
		{"name_fold", func(v *granary.Role) any { return Fold(v.Name) }},
		{"path", func(v *granary.Role) any { return v.Path }}}})
	instanceProfiles = register(table[granary.InstanceProfile]{name: "instance_profile", noun: "instance profile", keys: 2,
		columns: []column[granary.InstanceProfile]{
			{"account", func(v *granary.InstanceProfile) any { return string(v.Account) }},
			{"name_fold", func(v *granary.InstanceProfile) any { return Fold(v.Name) }},
			{"path", func(v *granary.InstanceProfile) any { return v.Path }},
			{"role_fold", func(v *granary.InstanceProfile) any { return Fold(v.Role) }}}})
	accountAliases = register(table[granary.AccountAlias]{name: "account_alias", noun: "account alias", keys: 1,
		columns: []column[granary.AccountAlias]{
			{"account", func(v *granary.AccountAlias) any { return string(v.Account) }},
			{"alias", func(v *granary.AccountAlias) any { return v.Alias }}}})
	oidcProviders = register(table[granary.OIDCProvider]{name: "oidc_provider", noun: "OpenID Connect provider", keys: 2,
		columns: []column[granary.OIDCProvider]{
			{"account", func(v *granary.OIDCProvider) any { return string(v.Account) }},
			{"name", func(v *granary.OIDCProvider) any { return v.Name() }}}})
	accessKeys = register(table[granary.AccessKey]{name: "access_key", noun: "access key", keys: 1, seal: sealAccessKey,
		afterRead: openAccessKey,
		columns: []column[granary.AccessKey]{
			{"id", func(v *granary.AccessKey) any { return v.ID }},
			{"account", func(v *granary.AccessKey) any { return string(v.Account) }},
			{"user_fold", func(v *granary.AccessKey) any { return Fold(v.User) }}}})
	identityCenters = register(table[granary.IdentityCenter]{name: "identity_center", noun: "Identity Center instance",
		keys: 1,
		columns: []column[granary.IdentityCenter]{
			{"id", func(v *granary.IdentityCenter) any { return v.ID }},
			{"account", func(v *granary.IdentityCenter) any { return string(v.Account) }},
			{"store", func(v *granary.IdentityCenter) any { return string(v.Store) }}}})
	users = register(table[granary.User]{name: "directory_user", noun: "user", keys: 2, columns: []column[granary.User]{
		{"store", func(v *granary.User) any { return string(v.Store) }},
		{"id", func(v *granary.User) any { return string(v.ID) }},
		{"user_name_fold", func(v *granary.User) any { return Fold(v.UserName) }},
		{"email_fold", func(v *granary.User) any { return nullable(Fold(v.PrimaryEmail())) }},
		{"created", func(v *granary.User) any { return v.Created.UnixMicro() }}}})
	groups = register(table[granary.Group]{name: "directory_group", noun: "group", keys: 2,
		columns: []column[granary.Group]{
			{"store", func(v *granary.Group) any { return string(v.Store) }},
			{"id", func(v *granary.Group) any { return string(v.ID) }},
			{"display_name_fold", func(v *granary.Group) any { return Fold(v.DisplayName) }},
			{"created", func(v *granary.Group) any { return v.Created.UnixMicro() }}}})
	memberships = register(table[granary.Membership]{name: "membership", noun: "membership", keys: 2,
		columns: []column[granary.Membership]{
			{"store", func(v *granary.Membership) any { return string(v.Store) }},
			{"id", func(v *granary.Membership) any { return v.ID }},
			{"group_id", func(v *granary.Membership) any { return string(v.Group) }},
			{"user_id", func(v *granary.Membership) any { return string(v.User) }}}})
	applications = register(table[granary.Application]{name: "application", noun: "application", keys: 1,
		columns: []column[granary.Application]{
			{"arn", func(v *granary.Application) any { return string(v.ARN()) }},
			{"instance", func(v *granary.Application) any { return v.Instance }}}})
	issuers = register(table[granary.Issuer]{name: "issuer", noun: "trusted token issuer", keys: 1,
		columns: []column[granary.Issuer]{
			{"arn", func(v *granary.Issuer) any { return string(v.ARN()) }},
			{"instance", func(v *granary.Issuer) any { return v.Instance }},
			{"name", func(v *granary.Issuer) any { return v.Name }}}})
	signInProviders = register(table[granary.SignInProvider]{name: "sign_in_provider", noun: "sign-in provider", keys: 1,
		seal: sealSignInProvider, afterRead: openSignInProvider,
		columns: []column[granary.SignInProvider]{
			{"instance", func(v *granary.SignInProvider) any { return v.Instance }}}})
	assignments = register(table[granary.Assignment]{name: "assignment", noun: "assignment", keys: 2,
		columns: []column[granary.Assignment]{
			{"application", func(v *granary.Assignment) any { return string(v.Application) }},
			{"principal", func(v *granary.Assignment) any { return v.Principal }}}})
	scimTokens = register(table[granary.ScimToken]{name: "scim_token", noun: "SCIM token", keys: 1,
		columns: []column[granary.ScimToken]{
			{"id", func(v *granary.ScimToken) any { return v.ID }},
			{"store", func(v *granary.ScimToken) any { return string(v.Store) }}}})
	grantsInstances = register(table[granary.GrantsInstance]{name: "grants_instance", noun: "Access Grants instance",
		keys: 2,
		columns: []column[granary.GrantsInstance]{
			{"account", func(v *granary.GrantsInstance) any { return string(v.Account) }},
			{"region", func(v *granary.GrantsInstance) any { return v.Region }}}})
	locations = register(table[granary.Location]{name: "location", noun: "location", keys: 3,
		columns: []column[granary.Location]{
			{"account", func(v *granary.Location) any { return string(v.Account) }},
			{"region", func(v *granary.Location) any { return v.Region }},
			{"id", func(v *granary.Location) any { return string(v.ID) }},
			{"scope", func(v *granary.Location) any { return granary.NormalScope(v.Scope) }}}})
	buckets = register(table[granary.Bucket]{name: "bucket", noun: "bucket", keys: 1, afterRead: setMissingID,
		columns: []column[granary.Bucket]{
			{"name", func(v *granary.Bucket) any { return v.Name }},
			{"owner", func(v *granary.Bucket) any { return string(v.Owner) }}}})
	grantTable = register(table[granary.Grant]{name: "access_grant", noun: "access grant", keys: 3, load: loadGrants,
		columns: []column[granary.Grant]{
			{"account", func(v *granary.Grant) any { return string(v.Account) }},
			{"region", func(v *granary.Grant) any { return v.Region }},
			{"id", func(v *granary.Grant) any { return string(v.ID) }},
			{"location", func(v *granary.Grant) any { return string(v.Location) }},
			{"scope", func(v *granary.Grant) any { return v.Scope }},
			{"object", func(v *granary.Grant) any { return v.Object }},
			{"grantee_type", func(v *granary.Grant) any { return int(v.Grantee.Type) }},
			{"grantee_id", func(v *granary.Grant) any { return v.Grantee.ID }},
			{"permission", func(v *granary.Grant) any { return int(v.Permission) }},
			{"application", func(v *granary.Grant) any { return string(v.Application) }},
			{"created", func(v *granary.Grant) any { return v.Created.UnixNano() }}}})
)
