package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// addTags puts tags over those there are. Keys are one whatever their case; a resource has fifty at most, by the quota of that name.
func addTags(have []granary.Tag, add []api.Tag, quotaName string) ([]granary.Tag, error) {
	for i, t := range add {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.", t.Key).WithCode("InvalidInput")
		}
		if slices.ContainsFunc(add[:i], func(o api.Tag) bool { return strings.EqualFold(o.Key, t.Key) }) {
			return nil, granary.Errorf(granary.Invalid, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").WithCode("InvalidInput")
		}
		have = slices.DeleteFunc(have, func(o granary.Tag) bool { return strings.EqualFold(o.Key, t.Key) })
		have = append(have, granary.Tag{Key: t.Key, Value: t.Value})
	}
	if len(have) > maxTags {
		return nil, quota(quotaName, maxTags)
	}
	return have, nil
}

func removeTags(have []granary.Tag, keys []string) []granary.Tag {
	return slices.DeleteFunc(have, func(t granary.Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return strings.EqualFold(k, t.Key) })
	})
}

func tagKey(t api.Tag) string { return t.Key }

func sortedTags(tags []granary.Tag) []api.Tag {
	out := tagShapes(tags)
	slices.SortFunc(out, func(a, b api.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func (s *service) tagUser(c *awsapi.Call, in *api.TagUserInput) (*api.TagUserOutput, error) {
	return &api.TagUserOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) (err error) {
		u.Tags, err = addTags(u.Tags, in.Tags, "TagsPerUser")
		return err
	})
}

func (s *service) untagUser(c *awsapi.Call, in *api.UntagUserInput) (*api.UntagUserOutput, error) {
	return &api.UntagUserOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) error {
		u.Tags = removeTags(u.Tags, in.TagKeys)
		return nil
	})
}

func (s *service) listUserTags(c *awsapi.Call, in *api.ListUserTagsInput) (out *api.ListUserTagsOutput, err error) {
	u, err := s.readUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out = &api.ListUserTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = cut(sortedTags(u.Tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) tagRole(c *awsapi.Call, in *api.TagRoleInput) (*api.TagRoleOutput, error) {
	return &api.TagRoleOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) (err error) {
		r.Tags, err = addTags(r.Tags, in.Tags, "TagsPerRole")
		return err
	})
}

func (s *service) untagRole(c *awsapi.Call, in *api.UntagRoleInput) (*api.UntagRoleOutput, error) {
	return &api.UntagRoleOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Tags = removeTags(r.Tags, in.TagKeys)
		return nil
	})
}

func (s *service) listRoleTags(c *awsapi.Call, in *api.ListRoleTagsInput) (out *api.ListRoleTagsOutput, err error) {
	r, err := s.readRole(c, in.RoleName)
	if err != nil {
		return nil, err
	}
	out = &api.ListRoleTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = cut(sortedTags(r.Tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) tagPolicy(c *awsapi.Call, in *api.TagPolicyInput) (*api.TagPolicyOutput, error) {
	return &api.TagPolicyOutput{}, s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) (err error) {
		p.Tags, err = addTags(p.Tags, in.Tags, "TagsPerPolicy")
		return err
	})
}

func (s *service) untagPolicy(c *awsapi.Call, in *api.UntagPolicyInput) (*api.UntagPolicyOutput, error) {
	return &api.UntagPolicyOutput{}, s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) error {
		p.Tags = removeTags(p.Tags, in.TagKeys)
		return nil
	})
}

func (s *service) listPolicyTags(c *awsapi.Call, in *api.ListPolicyTagsInput) (out *api.ListPolicyTagsOutput, err error) {
	out = &api.ListPolicyTagsOutput{}
	if awsManaged(in.PolicyArn) {
		out.IsTruncated, _ = marker("")
		return out, nil
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err := customerPolicy(tx, c, in.PolicyArn)
		if err != nil {
			return err
		}
		out.Tags, out.IsTruncated, out.Marker, err = cut(sortedTags(p.Tags), tagKey, in.Marker, in.MaxItems)
		return err
	})
	return out, err
}
