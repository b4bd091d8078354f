package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s users) putUserPolicy(c *awsapi.Call, in *api.PutUserPolicyInput) (*api.PutUserPolicyOutput, error) {
	return &api.PutUserPolicyOutput{}, s.policies().putInline(c, in.UserName, in.PolicyName, in.PolicyDocument)
}

func (s users) getUserPolicy(c *awsapi.Call, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
	name, text, err := s.policies().getInline(c, in.UserName, in.PolicyName)
	return &api.GetUserPolicyOutput{UserName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s users) deleteUserPolicy(c *awsapi.Call, in *api.DeleteUserPolicyInput) (*api.DeleteUserPolicyOutput, error) {
	return &api.DeleteUserPolicyOutput{}, s.policies().deleteInline(c, in.UserName, in.PolicyName)
}

func (s users) listUserPolicies(c *awsapi.Call, in *api.ListUserPoliciesInput) (out *api.ListUserPoliciesOutput,
	err error) {
	out = &api.ListUserPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.policies().listInline(c, in.UserName, in.Marker, in.MaxItems)
	return out, err
}

func (s users) checkAttachUserPolicy(c *awsapi.Call, in *api.AttachUserPolicyInput) ([]authz.Request, error) {
	return withPolicy(s.userPoliciesRequest(c, in.UserName), in.PolicyArn)
}

func (s users) attachUserPolicy(c *awsapi.Call, in *api.AttachUserPolicyInput) (*api.AttachUserPolicyOutput, error) {
	return &api.AttachUserPolicyOutput{}, s.policies().attach(c, in.UserName, in.PolicyArn)
}

func (s users) checkDetachUserPolicy(c *awsapi.Call, in *api.DetachUserPolicyInput) ([]authz.Request, error) {
	return withPolicy(s.userPoliciesRequest(c, in.UserName), in.PolicyArn)
}

func (s users) detachUserPolicy(c *awsapi.Call, in *api.DetachUserPolicyInput) (*api.DetachUserPolicyOutput, error) {
	return &api.DetachUserPolicyOutput{}, s.policies().detach(c, in.UserName, in.PolicyArn)
}

func (s users) listAttachedUserPolicies(c *awsapi.Call, in *api.ListAttachedUserPoliciesInput) (
	out *api.ListAttachedUserPoliciesOutput, err error) {
	out = &api.ListAttachedUserPoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.policies().listAttached(c, in.UserName, in.PathPrefix,
		in.Marker, in.MaxItems)
	return out, err
}

func (s users) checkPutUserBoundary(c *awsapi.Call, in *api.PutUserPermissionsBoundaryInput) ([]authz.Request,
	error) {
	return withBoundary(s.userRequest(c, in.UserName), in.PermissionsBoundary)
}

func (s users) putUserBoundary(c *awsapi.Call, in *api.PutUserPermissionsBoundaryInput) (
	*api.PutUserPermissionsBoundaryOutput, error) {
	return &api.PutUserPermissionsBoundaryOutput{},
		s.changeUser(c, in.UserName, func(tx *store.Tx, u *granary.IAMUser) (err error) {
			u.Boundary, err = findAttachable(tx, c, in.PermissionsBoundary)
			return err
		})
}

func (s users) deleteUserBoundary(c *awsapi.Call, in *api.DeleteUserPermissionsBoundaryInput) (
	*api.DeleteUserPermissionsBoundaryOutput, error) {
	return &api.DeleteUserPermissionsBoundaryOutput{},
		s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) error {
			u.Boundary = ""
			return nil
		})
}
