// Package iam answers Identity and Access Management: IAM users and their keys, roles, inline and managed policies,
// boundaries and tags. It writes what package policy will decide with, and refuses documents that do not parse.
// People of the directory are not its business: they are users of the identity store.
package iam

import (
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB         *store.DB
	Index      *index.Index
	AllowPlain bool // OpenID Connect providers over plain HTTP
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "iam", Source: "iam.amazonaws.com",
		Codes: map[granary.Kind]string{
			granary.Invalid: "ValidationError", granary.Denied: "AccessDenied", granary.Unauthenticated: "InvalidClientTokenId",
			granary.NotFound: "NoSuchEntity", granary.Exists: "EntityAlreadyExists", granary.Conflict: "DeleteConflict", granary.Quota: "LimitExceeded",
			granary.NotImplemented: "InvalidAction", granary.Throttled: "Throttling", granary.Unavailable: "ServiceUnavailable", granary.Internal: "ServiceFailure",
		},
		Rows: slices.Concat(s.userRows(), s.roleRows(), s.policyRows(), s.oidcRows()),
	}
}

func (s *service) userRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateUser, s.creatingUser, s.createUser),
		awsapi.On(api.GetUser, onUser(s, func(in *api.GetUserInput) string { return in.UserName }), s.getUser),
		awsapi.On(api.UpdateUser, onUser(s, func(in *api.UpdateUserInput) string { return in.UserName }), s.updateUser),
		awsapi.On(api.DeleteUser, onUser(s, func(in *api.DeleteUserInput) string { return in.UserName }), s.deleteUser),
		awsapi.On(api.ListUsers, onAny[api.ListUsersInput]("user/"), s.listUsers),
		awsapi.On(api.TagUser, onUser(s, func(in *api.TagUserInput) string { return in.UserName }), s.tagUser),
		awsapi.On(api.UntagUser, onUser(s, func(in *api.UntagUserInput) string { return in.UserName }), s.untagUser),
		awsapi.On(api.ListUserTags, onUser(s, func(in *api.ListUserTagsInput) string { return in.UserName }), s.listUserTags),
		awsapi.On(api.CreateAccessKey, onUser(s, func(in *api.CreateAccessKeyInput) string { return in.UserName }), s.createAccessKey),
		awsapi.On(api.ListAccessKeys, onUser(s, func(in *api.ListAccessKeysInput) string { return in.UserName }), s.listAccessKeys),
		awsapi.On(api.UpdateAccessKey, onUser(s, func(in *api.UpdateAccessKeyInput) string { return in.UserName }), s.updateAccessKey),
		awsapi.On(api.DeleteAccessKey, onUser(s, func(in *api.DeleteAccessKeyInput) string { return in.UserName }), s.deleteAccessKey),
		awsapi.On(api.PutUserPolicy, onUser(s, func(in *api.PutUserPolicyInput) string { return in.UserName }), s.putUserPolicy),
		awsapi.On(api.GetUserPolicy, onUser(s, func(in *api.GetUserPolicyInput) string { return in.UserName }), s.getUserPolicy),
		awsapi.On(api.DeleteUserPolicy, onUser(s, func(in *api.DeleteUserPolicyInput) string { return in.UserName }), s.deleteUserPolicy),
		awsapi.On(api.ListUserPolicies, onUser(s, func(in *api.ListUserPoliciesInput) string { return in.UserName }), s.listUserPolicies),
		awsapi.On(api.AttachUserPolicy, onUserWith(s, func(in *api.AttachUserPolicyInput) (string, string) { return in.UserName, in.PolicyArn }), s.attachUserPolicy),
		awsapi.On(api.DetachUserPolicy, onUserWith(s, func(in *api.DetachUserPolicyInput) (string, string) { return in.UserName, in.PolicyArn }), s.detachUserPolicy),
		awsapi.On(api.ListAttachedUserPolicies, onUser(s, func(in *api.ListAttachedUserPoliciesInput) string { return in.UserName }), s.listAttachedUserPolicies),
		awsapi.On(api.PutUserPermissionsBoundary, onUser(s, func(in *api.PutUserPermissionsBoundaryInput) string { return in.UserName }), s.putUserBoundary),
		awsapi.On(api.DeleteUserPermissionsBoundary, onUser(s, func(in *api.DeleteUserPermissionsBoundaryInput) string { return in.UserName }), s.deleteUserBoundary),
	}
}

func (s *service) roleRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateRole, s.creatingRole, s.createRole),
		awsapi.On(api.GetRole, onRole(s, func(in *api.GetRoleInput) string { return in.RoleName }), s.getRole),
		awsapi.On(api.UpdateRole, onRole(s, func(in *api.UpdateRoleInput) string { return in.RoleName }), s.updateRole),
		awsapi.On(api.UpdateRoleDescription, onRole(s, func(in *api.UpdateRoleDescriptionInput) string { return in.RoleName }), s.updateRoleDescription),
		awsapi.On(api.UpdateAssumeRolePolicy, onRole(s, func(in *api.UpdateAssumeRolePolicyInput) string { return in.RoleName }), s.updateTrust),
		awsapi.On(api.DeleteRole, onRole(s, func(in *api.DeleteRoleInput) string { return in.RoleName }), s.deleteRole),
		awsapi.On(api.ListRoles, onAny[api.ListRolesInput]("role/"), s.listRoles),
		awsapi.On(api.TagRole, onRole(s, func(in *api.TagRoleInput) string { return in.RoleName }), s.tagRole),
		awsapi.On(api.UntagRole, onRole(s, func(in *api.UntagRoleInput) string { return in.RoleName }), s.untagRole),
		awsapi.On(api.ListRoleTags, onRole(s, func(in *api.ListRoleTagsInput) string { return in.RoleName }), s.listRoleTags),
		awsapi.On(api.PutRolePolicy, onRole(s, func(in *api.PutRolePolicyInput) string { return in.RoleName }), s.putRolePolicy),
		awsapi.On(api.GetRolePolicy, onRole(s, func(in *api.GetRolePolicyInput) string { return in.RoleName }), s.getRolePolicy),
		awsapi.On(api.DeleteRolePolicy, onRole(s, func(in *api.DeleteRolePolicyInput) string { return in.RoleName }), s.deleteRolePolicy),
		awsapi.On(api.ListRolePolicies, onRole(s, func(in *api.ListRolePoliciesInput) string { return in.RoleName }), s.listRolePolicies),
		awsapi.On(api.AttachRolePolicy, onRoleWith(s, func(in *api.AttachRolePolicyInput) (string, string) { return in.RoleName, in.PolicyArn }), s.attachRolePolicy),
		awsapi.On(api.DetachRolePolicy, onRoleWith(s, func(in *api.DetachRolePolicyInput) (string, string) { return in.RoleName, in.PolicyArn }), s.detachRolePolicy),
		awsapi.On(api.ListAttachedRolePolicies, onRole(s, func(in *api.ListAttachedRolePoliciesInput) string { return in.RoleName }), s.listAttachedRolePolicies),
		awsapi.On(api.PutRolePermissionsBoundary, onRole(s, func(in *api.PutRolePermissionsBoundaryInput) string { return in.RoleName }), s.putRoleBoundary),
		awsapi.On(api.DeleteRolePermissionsBoundary, onRole(s, func(in *api.DeleteRolePermissionsBoundaryInput) string { return in.RoleName }), s.deleteRoleBoundary),
		awsapi.On(api.ListInstanceProfilesForRole, onRole(s, func(in *api.ListInstanceProfilesForRoleInput) string { return in.RoleName }), s.listInstanceProfilesForRole),
	}
}

func (s *service) policyRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreatePolicy, creatingPolicy, s.createPolicy),
		awsapi.On(api.GetPolicy, onPolicy(func(in *api.GetPolicyInput) string { return in.PolicyArn }), s.getPolicy),
		awsapi.On(api.ListPolicies, onAny[api.ListPoliciesInput](""), s.listPolicies),
		awsapi.On(api.DeletePolicy, onPolicy(func(in *api.DeletePolicyInput) string { return in.PolicyArn }), s.deletePolicy),
		awsapi.On(api.CreatePolicyVersion, onPolicy(func(in *api.CreatePolicyVersionInput) string { return in.PolicyArn }), s.createPolicyVersion),
		awsapi.On(api.GetPolicyVersion, onPolicy(func(in *api.GetPolicyVersionInput) string { return in.PolicyArn }), s.getPolicyVersion),
		awsapi.On(api.ListPolicyVersions, onPolicy(func(in *api.ListPolicyVersionsInput) string { return in.PolicyArn }), s.listPolicyVersions),
		awsapi.On(api.DeletePolicyVersion, onPolicy(func(in *api.DeletePolicyVersionInput) string { return in.PolicyArn }), s.deletePolicyVersion),
		awsapi.On(api.SetDefaultPolicyVersion, onPolicy(func(in *api.SetDefaultPolicyVersionInput) string { return in.PolicyArn }), s.setDefaultPolicyVersion),
		awsapi.On(api.ListEntitiesForPolicy, onPolicy(func(in *api.ListEntitiesForPolicyInput) string { return in.PolicyArn }), s.listEntitiesForPolicy),
		awsapi.On(api.TagPolicy, onPolicy(func(in *api.TagPolicyInput) string { return in.PolicyArn }), s.tagPolicy),
		awsapi.On(api.UntagPolicy, onPolicy(func(in *api.UntagPolicyInput) string { return in.PolicyArn }), s.untagPolicy),
		awsapi.On(api.ListPolicyTags, onPolicy(func(in *api.ListPolicyTagsInput) string { return in.PolicyArn }), s.listPolicyTags),
	}
}

func (s *service) oidcRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateOpenIDConnectProvider, creatingProvider, s.createProvider),
		awsapi.On(api.GetOpenIDConnectProvider, onProvider(s, func(in *api.GetOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.getProvider),
		awsapi.On(api.DeleteOpenIDConnectProvider, onProvider(s, func(in *api.DeleteOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.deleteProvider),
		awsapi.On(api.ListOpenIDConnectProviders, onAny[api.ListOpenIDConnectProvidersInput]("oidc-provider/*"), s.listProviders),
		awsapi.On(api.AddClientIDToOpenIDConnectProvider, onProvider(s, func(in *api.AddClientIDToOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.addClientID),
		awsapi.On(api.RemoveClientIDFromOpenIDConnectProvider, onProvider(s, func(in *api.RemoveClientIDFromOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.removeClientID),
		awsapi.On(api.UpdateOpenIDConnectProviderThumbprint, onProvider(s, func(in *api.UpdateOpenIDConnectProviderThumbprintInput) string { return in.OpenIDConnectProviderArn }), s.updateThumbprint),
		awsapi.On(api.TagOpenIDConnectProvider, onProvider(s, func(in *api.TagOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.tagProvider),
		awsapi.On(api.UntagOpenIDConnectProvider, onProvider(s, func(in *api.UntagOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), s.untagProvider),
		awsapi.On(api.ListOpenIDConnectProviderTags, onProvider(s, func(in *api.ListOpenIDConnectProviderTagsInput) string { return in.OpenIDConnectProviderArn }), s.listProviderTags),
	}
}
