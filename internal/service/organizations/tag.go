package organizations

import (
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const maxTags = 50

// mergeTags adds tags to those that a resource has, or replaces their values. Keys are case-sensitive.
func mergeTags(have []granary.Tag, add []api.Tag) ([]granary.Tag, error) {
	plain := make([]granary.Tag, len(add))
	for i, t := range add {
		plain[i] = granary.Tag{Key: t.Key, Value: t.Value}
	}
	return tagRules.Merge(have, plain)
}

// tagRules are the rules of all resources of an organization.
var tagRules = &awsapi.TagRules{Most: maxTags,
	Reserved: func(key string) error {
		return granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.", key).
			With("Reason", "INVALID_SYSTEM_TAGS_PARAMETER")
	},
	Twice: func(key string) error {
		return granary.Errorf(granary.Invalid, "The tag key %s is given twice.", key).With("Reason", "DUPLICATE_TAG_KEY")
	},
	TooMany: func() error { return violation("MAX_TAG_LIMIT_EXCEEDED", "A resource has at most 50 tags.") },
}

func (s tags) checkTag(_ *awsapi.Call, in *api.TagResourceInput) ([]authz.Request, error) {
	list := s.requestsOn(about(in.ResourceId), s.Index.Org.Organization().Management, s.Index.Org.Delegation())
	addRequestTags(&list[0], in.Tags)
	return list, nil
}

func (s tags) tagResource(c *awsapi.Call, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	return &api.TagResourceOutput{},
		s.changeTags(c, in.ResourceId, func(have []granary.Tag) ([]granary.Tag, error) { return mergeTags(have, in.Tags) })
}

func (s tags) checkUntag(_ *awsapi.Call, in *api.UntagResourceInput) ([]authz.Request, error) {
	list := s.requestsOn(about(in.ResourceId), s.Index.Org.Organization().Management, s.Index.Org.Delegation())
	list[0].Keys.AddTagKeys(in.TagKeys...)
	return list, nil
}

func (s tags) untagResource(c *awsapi.Call, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return &api.UntagResourceOutput{}, s.changeTags(c, in.ResourceId, func(have []granary.Tag) ([]granary.Tag, error) {
		return tagRules.Remove(have, in.TagKeys), nil
	})
}

// changeTags changes the tags of the resource that an id names.
func (s tags) changeTags(c *awsapi.Call, id string, change func([]granary.Tag) ([]granary.Tag, error)) error {
	missing := func(err error) error {
		if granary.Is(err, granary.NotFound) {
			return noTarget(id)
		}
		return err
	}
	return s.DB.Update(c, func(tx *store.Tx) (err error) {
		switch {
		case s.isRoot(id):
			o, err := tx.Organization.Get()
			if err != nil {
				return err
			}
			if o.RootTags, err = change(o.RootTags); err != nil {
				return err
			}
			return tx.Organization.Put(o)
		case strings.HasPrefix(id, "rp-"):
			o, err := tx.Organization.Get()
			switch {
			case err != nil:
				return err
			case id != o.ResourcePolicyID:
				return noTarget(id)
			}
			if o.ResourcePolicyTags, err = change(o.ResourcePolicyTags); err != nil {
				return err
			}
			return tx.Organization.Put(o)
		case strings.HasPrefix(id, "ou-"):
			u, err := tx.OrgUnits.Get(id)
			if err != nil {
				return missing(err)
			}
			if u.Tags, err = change(u.Tags); err != nil {
				return err
			}
			return tx.OrgUnits.Update(u)
		case strings.HasPrefix(id, "p-"):
			if _, aws := builtIn[id]; aws {
				_, err := findOwnPolicy(tx, id)
				return err
			}
			p, err := tx.OrgPolicies.Get(id)
			if err != nil {
				return missing(err)
			}
			if p.Tags, err = change(p.Tags); err != nil {
				return err
			}
			return tx.OrgPolicies.Update(p)
		}
		a, err := tx.Accounts.Get(granary.AccountID(id))
		if err != nil {
			return missing(err)
		}
		if a.Tags, err = change(a.Tags); err != nil {
			return err
		}
		return tx.Accounts.Update(a)
	})
}

func (s tags) listTags(_ *awsapi.Call, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	var tags []granary.Tag
	id := in.ResourceId
	switch {
	case s.isRoot(id):
		tags = s.Index.Org.Organization().RootTags
	case strings.HasPrefix(id, "rp-"):
		o := s.Index.Org.Organization()
		if id != o.ResourcePolicyID {
			return nil, noTarget(id)
		}
		tags = o.ResourcePolicyTags
	case strings.HasPrefix(id, "ou-"):
		u, ok := s.Index.Org.Unit(id)
		if !ok {
			return nil, noTarget(id)
		}
		tags = u.Tags
	case strings.HasPrefix(id, "p-"):
		p, ok := s.Index.Org.Policy(id)
		if _, aws := builtIn[id]; !ok && !aws {
			return nil, noTarget(id)
		} else if ok {
			tags = p.Tags
		}
	default:
		a, ok := s.Index.Org.Account(granary.AccountID(id))
		if !ok {
			return nil, noTarget(id)
		}
		tags = a.Tags
	}
	if _, _, err := pageStart(awsapi.ListOf("organizations tags", id), nil, in.NextToken); err != nil {
		return nil, err // the first page holds all tags
	}
	out := &api.ListTagsForResourceOutput{Tags: []api.Tag{}}
	for _, t := range tags {
		out.Tags = append(out.Tags, api.Tag{Key: t.Key, Value: t.Value})
	}
	return out, nil
}
