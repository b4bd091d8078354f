package iam

import (
	"maps"
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
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

func get(have map[string]string, name, owner string) (string, error) {
	text, ok := have[name]
	if !ok {
		return "", granary.Errorf(granary.NotFound, "The %s policy with name %s cannot be found.", owner, name)
	}
	return text, nil
}

func (s *service) putUserPolicy(c *awsapi.Call, in *api.PutUserPolicyInput) (*api.PutUserPolicyOutput, error) {
	return &api.PutUserPolicyOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) (err error) {
		u.Inline, err = put(u.Inline, in.PolicyName, in.PolicyDocument, "user", u.Name)
		return err
	})
}

func (s *service) getUserPolicy(c *awsapi.Call, in *api.GetUserPolicyInput) (*api.GetUserPolicyOutput, error) {
	u, err := s.readUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	text, err := get(u.Inline, in.PolicyName, "user")
	return &api.GetUserPolicyOutput{UserName: u.Name, PolicyName: in.PolicyName, PolicyDocument: escape(text)}, err
}

func (s *service) deleteUserPolicy(c *awsapi.Call, in *api.DeleteUserPolicyInput) (*api.DeleteUserPolicyOutput, error) {
	return &api.DeleteUserPolicyOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) error {
		_, err := get(u.Inline, in.PolicyName, "user")
		delete(u.Inline, in.PolicyName)
		return err
	})
}

func (s *service) listUserPolicies(c *awsapi.Call, in *api.ListUserPoliciesInput) (*api.ListUserPoliciesOutput, error) {
	u, err := s.readUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListUserPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = cut(slices.Sorted(maps.Keys(u.Inline)), itself, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) putRolePolicy(c *awsapi.Call, in *api.PutRolePolicyInput) (*api.PutRolePolicyOutput, error) {
	return &api.PutRolePolicyOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) (err error) {
		r.Inline, err = put(r.Inline, in.PolicyName, in.PolicyDocument, "role", r.Name)
		return err
	})
}

func (s *service) getRolePolicy(c *awsapi.Call, in *api.GetRolePolicyInput) (*api.GetRolePolicyOutput, error) {
	r, err := s.readRole(c, in.RoleName)
	if err != nil {
		return nil, err
	}
	text, err := get(r.Inline, in.PolicyName, "role")
	return &api.GetRolePolicyOutput{RoleName: r.Name, PolicyName: in.PolicyName, PolicyDocument: escape(text)}, err
}

func (s *service) deleteRolePolicy(c *awsapi.Call, in *api.DeleteRolePolicyInput) (*api.DeleteRolePolicyOutput, error) {
	return &api.DeleteRolePolicyOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		_, err := get(r.Inline, in.PolicyName, "role")
		delete(r.Inline, in.PolicyName)
		return err
	})
}

func (s *service) listRolePolicies(c *awsapi.Call, in *api.ListRolePoliciesInput) (*api.ListRolePoliciesOutput, error) {
	r, err := s.readRole(c, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &api.ListRolePoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = cut(slices.Sorted(maps.Keys(r.Inline)), itself, in.Marker, in.MaxItems)
	return out, err
}

func itself(s string) string { return s }
