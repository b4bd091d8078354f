// Package iam answers Identity and Access Management: IAM users, their keys and groups, roles, instance profiles, inline and
// managed policies, boundaries and tags, and simulations of them. It writes what package policy will decide with, and refuses documents that do not parse.
// People of the directory are not its business: they are users of the identity store.
package iam

import (
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authn"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB         *store.DB
	Index      *index.Index
	Uses       *authn.Uses
	AllowPlain bool // OpenID Connect providers over plain HTTP
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "iam", Source: "iam.amazonaws.com", Tells: true,
		Codes: map[granary.Kind]string{
			granary.Invalid: "ValidationError", granary.Denied: "AccessDenied", granary.Unauthenticated: "InvalidClientTokenId",
			granary.NotFound: "NoSuchEntity", granary.Exists: "EntityAlreadyExists", granary.Conflict: "DeleteConflict", granary.Quota: "LimitExceeded",
			granary.NotImplemented: "InvalidAction", granary.Throttled: "Throttling", granary.Unavailable: "ServiceUnavailable", granary.Internal: "ServiceFailure",
		},
		Rows: slices.Concat(s.userRows(), s.groupRows(), s.roleRows(), s.profileRows(), s.policyRows(), s.oidcRows(), s.accountRows(), s.simulationRows(), s.absentRows()),
	}
}

func (s *service) userRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateUser, s.creatingUser, s.createUser),
		awsapi.On(api.GetUser, onUser(s, func(in *api.GetUserInput) string { return in.UserName }), s.getUser),
		awsapi.On(api.UpdateUser, s.updatingUser, s.updateUser),
		awsapi.On(api.DeleteUser, onUser(s, func(in *api.DeleteUserInput) string { return in.UserName }), s.deleteUser),
		awsapi.On(api.ListUsers, onAny[api.ListUsersInput]("user/"), s.listUsers),
		awsapi.On(api.TagUser, tagging(onUser(s, func(in *api.TagUserInput) string { return in.UserName }), func(in *api.TagUserInput) ([]api.Tag, []string) { return in.Tags, nil }), s.tagUser),
		awsapi.On(api.UntagUser, tagging(onUser(s, func(in *api.UntagUserInput) string { return in.UserName }), func(in *api.UntagUserInput) ([]api.Tag, []string) { return nil, in.TagKeys }), s.untagUser),
		awsapi.On(api.ListUserTags, onUser(s, func(in *api.ListUserTagsInput) string { return in.UserName }), s.listUserTags),
		awsapi.On(api.CreateAccessKey, onUser(s, func(in *api.CreateAccessKeyInput) string { return in.UserName }), s.createAccessKey),
		awsapi.On(api.ListAccessKeys, onUser(s, func(in *api.ListAccessKeysInput) string { return in.UserName }), s.listAccessKeys),
		awsapi.On(api.UpdateAccessKey, onUser(s, func(in *api.UpdateAccessKeyInput) string { return in.UserName }), s.updateAccessKey),
		awsapi.On(api.DeleteAccessKey, onUser(s, func(in *api.DeleteAccessKeyInput) string { return in.UserName }), s.deleteAccessKey),
		awsapi.On(api.GetAccessKeyLastUsed, s.onKeyOwner, s.getAccessKeyLastUsed),
		awsapi.On(api.PutUserPolicy, onUserPolicies(s, func(in *api.PutUserPolicyInput) (string, string) { return in.UserName, "" }), s.putUserPolicy),
		awsapi.On(api.GetUserPolicy, onUser(s, func(in *api.GetUserPolicyInput) string { return in.UserName }), s.getUserPolicy),
		awsapi.On(api.DeleteUserPolicy, onUserPolicies(s, func(in *api.DeleteUserPolicyInput) (string, string) { return in.UserName, "" }), s.deleteUserPolicy),
		awsapi.On(api.ListUserPolicies, onUser(s, func(in *api.ListUserPoliciesInput) string { return in.UserName }), s.listUserPolicies),
		awsapi.On(api.AttachUserPolicy, onUserPolicies(s, func(in *api.AttachUserPolicyInput) (string, string) { return in.UserName, in.PolicyArn }), s.attachUserPolicy),
		awsapi.On(api.DetachUserPolicy, onUserPolicies(s, func(in *api.DetachUserPolicyInput) (string, string) { return in.UserName, in.PolicyArn }), s.detachUserPolicy),
		awsapi.On(api.ListAttachedUserPolicies, onUser(s, func(in *api.ListAttachedUserPoliciesInput) string { return in.UserName }), s.listAttachedUserPolicies),
		awsapi.On(api.PutUserPermissionsBoundary, bounding(onUser(s, func(in *api.PutUserPermissionsBoundaryInput) string { return in.UserName }), func(in *api.PutUserPermissionsBoundaryInput) string { return in.PermissionsBoundary }), s.putUserBoundary),
		awsapi.On(api.DeleteUserPermissionsBoundary, onUserPolicies(s, func(in *api.DeleteUserPermissionsBoundaryInput) (string, string) { return in.UserName, "" }), s.deleteUserBoundary),
		awsapi.On(api.ListGroupsForUser, onUser(s, func(in *api.ListGroupsForUserInput) string { return in.UserName }), s.listGroupsForUser),
	}
}

func (s *service) groupRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateGroup, creatingGroup, s.createGroup),
		awsapi.On(api.GetGroup, onGroup(s, func(in *api.GetGroupInput) string { return in.GroupName }), s.getGroup),
		awsapi.On(api.UpdateGroup, s.updatingGroup, s.updateGroup),
		awsapi.On(api.DeleteGroup, onGroup(s, func(in *api.DeleteGroupInput) string { return in.GroupName }), s.deleteGroup),
		awsapi.On(api.ListGroups, onAny[api.ListGroupsInput]("group/"), s.listGroups),
		awsapi.On(api.AddUserToGroup, onGroup(s, func(in *api.AddUserToGroupInput) string { return in.GroupName }), s.addUserToGroup),
		awsapi.On(api.RemoveUserFromGroup, onGroup(s, func(in *api.RemoveUserFromGroupInput) string { return in.GroupName }), s.removeUserFromGroup),
		awsapi.On(api.PutGroupPolicy, onGroup(s, func(in *api.PutGroupPolicyInput) string { return in.GroupName }), s.putGroupPolicy),
		awsapi.On(api.GetGroupPolicy, onGroup(s, func(in *api.GetGroupPolicyInput) string { return in.GroupName }), s.getGroupPolicy),
		awsapi.On(api.DeleteGroupPolicy, onGroup(s, func(in *api.DeleteGroupPolicyInput) string { return in.GroupName }), s.deleteGroupPolicy),
		awsapi.On(api.ListGroupPolicies, onGroup(s, func(in *api.ListGroupPoliciesInput) string { return in.GroupName }), s.listGroupPolicies),
		awsapi.On(api.AttachGroupPolicy, onGroupPolicies(s, func(in *api.AttachGroupPolicyInput) (string, string) { return in.GroupName, in.PolicyArn }), s.attachGroupPolicy),
		awsapi.On(api.DetachGroupPolicy, onGroupPolicies(s, func(in *api.DetachGroupPolicyInput) (string, string) { return in.GroupName, in.PolicyArn }), s.detachGroupPolicy),
		awsapi.On(api.ListAttachedGroupPolicies, onGroup(s, func(in *api.ListAttachedGroupPoliciesInput) string { return in.GroupName }), s.listAttachedGroupPolicies),
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
		awsapi.On(api.TagRole, tagging(onRole(s, func(in *api.TagRoleInput) string { return in.RoleName }), func(in *api.TagRoleInput) ([]api.Tag, []string) { return in.Tags, nil }), s.tagRole),
		awsapi.On(api.UntagRole, tagging(onRole(s, func(in *api.UntagRoleInput) string { return in.RoleName }), func(in *api.UntagRoleInput) ([]api.Tag, []string) { return nil, in.TagKeys }), s.untagRole),
		awsapi.On(api.ListRoleTags, onRole(s, func(in *api.ListRoleTagsInput) string { return in.RoleName }), s.listRoleTags),
		awsapi.On(api.PutRolePolicy, onRolePolicies(s, func(in *api.PutRolePolicyInput) (string, string) { return in.RoleName, "" }), s.putRolePolicy),
		awsapi.On(api.GetRolePolicy, onRole(s, func(in *api.GetRolePolicyInput) string { return in.RoleName }), s.getRolePolicy),
		awsapi.On(api.DeleteRolePolicy, onRolePolicies(s, func(in *api.DeleteRolePolicyInput) (string, string) { return in.RoleName, "" }), s.deleteRolePolicy),
		awsapi.On(api.ListRolePolicies, onRole(s, func(in *api.ListRolePoliciesInput) string { return in.RoleName }), s.listRolePolicies),
		awsapi.On(api.AttachRolePolicy, onRolePolicies(s, func(in *api.AttachRolePolicyInput) (string, string) { return in.RoleName, in.PolicyArn }), s.attachRolePolicy),
		awsapi.On(api.DetachRolePolicy, onRolePolicies(s, func(in *api.DetachRolePolicyInput) (string, string) { return in.RoleName, in.PolicyArn }), s.detachRolePolicy),
		awsapi.On(api.ListAttachedRolePolicies, onRole(s, func(in *api.ListAttachedRolePoliciesInput) string { return in.RoleName }), s.listAttachedRolePolicies),
		awsapi.On(api.PutRolePermissionsBoundary, bounding(onRole(s, func(in *api.PutRolePermissionsBoundaryInput) string { return in.RoleName }), func(in *api.PutRolePermissionsBoundaryInput) string { return in.PermissionsBoundary }), s.putRoleBoundary),
		awsapi.On(api.DeleteRolePermissionsBoundary, onRolePolicies(s, func(in *api.DeleteRolePermissionsBoundaryInput) (string, string) { return in.RoleName, "" }), s.deleteRoleBoundary),
	}
}

func (s *service) profileRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateInstanceProfile, creatingProfile, s.createInstanceProfile),
		awsapi.On(api.GetInstanceProfile, onProfile(s, func(in *api.GetInstanceProfileInput) string { return in.InstanceProfileName }), s.getInstanceProfile),
		awsapi.On(api.DeleteInstanceProfile, onProfile(s, func(in *api.DeleteInstanceProfileInput) string { return in.InstanceProfileName }), s.deleteInstanceProfile),
		awsapi.On(api.ListInstanceProfiles, onAny[api.ListInstanceProfilesInput]("instance-profile/"), s.listInstanceProfiles),
		awsapi.On(api.AddRoleToInstanceProfile, s.addingRole, s.addRoleToInstanceProfile),
		awsapi.On(api.RemoveRoleFromInstanceProfile, onProfile(s, func(in *api.RemoveRoleFromInstanceProfileInput) string { return in.InstanceProfileName }), s.removeRoleFromInstanceProfile),
		awsapi.On(api.ListInstanceProfilesForRole, onRole(s, func(in *api.ListInstanceProfilesForRoleInput) string { return in.RoleName }), s.listInstanceProfilesForRole),
		awsapi.On(api.TagInstanceProfile, tagging(onProfile(s, func(in *api.TagInstanceProfileInput) string { return in.InstanceProfileName }), func(in *api.TagInstanceProfileInput) ([]api.Tag, []string) { return in.Tags, nil }), s.tagInstanceProfile),
		awsapi.On(api.UntagInstanceProfile, tagging(onProfile(s, func(in *api.UntagInstanceProfileInput) string { return in.InstanceProfileName }), func(in *api.UntagInstanceProfileInput) ([]api.Tag, []string) { return nil, in.TagKeys }), s.untagInstanceProfile),
		awsapi.On(api.ListInstanceProfileTags, onProfile(s, func(in *api.ListInstanceProfileTagsInput) string { return in.InstanceProfileName }), s.listInstanceProfileTags),
	}
}

func (s *service) policyRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreatePolicy, creatingPolicy, s.createPolicy),
		awsapi.On(api.GetPolicy, onPolicy(s, func(in *api.GetPolicyInput) string { return in.PolicyArn }), s.getPolicy),
		awsapi.On(api.ListPolicies, onAny[api.ListPoliciesInput](""), s.listPolicies),
		awsapi.On(api.DeletePolicy, onPolicy(s, func(in *api.DeletePolicyInput) string { return in.PolicyArn }), s.deletePolicy),
		awsapi.On(api.CreatePolicyVersion, onPolicy(s, func(in *api.CreatePolicyVersionInput) string { return in.PolicyArn }), s.createPolicyVersion),
		awsapi.On(api.GetPolicyVersion, onPolicy(s, func(in *api.GetPolicyVersionInput) string { return in.PolicyArn }), s.getPolicyVersion),
		awsapi.On(api.ListPolicyVersions, onPolicy(s, func(in *api.ListPolicyVersionsInput) string { return in.PolicyArn }), s.listPolicyVersions),
		awsapi.On(api.DeletePolicyVersion, onPolicy(s, func(in *api.DeletePolicyVersionInput) string { return in.PolicyArn }), s.deletePolicyVersion),
		awsapi.On(api.SetDefaultPolicyVersion, onPolicy(s, func(in *api.SetDefaultPolicyVersionInput) string { return in.PolicyArn }), s.setDefaultPolicyVersion),
		awsapi.On(api.ListEntitiesForPolicy, onPolicy(s, func(in *api.ListEntitiesForPolicyInput) string { return in.PolicyArn }), s.listEntitiesForPolicy),
		awsapi.On(api.TagPolicy, tagging(onPolicy(s, func(in *api.TagPolicyInput) string { return in.PolicyArn }), func(in *api.TagPolicyInput) ([]api.Tag, []string) { return in.Tags, nil }), s.tagPolicy),
		awsapi.On(api.UntagPolicy, tagging(onPolicy(s, func(in *api.UntagPolicyInput) string { return in.PolicyArn }), func(in *api.UntagPolicyInput) ([]api.Tag, []string) { return nil, in.TagKeys }), s.untagPolicy),
		awsapi.On(api.ListPolicyTags, onPolicy(s, func(in *api.ListPolicyTagsInput) string { return in.PolicyArn }), s.listPolicyTags),
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
		awsapi.On(api.TagOpenIDConnectProvider, tagging(onProvider(s, func(in *api.TagOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), func(in *api.TagOpenIDConnectProviderInput) ([]api.Tag, []string) { return in.Tags, nil }), s.tagProvider),
		awsapi.On(api.UntagOpenIDConnectProvider, tagging(onProvider(s, func(in *api.UntagOpenIDConnectProviderInput) string { return in.OpenIDConnectProviderArn }), func(in *api.UntagOpenIDConnectProviderInput) ([]api.Tag, []string) { return nil, in.TagKeys }), s.untagProvider),
		awsapi.On(api.ListOpenIDConnectProviderTags, onProvider(s, func(in *api.ListOpenIDConnectProviderTagsInput) string { return in.OpenIDConnectProviderArn }), s.listProviderTags),
	}
}

func (s *service) accountRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateAccountAlias, onAny[api.CreateAccountAliasInput](""), s.createAlias),
		awsapi.On(api.DeleteAccountAlias, onAny[api.DeleteAccountAliasInput](""), s.deleteAlias),
		awsapi.On(api.ListAccountAliases, onAny[api.ListAccountAliasesInput](""), s.listAliases),
		awsapi.On(api.GetAccountSummary, onAny[api.GetAccountSummaryInput](""), s.getAccountSummary),
		awsapi.On(api.GetAccountAuthorizationDetails, onAny[api.GetAccountAuthorizationDetailsInput](""), s.getAuthorizationDetails),
	}
}

func (s *service) simulationRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.SimulatePrincipalPolicy, onSource(func(in *api.SimulatePrincipalPolicyInput) string { return in.PolicySourceArn }), s.simulatePrincipal),
		awsapi.On(api.SimulateCustomPolicy, onAny[api.SimulateCustomPolicyInput](""), s.simulateCustom),
		awsapi.On(api.GetContextKeysForPrincipalPolicy, onSource(func(in *api.GetContextKeysForPrincipalPolicyInput) string { return in.PolicySourceArn }), s.contextKeysForPrincipal),
		awsapi.On(api.GetContextKeysForCustomPolicy, onAny[api.GetContextKeysForCustomPolicyInput](""), s.contextKeysForCustom),
	}
}

func (s *service) absentRows() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.ListMFADevices, onUser(s, func(in *api.ListMFADevicesInput) string { return in.UserName }), s.listMFADevices),
		awsapi.On(api.ListSigningCertificates, onUser(s, func(in *api.ListSigningCertificatesInput) string { return in.UserName }), s.listSigningCertificates),
		awsapi.On(api.ListSSHPublicKeys, onUser(s, func(in *api.ListSSHPublicKeysInput) string { return in.UserName }), s.listSSHPublicKeys),
		awsapi.On(api.ListServiceSpecificCredentials, onUser(s, func(in *api.ListServiceSpecificCredentialsInput) string { return in.UserName }), s.listServiceSpecificCredentials),
		awsapi.On(api.GetLoginProfile, onUser(s, func(in *api.GetLoginProfileInput) string { return in.UserName }), s.getLoginProfile),
		awsapi.On(api.DeleteLoginProfile, onUser(s, func(in *api.DeleteLoginProfileInput) string { return in.UserName }), s.deleteLoginProfile),
		awsapi.On(api.ListVirtualMFADevices, onAny[api.ListVirtualMFADevicesInput]("mfa/"), s.listVirtualMFADevices),
	}
}
