package ssoadmin

import (
	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/wire"
)

// Permission sets give people roles in accounts, which has no part in S3 Access Grants: there are none, their lists are empty, and
// making one is refused in words. The same holds for attributes for access control. An instance is in one Region and stays there.

// refused answers an operation on what this release does not have.
func refused[In, Out any](op wire.Operation[In, Out], what string) awsapi.Row {
	return awsapi.OnInside(op, func(*awsapi.Call, *In) (*Out, error) {
		return nil, granary.Errorf(granary.Denied, "%s are not supported here: people get their access by S3 Access Grants and application assignments.", what)
	})
}

// none answers a list of what this release does not have, to who sees the instance.
func none[In, Out any](s *service, op wire.Operation[In, Out], instance func(*In) string, out Out) awsapi.Row {
	return awsapi.On(op, openInstance(s, instance), func(c *awsapi.Call, in *In) (*Out, error) {
		_, err := s.instance(c, instance(in))
		return &out, err
	})
}

// oneRegion answers what would give an instance another Region.
func oneRegion[In, Out any](s *service, op wire.Operation[In, Out], instance func(*In) string) awsapi.Row {
	return awsapi.On(op, ownInstance(s, instance), func(c *awsapi.Call, in *In) (*Out, error) {
		if _, err := s.instance(c, instance(in)); err != nil {
			return nil, err
		}
		return nil, granary.Errorf(granary.Invalid, "Further Regions of an instance are not supported here: it stays in the Region that it was made in.")
	})
}

func (s *service) permissionSetRows() []awsapi.Row {
	const sets, attributes = "Permission sets and account assignments", "Attributes for access control"
	return []awsapi.Row{
		oneRegion(s, api.AddRegion, func(in *api.AddRegionInput) string { return in.InstanceArn }),
		refused(api.AttachCustomerManagedPolicyReferenceToPermissionSet, sets),
		refused(api.AttachManagedPolicyToPermissionSet, sets),
		refused(api.CreateAccountAssignment, sets),
		refused(api.CreateInstanceAccessControlAttributeConfiguration, attributes),
		refused(api.CreatePermissionSet, sets),
		refused(api.DeleteAccountAssignment, sets),
		refused(api.DeleteInlinePolicyFromPermissionSet, sets),
		refused(api.DeleteInstanceAccessControlAttributeConfiguration, attributes),
		refused(api.DeletePermissionSet, sets),
		refused(api.DeletePermissionsBoundaryFromPermissionSet, sets),
		refused(api.DescribeAccountAssignmentCreationStatus, sets),
		refused(api.DescribeAccountAssignmentDeletionStatus, sets),
		refused(api.DescribeInstanceAccessControlAttributeConfiguration, attributes),
		refused(api.DescribePermissionSet, sets),
		refused(api.DescribePermissionSetProvisioningStatus, sets),
		refused(api.DetachCustomerManagedPolicyReferenceFromPermissionSet, sets),
		refused(api.DetachManagedPolicyFromPermissionSet, sets),
		refused(api.GetInlinePolicyForPermissionSet, sets),
		refused(api.GetPermissionsBoundaryForPermissionSet, sets),
		refused(api.ProvisionPermissionSet, sets),
		refused(api.PutInlinePolicyToPermissionSet, sets),
		refused(api.PutPermissionsBoundaryToPermissionSet, sets),
		oneRegion(s, api.RemoveRegion, func(in *api.RemoveRegionInput) string { return in.InstanceArn }),
		refused(api.UpdateInstanceAccessControlAttributeConfiguration, attributes),
		refused(api.UpdatePermissionSet, sets),
		none(s, api.ListPermissionSets, func(in *api.ListPermissionSetsInput) string { return in.InstanceArn }, api.ListPermissionSetsOutput{PermissionSets: []string{}}),
		none(s, api.ListPermissionSetsProvisionedToAccount, func(in *api.ListPermissionSetsProvisionedToAccountInput) string { return in.InstanceArn }, api.ListPermissionSetsProvisionedToAccountOutput{PermissionSets: []string{}}),
		none(s, api.ListAccountsForProvisionedPermissionSet, func(in *api.ListAccountsForProvisionedPermissionSetInput) string { return in.InstanceArn }, api.ListAccountsForProvisionedPermissionSetOutput{AccountIds: []string{}}),
		none(s, api.ListManagedPoliciesInPermissionSet, func(in *api.ListManagedPoliciesInPermissionSetInput) string { return in.InstanceArn }, api.ListManagedPoliciesInPermissionSetOutput{AttachedManagedPolicies: []api.AttachedManagedPolicy{}}),
		none(s, api.ListCustomerManagedPolicyReferencesInPermissionSet, func(in *api.ListCustomerManagedPolicyReferencesInPermissionSetInput) string { return in.InstanceArn }, api.ListCustomerManagedPolicyReferencesInPermissionSetOutput{CustomerManagedPolicyReferences: []api.CustomerManagedPolicyReference{}}),
		none(s, api.ListAccountAssignments, func(in *api.ListAccountAssignmentsInput) string { return in.InstanceArn }, api.ListAccountAssignmentsOutput{AccountAssignments: []api.AccountAssignment{}}),
		none(s, api.ListAccountAssignmentsForPrincipal, func(in *api.ListAccountAssignmentsForPrincipalInput) string { return in.InstanceArn }, api.ListAccountAssignmentsForPrincipalOutput{AccountAssignments: []api.AccountAssignmentForPrincipal{}}),
		none(s, api.ListAccountAssignmentCreationStatus, func(in *api.ListAccountAssignmentCreationStatusInput) string { return in.InstanceArn }, api.ListAccountAssignmentCreationStatusOutput{AccountAssignmentsCreationStatus: []api.AccountAssignmentOperationStatusMetadata{}}),
		none(s, api.ListAccountAssignmentDeletionStatus, func(in *api.ListAccountAssignmentDeletionStatusInput) string { return in.InstanceArn }, api.ListAccountAssignmentDeletionStatusOutput{AccountAssignmentsDeletionStatus: []api.AccountAssignmentOperationStatusMetadata{}}),
		none(s, api.ListPermissionSetProvisioningStatus, func(in *api.ListPermissionSetProvisioningStatusInput) string { return in.InstanceArn }, api.ListPermissionSetProvisioningStatusOutput{PermissionSetsProvisioningStatus: []api.PermissionSetProvisioningStatusMetadata{}}),
	}
}
