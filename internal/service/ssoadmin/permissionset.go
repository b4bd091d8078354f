package ssoadmin

import (
	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/wire"
)

// Permission sets give people roles in accounts, which has no part in S3 Access Grants: there are none, their lists are
// empty, and making one is refused in words. The same holds for attributes for access control. An instance is in one
// Region and stays there.

// refused answers an operation on what this release does not have.
func refused[In, Out any](op wire.Operation[In, Out], what string) awsapi.Row {
	return awsapi.OnInside(op, func(*awsapi.Call, *In) (*Out, error) {
		return nil, granary.Errorf(granary.Denied, "%s are not supported here: people get their access by S3 Access Grants "+
			"and application assignments.", what)
	})
}

// emptyList answers the list operations of features that this release does not have, to accounts that see the instance.
func emptyList[In, Out any](s *service, op wire.Operation[In, Out], instance func(*In) string, out Out) awsapi.Row {
	return awsapi.OnResource(op, s.checkReadInstance, instance, func(c *awsapi.Call, in *In) (*Out, error) {
		_, err := s.instance(c, instance(in))
		return &out, err
	})
}

// oneRegion answers an operation that would give an instance another Region.
func oneRegion[In, Out any](s *service, op wire.Operation[In, Out], instance func(*In) string) awsapi.Row {
	return awsapi.OnResource(op, s.checkInstance, instance, func(c *awsapi.Call, in *In) (*Out, error) {
		if _, err := s.instance(c, instance(in)); err != nil {
			return nil, err
		}
		return nil, granary.Errorf(granary.Invalid, "Further Regions of an instance are not supported here: it stays in "+
			"the Region that it was made in.")
	})
}

func permissionSetRows(s *service) []awsapi.Row {
	const sets, attributes = "Permission sets and account assignments", "Attributes for access control"
	return []awsapi.Row{
		oneRegion(s, api.AddRegion, api.InstanceArn),
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
		oneRegion(s, api.RemoveRegion, api.InstanceArn),
		refused(api.UpdateInstanceAccessControlAttributeConfiguration, attributes),
		refused(api.UpdatePermissionSet, sets),
		emptyList(s, api.ListPermissionSets, api.InstanceArn,
			api.ListPermissionSetsOutput{PermissionSets: []string{}}),
		emptyList(s, api.ListPermissionSetsProvisionedToAccount, api.InstanceArn,
			api.ListPermissionSetsProvisionedToAccountOutput{PermissionSets: []string{}}),
		emptyList(s, api.ListAccountsForProvisionedPermissionSet, api.InstanceArn,
			api.ListAccountsForProvisionedPermissionSetOutput{AccountIds: []string{}}),
		emptyList(s, api.ListManagedPoliciesInPermissionSet, api.InstanceArn,
			api.ListManagedPoliciesInPermissionSetOutput{AttachedManagedPolicies: []api.AttachedManagedPolicy{}}),
		emptyList(s, api.ListCustomerManagedPolicyReferencesInPermissionSet, api.InstanceArn,
			api.ListCustomerManagedPolicyReferencesInPermissionSetOutput{
				CustomerManagedPolicyReferences: []api.CustomerManagedPolicyReference{}}),
		emptyList(s, api.ListAccountAssignments, api.InstanceArn,
			api.ListAccountAssignmentsOutput{AccountAssignments: []api.AccountAssignment{}}),
		emptyList(s, api.ListAccountAssignmentsForPrincipal, api.InstanceArn,
			api.ListAccountAssignmentsForPrincipalOutput{AccountAssignments: []api.AccountAssignmentForPrincipal{}}),
		emptyList(s, api.ListAccountAssignmentCreationStatus, api.InstanceArn,
			api.ListAccountAssignmentCreationStatusOutput{
				AccountAssignmentsCreationStatus: []api.AccountAssignmentOperationStatusMetadata{}}),
		emptyList(s, api.ListAccountAssignmentDeletionStatus, api.InstanceArn,
			api.ListAccountAssignmentDeletionStatusOutput{
				AccountAssignmentsDeletionStatus: []api.AccountAssignmentOperationStatusMetadata{}}),
		emptyList(s, api.ListPermissionSetProvisioningStatus, api.InstanceArn,
			api.ListPermissionSetProvisioningStatusOutput{
				PermissionSetsProvisioningStatus: []api.PermissionSetProvisioningStatusMetadata{}}),
	}
}
