package iam

import (
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
)

func (s users) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateUser, s.checkCreateUser, s.createUser),
		awsapi.OnResource(api.GetUser, s.checkUser, api.UserName, s.getUser),
		awsapi.On(api.UpdateUser, s.checkUpdateUser, s.updateUser),
		awsapi.OnResource(api.DeleteUser, s.checkUser, api.UserName, s.deleteUser),
		awsapi.On(api.ListUsers, allUsers, s.listUsers),
		awsapi.On(api.TagUser, s.checkTagUser, s.tagUser),
		awsapi.On(api.UntagUser, s.checkUntagUser, s.untagUser),
		awsapi.OnResource(api.ListUserTags, s.checkUser, api.UserName, s.listUserTags),

		awsapi.OnResource(api.PutUserPolicy, s.checkUserPolicies, api.UserName, s.putUserPolicy),
		awsapi.OnResource(api.GetUserPolicy, s.checkUser, api.UserName, s.getUserPolicy),
		awsapi.OnResource(api.DeleteUserPolicy, s.checkUserPolicies, api.UserName, s.deleteUserPolicy),
		awsapi.OnResource(api.ListUserPolicies, s.checkUser, api.UserName, s.listUserPolicies),
		awsapi.On(api.AttachUserPolicy, s.checkAttachUserPolicy, s.attachUserPolicy),
		awsapi.On(api.DetachUserPolicy, s.checkDetachUserPolicy, s.detachUserPolicy),
		awsapi.OnResource(api.ListAttachedUserPolicies, s.checkUser, api.UserName, s.listAttachedUserPolicies),
		awsapi.On(api.PutUserPermissionsBoundary, s.checkPutUserBoundary, s.putUserBoundary),
		awsapi.OnResource(api.DeleteUserPermissionsBoundary, s.checkUserPolicies, api.UserName, s.deleteUserBoundary),
	}
}

func (s accessKeys) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnResource(api.CreateAccessKey, s.checkUser, api.UserName, s.createAccessKey),
		awsapi.OnResource(api.ListAccessKeys, s.checkUser, api.UserName, s.listAccessKeys),
		awsapi.OnResource(api.UpdateAccessKey, s.checkUser, api.UserName, s.updateAccessKey),
		awsapi.OnResource(api.DeleteAccessKey, s.checkUser, api.UserName, s.deleteAccessKey),
		awsapi.On(api.GetAccessKeyLastUsed, s.checkKeyOwner, s.getAccessKeyLastUsed),
	}
}

func (s groups) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateGroup, s.checkCreateGroup, s.createGroup),
		awsapi.OnResource(api.GetGroup, s.checkGroup, api.GroupName, s.getGroup),
		awsapi.On(api.UpdateGroup, s.checkUpdateGroup, s.updateGroup),
		awsapi.OnResource(api.DeleteGroup, s.checkGroup, api.GroupName, s.deleteGroup),
		awsapi.On(api.ListGroups, allGroups, s.listGroups),
		awsapi.OnResource(api.AddUserToGroup, s.checkGroup, api.GroupName, s.addUserToGroup),
		awsapi.OnResource(api.RemoveUserFromGroup, s.checkGroup, api.GroupName, s.removeUserFromGroup),
		awsapi.OnResource(api.ListGroupsForUser, s.checkUser, api.UserName, s.listGroupsForUser),

		awsapi.OnResource(api.PutGroupPolicy, s.checkGroup, api.GroupName, s.putGroupPolicy),
		awsapi.OnResource(api.GetGroupPolicy, s.checkGroup, api.GroupName, s.getGroupPolicy),
		awsapi.OnResource(api.DeleteGroupPolicy, s.checkGroup, api.GroupName, s.deleteGroupPolicy),
		awsapi.OnResource(api.ListGroupPolicies, s.checkGroup, api.GroupName, s.listGroupPolicies),
		awsapi.On(api.AttachGroupPolicy, s.checkAttachGroupPolicy, s.attachGroupPolicy),
		awsapi.On(api.DetachGroupPolicy, s.checkDetachGroupPolicy, s.detachGroupPolicy),
		awsapi.OnResource(api.ListAttachedGroupPolicies, s.checkGroup, api.GroupName, s.listAttachedGroupPolicies),
	}
}

func (s roles) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateRole, s.checkCreateRole, s.createRole),
		awsapi.OnResource(api.GetRole, s.checkRole, api.RoleName, s.getRole),
		awsapi.OnResource(api.UpdateRole, s.checkRole, api.RoleName, s.updateRole),
		awsapi.OnResource(api.UpdateRoleDescription, s.checkRole, api.RoleName, s.updateRoleDescription),
		awsapi.OnResource(api.UpdateAssumeRolePolicy, s.checkRole, api.RoleName, s.updateTrust),
		awsapi.OnResource(api.DeleteRole, s.checkRole, api.RoleName, s.deleteRole),
		awsapi.On(api.ListRoles, allRoles, s.listRoles),
		awsapi.On(api.TagRole, s.checkTagRole, s.tagRole),
		awsapi.On(api.UntagRole, s.checkUntagRole, s.untagRole),
		awsapi.OnResource(api.ListRoleTags, s.checkRole, api.RoleName, s.listRoleTags),

		awsapi.OnResource(api.PutRolePolicy, s.checkRolePolicies, api.RoleName, s.putRolePolicy),
		awsapi.OnResource(api.GetRolePolicy, s.checkRole, api.RoleName, s.getRolePolicy),
		awsapi.OnResource(api.DeleteRolePolicy, s.checkRolePolicies, api.RoleName, s.deleteRolePolicy),
		awsapi.OnResource(api.ListRolePolicies, s.checkRole, api.RoleName, s.listRolePolicies),
		awsapi.On(api.AttachRolePolicy, s.checkAttachRolePolicy, s.attachRolePolicy),
		awsapi.On(api.DetachRolePolicy, s.checkDetachRolePolicy, s.detachRolePolicy),
		awsapi.OnResource(api.ListAttachedRolePolicies, s.checkRole, api.RoleName, s.listAttachedRolePolicies),
		awsapi.On(api.PutRolePermissionsBoundary, s.checkPutRoleBoundary, s.putRoleBoundary),
		awsapi.OnResource(api.DeleteRolePermissionsBoundary, s.checkRolePolicies, api.RoleName, s.deleteRoleBoundary),
	}
}

func (s profiles) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateInstanceProfile, s.checkCreateProfile, s.createInstanceProfile),
		awsapi.OnResource(api.GetInstanceProfile, s.checkProfile, api.InstanceProfileName, s.getInstanceProfile),
		awsapi.OnResource(api.DeleteInstanceProfile, s.checkProfile, api.InstanceProfileName, s.deleteInstanceProfile),
		awsapi.On(api.ListInstanceProfiles, allProfiles, s.listInstanceProfiles),
		awsapi.On(api.AddRoleToInstanceProfile, s.checkAddRole, s.addRole),
		awsapi.OnResource(api.RemoveRoleFromInstanceProfile, s.checkProfile, api.InstanceProfileName, s.removeRole),
		awsapi.OnResource(api.ListInstanceProfilesForRole, s.checkRole, api.RoleName, s.listInstanceProfilesForRole),
		awsapi.On(api.TagInstanceProfile, s.checkTagProfile, s.tagInstanceProfile),
		awsapi.On(api.UntagInstanceProfile, s.checkUntagProfile, s.untagInstanceProfile),
		awsapi.OnResource(api.ListInstanceProfileTags, s.checkProfile, api.InstanceProfileName, s.listInstanceProfileTags),
	}
}

func (s policies) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreatePolicy, s.checkCreatePolicy, s.createPolicy),
		awsapi.OnResource(api.GetPolicy, s.checkPolicy, api.PolicyArn, s.getPolicy),
		awsapi.On(api.ListPolicies, anyResource, s.listPolicies),
		awsapi.OnResource(api.DeletePolicy, s.checkPolicy, api.PolicyArn, s.deletePolicy),
		awsapi.OnResource(api.CreatePolicyVersion, s.checkPolicy, api.PolicyArn, s.createPolicyVersion),
		awsapi.OnResource(api.GetPolicyVersion, s.checkPolicy, api.PolicyArn, s.getPolicyVersion),
		awsapi.OnResource(api.ListPolicyVersions, s.checkPolicy, api.PolicyArn, s.listPolicyVersions),
		awsapi.OnResource(api.DeletePolicyVersion, s.checkPolicy, api.PolicyArn, s.deletePolicyVersion),
		awsapi.OnResource(api.SetDefaultPolicyVersion, s.checkPolicy, api.PolicyArn, s.setDefaultPolicyVersion),
		awsapi.OnResource(api.ListEntitiesForPolicy, s.checkPolicy, api.PolicyArn, s.listEntitiesForPolicy),
		awsapi.On(api.TagPolicy, s.checkTagPolicy, s.tagPolicy),
		awsapi.On(api.UntagPolicy, s.checkUntagPolicy, s.untagPolicy),
		awsapi.OnResource(api.ListPolicyTags, s.checkPolicy, api.PolicyArn, s.listPolicyTags),
	}
}

func (s providers) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateOpenIDConnectProvider, s.checkCreateProvider, s.createProvider),
		awsapi.OnResource(api.GetOpenIDConnectProvider, s.checkProvider, providerARN, s.getProvider),
		awsapi.OnResource(api.DeleteOpenIDConnectProvider, s.checkProvider, providerARN, s.deleteProvider),
		awsapi.On(api.ListOpenIDConnectProviders, allProviders, s.listProviders),
		awsapi.OnResource(api.AddClientIDToOpenIDConnectProvider, s.checkProvider, providerARN, s.addClientID),
		awsapi.OnResource(api.RemoveClientIDFromOpenIDConnectProvider, s.checkProvider, providerARN, s.removeClientID),
		awsapi.OnResource(api.UpdateOpenIDConnectProviderThumbprint, s.checkProvider, providerARN, s.updateThumbprint),
		awsapi.On(api.TagOpenIDConnectProvider, s.checkTagProvider, s.tagProvider),
		awsapi.On(api.UntagOpenIDConnectProvider, s.checkUntagProvider, s.untagProvider),
		awsapi.OnResource(api.ListOpenIDConnectProviderTags, s.checkProvider, providerARN, s.listProviderTags),
	}
}

func (s account) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateAccountAlias, anyResource, s.createAlias),
		awsapi.On(api.DeleteAccountAlias, anyResource, s.deleteAlias),
		awsapi.On(api.ListAccountAliases, anyResource, s.listAliases),
		awsapi.On(api.GetAccountSummary, anyResource, s.getAccountSummary),
		awsapi.On(api.GetAccountAuthorizationDetails, anyResource, s.getAuthorizationDetails),
	}
}

func (s simulations) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnResource(api.SimulatePrincipalPolicy, checkEntity, api.PolicySourceArn, s.simulatePrincipal),
		awsapi.On(api.SimulateCustomPolicy, anyResource, s.simulateCustom),
		awsapi.OnResource(api.GetContextKeysForPrincipalPolicy, checkEntity, api.PolicySourceArn, s.contextKeysForPrincipal),
		awsapi.On(api.GetContextKeysForCustomPolicy, anyResource, s.contextKeysForCustom),
	}
}

func (s credentials) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnResource(api.ListMFADevices, s.checkUser, api.UserName, s.listMFADevices),
		awsapi.OnResource(api.ListSigningCertificates, s.checkUser, api.UserName, s.listSigningCertificates),
		awsapi.OnResource(api.ListSSHPublicKeys, s.checkUser, api.UserName, s.listSSHPublicKeys),
		awsapi.OnResource(api.ListServiceSpecificCredentials, s.checkUser, api.UserName, s.listServiceCredentials),
		awsapi.OnResource(api.GetLoginProfile, s.checkUser, api.UserName, s.getLoginProfile),
		awsapi.OnResource(api.DeleteLoginProfile, s.checkUser, api.UserName, s.deleteLoginProfile),
		awsapi.On(api.ListVirtualMFADevices, allMFADevices, s.listVirtualMFADevices),
	}
}
