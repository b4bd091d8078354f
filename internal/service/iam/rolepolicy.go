package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s roles) putRolePolicy(c *awsapi.Call, in *api.PutRolePolicyInput) (*api.PutRolePolicyOutput, error) {
	return &api.PutRolePolicyOutput{}, s.policies().putInline(c, in.RoleName, in.PolicyName, in.PolicyDocument)
}

func (s roles) getRolePolicy(c *awsapi.Call, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
	name, text, err := s.policies().getInline(c, in.RoleName, in.PolicyName)
	return &api.GetRolePolicyOutput{RoleName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s roles) deleteRolePolicy(c *awsapi.Call, in *api.DeleteRolePolicyInput) (*api.DeleteRolePolicyOutput, error) {
	return &api.DeleteRolePolicyOutput{}, s.policies().deleteInline(c, in.RoleName, in.PolicyName)
}

func (s roles) listRolePolicies(c *awsapi.Call, in *api.ListRolePoliciesInput) (out *api.ListRolePoliciesOutput,
	err error) {
	out = &api.ListRolePoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.policies().listInline(c, in.RoleName, in.Marker, in.MaxItems)
	return out, err
}

func (s roles) checkAttachRolePolicy(c *awsapi.Call, in *api.AttachRolePolicyInput) ([]authz.Request, error) {
	return withPolicy(s.rolePoliciesRequest(c, in.RoleName), in.PolicyArn)
}

func (s roles) attachRolePolicy(c *awsapi.Call, in *api.AttachRolePolicyInput) (*api.AttachRolePolicyOutput, error) {
	return &api.AttachRolePolicyOutput{}, s.policies().attach(c, in.RoleName, in.PolicyArn)
}

func (s roles) checkDetachRolePolicy(c *awsapi.Call, in *api.DetachRolePolicyInput) ([]authz.Request, error) {
	return withPolicy(s.rolePoliciesRequest(c, in.RoleName), in.PolicyArn)
}

func (s roles) detachRolePolicy(c *awsapi.Call, in *api.DetachRolePolicyInput) (*api.DetachRolePolicyOutput, error) {
	return &api.DetachRolePolicyOutput{}, s.policies().detach(c, in.RoleName, in.PolicyArn)
}

func (s roles) listAttachedRolePolicies(c *awsapi.Call, in *api.ListAttachedRolePoliciesInput) (
	out *api.ListAttachedRolePoliciesOutput, err error) {
	out = &api.ListAttachedRolePoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.policies().listAttached(c, in.RoleName, in.PathPrefix,
		in.Marker, in.MaxItems)
	return out, err
}

func (s roles) checkPutRoleBoundary(c *awsapi.Call, in *api.PutRolePermissionsBoundaryInput) ([]authz.Request,
	error) {
	return withBoundary(s.roleRequest(c, in.RoleName), in.PermissionsBoundary)
}

func (s roles) putRoleBoundary(c *awsapi.Call, in *api.PutRolePermissionsBoundaryInput) (
	*api.PutRolePermissionsBoundaryOutput, error) {
	return &api.PutRolePermissionsBoundaryOutput{},
		s.changeRole(c, in.RoleName, func(tx *store.Tx, r *granary.Role) (err error) {
			r.Boundary, err = findAttachable(tx, c, in.PermissionsBoundary)
			return err
		})
}

func (s roles) deleteRoleBoundary(c *awsapi.Call, in *api.DeleteRolePermissionsBoundaryInput) (
	*api.DeleteRolePermissionsBoundaryOutput, error) {
	return &api.DeleteRolePermissionsBoundaryOutput{},
		s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
			r.Boundary = ""
			return nil
		})
}
