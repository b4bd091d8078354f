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
		Wire: api.Service, Prefix: "organizations", Source: "organizations.amazonaws.com", Tells: true, Reason: reason,
		Codes: map[granary.Kind]string{
			granary.Invalid: "InvalidInputException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.NotFound: "AccountNotFoundException", granary.Exists: "ConstraintViolationException", granary.Conflict: "ConstraintViolationException",
			granary.Quota: "ConstraintViolationException", granary.Throttled: "TooManyRequestsException", granary.NotImplemented: "UnsupportedAPIEndpointException",
			granary.Unavailable: "ServiceException", granary.Internal: "ServiceException",
		},
		Rows: []awsapi.Row{
			awsapi.On(api.DescribeOrganization, everyMember[api.DescribeOrganizationInput], s.describeOrganization),
			awsapi.On(api.CreateOrganization, everyMember[api.CreateOrganizationInput], s.createOrganization),
			awsapi.On(api.DeleteOrganization, manage(s, whole[api.DeleteOrganizationInput]), s.deleteOrganization),
			awsapi.On(api.LeaveOrganization, everyMember[api.LeaveOrganizationInput], s.leaveOrganization),
			awsapi.On(api.ListRoots, read(s, whole[api.ListRootsInput]), s.listRoots),
			awsapi.On(api.ListParents, read(s, func(in *api.ListParentsInput) subject { return on(in.ChildId) }), s.listParents),
			awsapi.On(api.ListChildren, read(s, func(in *api.ListChildrenInput) subject { return on(in.ParentId) }), s.listChildren),

			awsapi.On(api.CreateOrganizationalUnit, s.checkCreateUnit, s.createUnit),
			awsapi.On(api.DescribeOrganizationalUnit, read(s, func(in *api.DescribeOrganizationalUnitInput) subject { return on(in.OrganizationalUnitId) }), s.describeUnit),
			awsapi.On(api.UpdateOrganizationalUnit, manage(s, func(in *api.UpdateOrganizationalUnitInput) subject { return on(in.OrganizationalUnitId) }), s.updateUnit),
			awsapi.On(api.DeleteOrganizationalUnit, manage(s, func(in *api.DeleteOrganizationalUnitInput) subject { return on(in.OrganizationalUnitId) }), s.deleteUnit),
			awsapi.On(api.ListOrganizationalUnitsForParent, read(s, func(in *api.ListOrganizationalUnitsForParentInput) subject { return on(in.ParentId) }), s.listUnits),

			awsapi.On(api.CreateAccount, s.checkCreateAccount, s.createAccount),
			awsapi.On(api.DescribeCreateAccountStatus, read(s, whole[api.DescribeCreateAccountStatusInput]), s.describeCreateAccountStatus),
			awsapi.On(api.ListCreateAccountStatus, read(s, whole[api.ListCreateAccountStatusInput]), s.listCreateAccountStatus),
			awsapi.On(api.ListAccounts, read(s, whole[api.ListAccountsInput]), s.listAccounts),
			awsapi.On(api.ListAccountsForParent, read(s, func(in *api.ListAccountsForParentInput) subject { return on(in.ParentId) }), s.listAccountsForParent),
			awsapi.On(api.DescribeAccount, read(s, func(in *api.DescribeAccountInput) subject { return on(in.AccountId) }), s.describeAccount),
			awsapi.On(api.MoveAccount, manage(s, func(in *api.MoveAccountInput) subject {
				return on(in.AccountId, in.SourceParentId, in.DestinationParentId)
			}), s.moveAccount),
			awsapi.On(api.CloseAccount, manage(s, func(in *api.CloseAccountInput) subject { return on(in.AccountId) }), s.closeAccount),
			awsapi.On(api.RemoveAccountFromOrganization, manage(s, func(in *api.RemoveAccountFromOrganizationInput) subject { return on(in.AccountId) }), s.removeAccount),

			awsapi.On(api.InviteAccountToOrganization, s.checkInvite, s.inviteAccount),
			awsapi.On(api.EnableAllFeatures, manage(s, whole[api.EnableAllFeaturesInput]), s.enableAllFeatures),
			awsapi.On(api.DescribeHandshake, own(s, func(in *api.DescribeHandshakeInput) subject { return on(in.HandshakeId) }), s.describeHandshake),
			awsapi.On(api.AcceptHandshake, own(s, func(in *api.AcceptHandshakeInput) subject { return on(in.HandshakeId) }), s.acceptHandshake),
			awsapi.On(api.DeclineHandshake, own(s, func(in *api.DeclineHandshakeInput) subject { return on(in.HandshakeId) }), s.declineHandshake),
			awsapi.On(api.CancelHandshake, own(s, func(in *api.CancelHandshakeInput) subject { return on(in.HandshakeId) }), s.cancelHandshake),
			awsapi.On(api.ListHandshakesForAccount, everyMember[api.ListHandshakesForAccountInput], s.listHandshakesForAccount),
			awsapi.On(api.ListHandshakesForOrganization, read(s, whole[api.ListHandshakesForOrganizationInput]), s.listHandshakesForOrganization),

			awsapi.On(api.CreatePolicy, s.checkCreatePolicy, s.createPolicy),
			awsapi.On(api.UpdatePolicy, delegable(s, func(in *api.UpdatePolicyInput) subject { return s.ofPolicy(in.PolicyId) }), s.updatePolicy),
			awsapi.On(api.DeletePolicy, delegable(s, func(in *api.DeletePolicyInput) subject { return s.ofPolicy(in.PolicyId) }), s.deletePolicy),
			awsapi.On(api.DescribePolicy, read(s, func(in *api.DescribePolicyInput) subject { return s.ofPolicy(in.PolicyId) }), s.describePolicy),
			awsapi.On(api.ListPolicies, read(s, func(in *api.ListPoliciesInput) subject { return ofType(in.Filter) }), s.listPolicies),
			awsapi.On(api.AttachPolicy, delegable(s, func(in *api.AttachPolicyInput) subject { return s.ofPolicy(in.PolicyId, in.TargetId) }), s.attachPolicy),
			awsapi.On(api.DetachPolicy, delegable(s, func(in *api.DetachPolicyInput) subject { return s.ofPolicy(in.PolicyId, in.TargetId) }), s.detachPolicy),
			awsapi.On(api.ListPoliciesForTarget, read(s, func(in *api.ListPoliciesForTargetInput) subject { return ofType(in.Filter, in.TargetId) }), s.listPoliciesForTarget),
			awsapi.On(api.ListTargetsForPolicy, read(s, func(in *api.ListTargetsForPolicyInput) subject { return s.ofPolicy(in.PolicyId) }), s.listTargetsForPolicy),
			awsapi.On(api.EnablePolicyType, delegable(s, func(in *api.EnablePolicyTypeInput) subject { return ofType(in.PolicyType, in.RootId) }), s.enablePolicyType),
			awsapi.On(api.DisablePolicyType, delegable(s, func(in *api.DisablePolicyTypeInput) subject { return ofType(in.PolicyType, in.RootId) }), s.disablePolicyType),
			awsapi.On(api.DescribeEffectivePolicy, s.checkEffectivePolicy, s.describeEffectivePolicy),
			awsapi.On(api.ListAccountsWithInvalidEffectivePolicy, read(s, func(in *api.ListAccountsWithInvalidEffectivePolicyInput) subject { return ofType(in.PolicyType) }), s.listInvalidPolicies),

			awsapi.On(api.PutResourcePolicy, s.checkPutResourcePolicy, s.putResourcePolicy),
			awsapi.On(api.DescribeResourcePolicy, read(s, whole[api.DescribeResourcePolicyInput]), s.describeResourcePolicy),
			awsapi.On(api.DeleteResourcePolicy, manage(s, whole[api.DeleteResourcePolicyInput]), s.deleteResourcePolicy),

			awsapi.On(api.TagResource, s.checkTag, s.tagResource),
			awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
			awsapi.On(api.ListTagsForResource, read(s, func(in *api.ListTagsForResourceInput) subject { return on(in.ResourceId) }), s.listTags),

			awsapi.On(api.EnableAWSServiceAccess, manage(s, func(in *api.EnableAWSServiceAccessInput) subject { return forService(in.ServicePrincipal) }), s.enableAccess),
			awsapi.On(api.DisableAWSServiceAccess, manage(s, func(in *api.DisableAWSServiceAccessInput) subject { return forService(in.ServicePrincipal) }), s.disableAccess),
			awsapi.On(api.ListAWSServiceAccessForOrganization, read(s, whole[api.ListAWSServiceAccessForOrganizationInput]), s.listAccess),
			awsapi.On(api.RegisterDelegatedAdministrator, manage(s, func(in *api.RegisterDelegatedAdministratorInput) subject {
				return forService(in.ServicePrincipal, in.AccountId)
			}), s.register),
			awsapi.On(api.DeregisterDelegatedAdministrator, manage(s, func(in *api.DeregisterDelegatedAdministratorInput) subject {
				return forService(in.ServicePrincipal, in.AccountId)
			}), s.deregister),
			awsapi.On(api.ListDelegatedAdministrators, read(s, func(in *api.ListDelegatedAdministratorsInput) subject { return forService(in.ServicePrincipal) }), s.listDelegated),
			awsapi.On(api.ListDelegatedServicesForAccount, read(s, func(in *api.ListDelegatedServicesForAccountInput) subject { return on(in.AccountId) }), s.listDelegatedServices),
		},
	}
}
