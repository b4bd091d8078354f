package iam

import (
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
)

func (s groups) putGroupPolicy(c *awsapi.Call, in *api.PutGroupPolicyInput) (*api.PutGroupPolicyOutput, error) {
	return &api.PutGroupPolicyOutput{}, s.policies().putInline(c, in.GroupName, in.PolicyName, in.PolicyDocument)
}

func (s groups) getGroupPolicy(c *awsapi.Call, in *api.GetGroupPolicyInput) (*api.GetGroupPolicyOutput, error) {
	name, text, err := s.policies().getInline(c, in.GroupName, in.PolicyName)
	return &api.GetGroupPolicyOutput{GroupName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s groups) deleteGroupPolicy(c *awsapi.Call, in *api.DeleteGroupPolicyInput) (*api.DeleteGroupPolicyOutput,
	error) {
	return &api.DeleteGroupPolicyOutput{}, s.policies().deleteInline(c, in.GroupName, in.PolicyName)
}

func (s groups) listGroupPolicies(c *awsapi.Call, in *api.ListGroupPoliciesInput) (out *api.ListGroupPoliciesOutput,
	err error) {
	out = &api.ListGroupPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.policies().listInline(c, in.GroupName, in.Marker, in.MaxItems)
	return out, err
}

func (s groups) checkAttachGroupPolicy(c *awsapi.Call, in *api.AttachGroupPolicyInput) ([]authz.Request, error) {
	return withPolicy(s.groupRequest(c, in.GroupName), in.PolicyArn)
}

func (s groups) attachGroupPolicy(c *awsapi.Call, in *api.AttachGroupPolicyInput) (*api.AttachGroupPolicyOutput,
	error) {
	return &api.AttachGroupPolicyOutput{}, s.policies().attach(c, in.GroupName, in.PolicyArn)
}

func (s groups) checkDetachGroupPolicy(c *awsapi.Call, in *api.DetachGroupPolicyInput) ([]authz.Request, error) {
	return withPolicy(s.groupRequest(c, in.GroupName), in.PolicyArn)
}

func (s groups) detachGroupPolicy(c *awsapi.Call, in *api.DetachGroupPolicyInput) (*api.DetachGroupPolicyOutput,
	error) {
	return &api.DetachGroupPolicyOutput{}, s.policies().detach(c, in.GroupName, in.PolicyArn)
}

func (s groups) listAttachedGroupPolicies(c *awsapi.Call, in *api.ListAttachedGroupPoliciesInput) (
	out *api.ListAttachedGroupPoliciesOutput, err error) {
	out = &api.ListAttachedGroupPoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.policies().listAttached(c, in.GroupName, in.PathPrefix,
		in.Marker, in.MaxItems)
	return out, err
}
