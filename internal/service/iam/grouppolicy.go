package iam

import (
	"maps"
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s *service) putGroupPolicy(c *awsapi.Call, in *api.PutGroupPolicyInput) (*api.PutGroupPolicyOutput, error) {
	return &api.PutGroupPolicyOutput{}, s.changeGroup(c, in.GroupName, func(_ *store.Tx, g *granary.IAMGroup) (err error) {
		g.Inline, err = put(g.Inline, in.PolicyName, in.PolicyDocument, "group", g.Name)
		return err
	})
}

func (s *service) getGroupPolicy(c *awsapi.Call, in *api.GetGroupPolicyInput) (*api.GetGroupPolicyOutput, error) {
	g, err := s.readGroup(c, in.GroupName)
	if err != nil {
		return nil, err
	}
	text, err := get(g.Inline, in.PolicyName, "group")
	return &api.GetGroupPolicyOutput{GroupName: g.Name, PolicyName: in.PolicyName, PolicyDocument: escape(text)}, err
}

func (s *service) deleteGroupPolicy(c *awsapi.Call, in *api.DeleteGroupPolicyInput) (*api.DeleteGroupPolicyOutput, error) {
	return &api.DeleteGroupPolicyOutput{}, s.changeGroup(c, in.GroupName, func(_ *store.Tx, g *granary.IAMGroup) error {
		_, err := get(g.Inline, in.PolicyName, "group")
		delete(g.Inline, in.PolicyName)
		return err
	})
}

func (s *service) listGroupPolicies(c *awsapi.Call, in *api.ListGroupPoliciesInput) (*api.ListGroupPoliciesOutput, error) {
	g, err := s.readGroup(c, in.GroupName)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupPoliciesOutput{}
	out.PolicyNames, out.IsTruncated, out.Marker, err = cut(slices.Sorted(maps.Keys(g.Inline)), itself, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) attachGroupPolicy(c *awsapi.Call, in *api.AttachGroupPolicyInput) (*api.AttachGroupPolicyOutput, error) {
	return &api.AttachGroupPolicyOutput{}, s.changeGroup(c, in.GroupName, func(tx *store.Tx, g *granary.IAMGroup) (err error) {
		g.Attached, err = s.attach(tx, c, g.Attached, in.PolicyArn, "Group")
		return err
	})
}

func (s *service) detachGroupPolicy(c *awsapi.Call, in *api.DetachGroupPolicyInput) (*api.DetachGroupPolicyOutput, error) {
	return &api.DetachGroupPolicyOutput{}, s.changeGroup(c, in.GroupName, func(_ *store.Tx, g *granary.IAMGroup) (err error) {
		g.Attached, err = detach(g.Attached, in.PolicyArn)
		return err
	})
}

func (s *service) listAttachedGroupPolicies(c *awsapi.Call, in *api.ListAttachedGroupPoliciesInput) (*api.ListAttachedGroupPoliciesOutput, error) {
	g, err := s.readGroup(c, in.GroupName)
	if err != nil {
		return nil, err
	}
	out := &api.ListAttachedGroupPoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = cut(attachedShapes(g.Attached, in.PathPrefix), attachedName, in.Marker, in.MaxItems)
	return out, err
}
