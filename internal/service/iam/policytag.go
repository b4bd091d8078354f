package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s policies) checkTagPolicy(_ *awsapi.Call, in *api.TagPolicyInput) ([]authz.Request, error) {
	return withTags(s.policyRequest(in.PolicyArn), in.Tags)
}

func (s policies) tagPolicy(c *awsapi.Call, in *api.TagPolicyInput) (*api.TagPolicyOutput, error) {
	return &api.TagPolicyOutput{},
		s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) (err error) {
			p.Tags, err = addTags(p.Tags, in.Tags, "TagsPerPolicy")
			return err
		})
}

func (s policies) checkUntagPolicy(_ *awsapi.Call, in *api.UntagPolicyInput) ([]authz.Request, error) {
	return withTagKeys(s.policyRequest(in.PolicyArn), in.TagKeys)
}

func (s policies) untagPolicy(c *awsapi.Call, in *api.UntagPolicyInput) (*api.UntagPolicyOutput, error) {
	return &api.UntagPolicyOutput{}, s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) error {
		p.Tags = removeTags(p.Tags, in.TagKeys)
		return nil
	})
}

func (s policies) listPolicyTags(c *awsapi.Call, in *api.ListPolicyTagsInput) (out *api.ListPolicyTagsOutput,
	err error) {
	out = &api.ListPolicyTagsOutput{}
	if awsManaged(in.PolicyArn) {
		out.IsTruncated, _ = pageEnd("")
		return out, nil
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err := findCustomerPolicy(tx, c, in.PolicyArn)
		if err != nil {
			return err
		}
		out.Tags, out.IsTruncated, out.Marker, err = paginate(sortedTags(p.Tags), tagKey, in.Marker, in.MaxItems)
		return err
	})
	return out, err
}
