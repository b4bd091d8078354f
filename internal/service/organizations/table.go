package organizations

import (
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
)

func (s organization) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.DescribeOrganization, everyMember, s.describeOrganization),
		awsapi.On(api.CreateOrganization, everyMember, s.createOrganization),
		awsapi.OnResource(api.DeleteOrganization, s.checkManagement, whole, s.deleteOrganization),
		awsapi.On(api.LeaveOrganization, everyMember, s.leaveOrganization),
		awsapi.OnResource(api.ListRoots, s.checkRead, whole, s.listRoots),
		awsapi.OnResource(api.EnableAllFeatures, s.checkManagement, whole, s.enableAllFeatures),
	}
}

func (s units) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateOrganizationalUnit, s.checkCreateUnit, s.createUnit),
		awsapi.OnResource(api.DescribeOrganizationalUnit, s.checkRead, unit, s.describeUnit),
		awsapi.OnResource(api.UpdateOrganizationalUnit, s.checkManagement, unit, s.updateUnit),
		awsapi.OnResource(api.DeleteOrganizationalUnit, s.checkManagement, unit, s.deleteUnit),
		awsapi.OnResource(api.ListOrganizationalUnitsForParent, s.checkRead, parent, s.listUnits),
		awsapi.OnResource(api.ListParents, s.checkRead, child, s.listParents),
		awsapi.OnResource(api.ListChildren, s.checkRead, parent, s.listChildren),
	}
}

func (s accounts) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateAccount, s.checkCreateAccount, s.createAccount),
		awsapi.OnResource(api.DescribeCreateAccountStatus, s.checkRead, whole, s.describeCreateAccountStatus),
		awsapi.OnResource(api.ListCreateAccountStatus, s.checkRead, whole, s.listCreateAccountStatus),
		awsapi.OnResource(api.ListAccounts, s.checkRead, whole, s.listAccounts),
		awsapi.OnResource(api.ListAccountsForParent, s.checkRead, parent, s.listAccountsForParent),
		awsapi.OnResource(api.DescribeAccount, s.checkRead, account, s.describeAccount),
		awsapi.OnResource(api.MoveAccount, s.checkManagement, accountAndParents, s.moveAccount),
		awsapi.OnResource(api.CloseAccount, s.checkManagement, account, s.closeAccount),
		awsapi.OnResource(api.RemoveAccountFromOrganization, s.checkManagement, account, s.removeAccount),
	}
}

func (s handshakes) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.InviteAccountToOrganization, s.checkInvite, s.inviteAccount),
		awsapi.OnResource(api.DescribeHandshake, s.checkOwn, handshake, s.describeHandshake),
		awsapi.OnResource(api.AcceptHandshake, s.checkOwn, handshake, s.acceptHandshake),
		awsapi.OnResource(api.DeclineHandshake, s.checkOwn, handshake, s.declineHandshake),
		awsapi.OnResource(api.CancelHandshake, s.checkOwn, handshake, s.cancelHandshake),
		awsapi.On(api.ListHandshakesForAccount, everyMember, s.listHandshakesForAccount),
		awsapi.OnResource(api.ListHandshakesForOrganization, s.checkRead, whole, s.listHandshakesForOrganization),
	}
}

func (s policies) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreatePolicy, s.checkCreatePolicy, s.createPolicy),
		awsapi.OnResource(api.UpdatePolicy, s.checkDelegable, policyID, s.updatePolicy),
		awsapi.OnResource(api.DeletePolicy, s.checkDelegable, policyID, s.deletePolicy),
		awsapi.OnResource(api.DescribePolicy, s.checkRead, policyID, s.describePolicy),
		awsapi.OnResource(api.ListPolicies, s.checkRead, policiesOfType, s.listPolicies),
		awsapi.OnResource(api.AttachPolicy, s.checkDelegable, policyAndTarget, s.attachPolicy),
		awsapi.OnResource(api.DetachPolicy, s.checkDelegable, policyAndTarget, s.detachPolicy),
		awsapi.OnResource(api.ListPoliciesForTarget, s.checkRead, policiesOnTarget, s.listPoliciesForTarget),
		awsapi.OnResource(api.ListTargetsForPolicy, s.checkRead, policyID, s.listTargetsForPolicy),
		awsapi.OnResource(api.EnablePolicyType, s.checkDelegable, typeOnRoot, s.enablePolicyType),
		awsapi.OnResource(api.DisablePolicyType, s.checkDelegable, typeOnRoot, s.disablePolicyType),
		awsapi.On(api.DescribeEffectivePolicy, s.checkEffectivePolicy, s.describeEffectivePolicy),
		awsapi.OnResource(api.ListAccountsWithInvalidEffectivePolicy, s.checkRead, invalidPolicies, s.listInvalidPolicies),
	}
}

func (s resourcePolicy) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.PutResourcePolicy, s.checkPutResourcePolicy, s.putResourcePolicy),
		awsapi.OnResource(api.DescribeResourcePolicy, s.checkRead, whole, s.describeResourcePolicy),
		awsapi.OnResource(api.DeleteResourcePolicy, s.checkManagement, whole, s.deleteResourcePolicy),
	}
}

func (s tags) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.TagResource, s.checkTag, s.tagResource),
		awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
		awsapi.OnResource(api.ListTagsForResource, s.checkRead, tagged, s.listTags),
	}
}

func (s delegation) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnResource(api.EnableAWSServiceAccess, s.checkManagement, servicePrincipal, s.enableServiceAccess),
		awsapi.OnResource(api.DisableAWSServiceAccess, s.checkManagement, servicePrincipal, s.disableServiceAccess),
		awsapi.OnResource(api.ListAWSServiceAccessForOrganization, s.checkRead, whole, s.listServices),
		awsapi.OnResource(api.RegisterDelegatedAdministrator, s.checkManagement, administration, s.register),
		awsapi.OnResource(api.DeregisterDelegatedAdministrator, s.checkManagement, administration, s.deregister),
		awsapi.OnResource(api.ListDelegatedAdministrators, s.checkRead, servicePrincipal, s.listAdministrators),
		awsapi.OnResource(api.ListDelegatedServicesForAccount, s.checkRead, account, s.listServicesOf),
	}
}
