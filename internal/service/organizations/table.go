// Package organizations answers AWS Organizations, as far as identity needs it: the one organization of the installation, its
// accounts in their units, the policies that bind them, and who administers a service for all of them. Other packages act on what it
// writes: package authz evaluates the policies, authn refuses closed accounts, ssoadmin lets delegated administrators in.
package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB    *store.DB
	Index *index.Index
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "organizations", Source: "organizations.amazonaws.com",
		Codes: map[granary.Kind]string{
			granary.Invalid: "InvalidInputException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.NotFound: "AccountNotFoundException", granary.Exists: "ConstraintViolationException", granary.Conflict: "ConstraintViolationException",
			granary.Quota: "ConstraintViolationException", granary.Throttled: "TooManyRequestsException", granary.NotImplemented: "UnsupportedAPIEndpointException",
			granary.Unavailable: "ServiceException", granary.Internal: "ServiceException",
		},
		Rows: []awsapi.Row{
			awsapi.On(api.DescribeOrganization, everyMember[api.DescribeOrganizationInput], s.describeOrganization),
			awsapi.On(api.CreateOrganization, everyMember[api.CreateOrganizationInput], s.createOrganization),
			awsapi.On(api.DeleteOrganization, manage(s, func(*api.DeleteOrganizationInput) []string { return nil }), s.deleteOrganization),
			awsapi.On(api.LeaveOrganization, everyMember[api.LeaveOrganizationInput], s.leaveOrganization),
			awsapi.On(api.ListRoots, read(s, func(*api.ListRootsInput) []string { return nil }), s.listRoots),
			awsapi.On(api.ListParents, read(s, func(in *api.ListParentsInput) []string { return []string{in.ChildId} }), s.listParents),
			awsapi.On(api.ListChildren, read(s, func(in *api.ListChildrenInput) []string { return []string{in.ParentId} }), s.listChildren),

			awsapi.On(api.CreateOrganizationalUnit, s.checkCreateUnit, s.createUnit),
			awsapi.On(api.DescribeOrganizationalUnit, read(s, func(in *api.DescribeOrganizationalUnitInput) []string { return []string{in.OrganizationalUnitId} }), s.describeUnit),
			awsapi.On(api.UpdateOrganizationalUnit, manage(s, func(in *api.UpdateOrganizationalUnitInput) []string { return []string{in.OrganizationalUnitId} }), s.updateUnit),
			awsapi.On(api.DeleteOrganizationalUnit, manage(s, func(in *api.DeleteOrganizationalUnitInput) []string { return []string{in.OrganizationalUnitId} }), s.deleteUnit),
			awsapi.On(api.ListOrganizationalUnitsForParent, read(s, func(in *api.ListOrganizationalUnitsForParentInput) []string { return []string{in.ParentId} }), s.listUnits),

			awsapi.On(api.CreateAccount, s.checkCreateAccount, s.createAccount),
			awsapi.On(api.DescribeCreateAccountStatus, read(s, func(*api.DescribeCreateAccountStatusInput) []string { return nil }), s.describeCreateAccountStatus),
			awsapi.On(api.ListCreateAccountStatus, read(s, func(*api.ListCreateAccountStatusInput) []string { return nil }), s.listCreateAccountStatus),
			awsapi.On(api.ListAccounts, read(s, func(*api.ListAccountsInput) []string { return nil }), s.listAccounts),
			awsapi.On(api.ListAccountsForParent, read(s, func(in *api.ListAccountsForParentInput) []string { return []string{in.ParentId} }), s.listAccountsForParent),
			awsapi.On(api.DescribeAccount, read(s, func(in *api.DescribeAccountInput) []string { return []string{in.AccountId} }), s.describeAccount),
			awsapi.On(api.MoveAccount, manage(s, func(in *api.MoveAccountInput) []string {
				return []string{in.AccountId, in.SourceParentId, in.DestinationParentId}
			}), s.moveAccount),
			awsapi.On(api.CloseAccount, manage(s, func(in *api.CloseAccountInput) []string { return []string{in.AccountId} }), s.closeAccount),

			awsapi.On(api.RemoveAccountFromOrganization, manage(s, func(in *api.RemoveAccountFromOrganizationInput) []string { return []string{in.AccountId} }), s.removeAccount),

			awsapi.On(api.InviteAccountToOrganization, s.checkInvite, s.inviteAccount),
			awsapi.On(api.EnableAllFeatures, manage(s, func(*api.EnableAllFeaturesInput) []string { return nil }), s.enableAllFeatures),
			awsapi.On(api.DescribeHandshake, handshake(s, func(in *api.DescribeHandshakeInput) string { return in.HandshakeId }), s.describeHandshake),
			awsapi.On(api.AcceptHandshake, handshake(s, func(in *api.AcceptHandshakeInput) string { return in.HandshakeId }), s.acceptHandshake),
			awsapi.On(api.DeclineHandshake, handshake(s, func(in *api.DeclineHandshakeInput) string { return in.HandshakeId }), s.declineHandshake),
			awsapi.On(api.CancelHandshake, handshake(s, func(in *api.CancelHandshakeInput) string { return in.HandshakeId }), s.cancelHandshake),
			awsapi.On(api.ListHandshakesForAccount, everyMember[api.ListHandshakesForAccountInput], s.listHandshakesForAccount),
			awsapi.On(api.ListHandshakesForOrganization, read(s, func(*api.ListHandshakesForOrganizationInput) []string { return nil }), s.listHandshakesForOrganization),

			awsapi.On(api.CreatePolicy, s.checkCreatePolicy, s.createPolicy),
			awsapi.On(api.UpdatePolicy, delegable(s, func(in *api.UpdatePolicyInput) []string { return []string{in.PolicyId} }), s.updatePolicy),
			awsapi.On(api.DeletePolicy, delegable(s, func(in *api.DeletePolicyInput) []string { return []string{in.PolicyId} }), s.deletePolicy),
			awsapi.On(api.DescribePolicy, read(s, func(in *api.DescribePolicyInput) []string { return []string{in.PolicyId} }), s.describePolicy),
			awsapi.On(api.ListPolicies, read(s, func(*api.ListPoliciesInput) []string { return nil }), s.listPolicies),
			awsapi.On(api.AttachPolicy, delegable(s, func(in *api.AttachPolicyInput) []string { return []string{in.PolicyId, in.TargetId} }), s.attachPolicy),
			awsapi.On(api.DetachPolicy, delegable(s, func(in *api.DetachPolicyInput) []string { return []string{in.PolicyId, in.TargetId} }), s.detachPolicy),
			awsapi.On(api.ListPoliciesForTarget, read(s, func(in *api.ListPoliciesForTargetInput) []string { return []string{in.TargetId} }), s.listPoliciesForTarget),
			awsapi.On(api.ListTargetsForPolicy, read(s, func(in *api.ListTargetsForPolicyInput) []string { return []string{in.PolicyId} }), s.listTargetsForPolicy),
			awsapi.On(api.EnablePolicyType, delegable(s, func(in *api.EnablePolicyTypeInput) []string { return []string{in.RootId} }), s.enablePolicyType),
			awsapi.On(api.DisablePolicyType, delegable(s, func(in *api.DisablePolicyTypeInput) []string { return []string{in.RootId} }), s.disablePolicyType),
			awsapi.On(api.DescribeEffectivePolicy, s.checkEffectivePolicy, s.describeEffectivePolicy),

			awsapi.On(api.ListAccountsWithInvalidEffectivePolicy, read(s, func(*api.ListAccountsWithInvalidEffectivePolicyInput) []string { return nil }), s.listInvalidPolicies),

			awsapi.On(api.PutResourcePolicy, s.checkPutResourcePolicy, s.putResourcePolicy),
			awsapi.On(api.DescribeResourcePolicy, read(s, func(*api.DescribeResourcePolicyInput) []string { return nil }), s.describeResourcePolicy),
			awsapi.On(api.DeleteResourcePolicy, manage(s, func(*api.DeleteResourcePolicyInput) []string { return nil }), s.deleteResourcePolicy),

			awsapi.On(api.TagResource, s.checkTag, s.tagResource),
			awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
			awsapi.On(api.ListTagsForResource, read(s, func(in *api.ListTagsForResourceInput) []string { return []string{in.ResourceId} }), s.listTags),

			awsapi.On(api.EnableAWSServiceAccess, manage(s, func(*api.EnableAWSServiceAccessInput) []string { return nil }), s.enableAccess),
			awsapi.On(api.DisableAWSServiceAccess, manage(s, func(*api.DisableAWSServiceAccessInput) []string { return nil }), s.disableAccess),
			awsapi.On(api.ListAWSServiceAccessForOrganization, read(s, func(*api.ListAWSServiceAccessForOrganizationInput) []string { return nil }), s.listAccess),
			awsapi.On(api.RegisterDelegatedAdministrator, manage(s, func(in *api.RegisterDelegatedAdministratorInput) []string { return []string{in.AccountId} }), s.register),
			awsapi.On(api.DeregisterDelegatedAdministrator, manage(s, func(in *api.DeregisterDelegatedAdministratorInput) []string { return []string{in.AccountId} }), s.deregister),
			awsapi.On(api.ListDelegatedAdministrators, read(s, func(*api.ListDelegatedAdministratorsInput) []string { return nil }), s.listDelegated),
			awsapi.On(api.ListDelegatedServicesForAccount, read(s, func(in *api.ListDelegatedServicesForAccountInput) []string { return []string{in.AccountId} }), s.listDelegatedServices),
		},
	}
}
