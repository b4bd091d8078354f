package iam

import (
	"maps"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
)

// put writes an inline policy over those there are; noun is "user", "group" or "role".
func put(have map[string]string, name, text, noun, owner string) (map[string]string, error) {
	if err := inlineDocument(have, name, text, noun, owner); err != nil {
		return nil, err
	}
	next := maps.Clone(have)
	if next == nil {
		next = map[string]string{}
	}
	next[name] = text
	return next, nil
}

func get(have map[string]string, name, noun string) (string, error) {
	text, ok := have[name]
	if !ok {
		return "", granary.Errorf(granary.NotFound, "The %s policy with name %s cannot be found.", noun, name)
	}
	return text, nil
}

func (s *service) putUserPolicy(c *awsapi.Call, in *api.PutUserPolicyInput) (*api.PutUserPolicyOutput, error) {
	return &api.PutUserPolicyOutput{}, s.users().put(c, in.UserName, in.PolicyName, in.PolicyDocument)
}

func (s *service) getUserPolicy(c *awsapi.Call, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
	name, text, err := s.users().get(c, in.UserName, in.PolicyName)
	return &api.GetUserPolicyOutput{UserName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s *service) deleteUserPolicy(c *awsapi.Call, in *api.DeleteUserPolicyInput) (*api.DeleteUserPolicyOutput, error) {
	return &api.DeleteUserPolicyOutput{}, s.users().remove(c, in.UserName, in.PolicyName)
}

func (s *service) listUserPolicies(c *awsapi.Call, in *api.ListUserPoliciesInput) (out *api.ListUserPoliciesOutput, err error) {
	out = &api.ListUserPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.users().names(c, in.UserName, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) putGroupPolicy(c *awsapi.Call, in *api.PutGroupPolicyInput) (*api.PutGroupPolicyOutput, error) {
	return &api.PutGroupPolicyOutput{}, s.groups().put(c, in.GroupName, in.PolicyName, in.PolicyDocument)
}

func (s *service) getGroupPolicy(c *awsapi.Call, in *api.GetGroupPolicyInput) (*api.GetGroupPolicyOutput, error) {
	name, text, err := s.groups().get(c, in.GroupName, in.PolicyName)
	return &api.GetGroupPolicyOutput{GroupName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s *service) deleteGroupPolicy(c *awsapi.Call, in *api.DeleteGroupPolicyInput) (*api.DeleteGroupPolicyOutput, error) {
	return &api.DeleteGroupPolicyOutput{}, s.groups().remove(c, in.GroupName, in.PolicyName)
}

func (s *service) listGroupPolicies(c *awsapi.Call, in *api.ListGroupPoliciesInput) (out *api.ListGroupPoliciesOutput, err error) {
	out = &api.ListGroupPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.groups().names(c, in.GroupName, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) putRolePolicy(c *awsapi.Call, in *api.PutRolePolicyInput) (*api.PutRolePolicyOutput, error) {
	return &api.PutRolePolicyOutput{}, s.roles().put(c, in.RoleName, in.PolicyName, in.PolicyDocument)
}

func (s *service) getRolePolicy(c *awsapi.Call, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
	name, text, err := s.roles().get(c, in.RoleName, in.PolicyName)
	return &api.GetRolePolicyOutput{RoleName: name, PolicyName: in.PolicyName, PolicyDocument: text}, err
}

func (s *service) deleteRolePolicy(c *awsapi.Call, in *api.DeleteRolePolicyInput) (*api.DeleteRolePolicyOutput, error) {
	return &api.DeleteRolePolicyOutput{}, s.roles().remove(c, in.RoleName, in.PolicyName)
}

func (s *service) listRolePolicies(c *awsapi.Call, in *api.ListRolePoliciesInput) (out *api.ListRolePoliciesOutput, err error) {
	out = &api.ListRolePoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = s.roles().names(c, in.RoleName, in.Marker, in.MaxItems)
	return out, err
}

func itself(s string) string { return s }
