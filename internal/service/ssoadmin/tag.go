package ssoadmin

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const maxTags = 75

// mergeTags puts tags over those there are, by case-sensitive keys.
func mergeTags(have []granary.Tag, add []api.Tag) ([]granary.Tag, error) {
	plain := make([]granary.Tag, len(add))
	for i, t := range add {
		plain[i] = granary.Tag{Key: t.Key, Value: t.Value}
	}
	return tagRules.Merge(have, plain)
}

// tagRules are the rules of all resources of an instance.
var tagRules = &awsapi.TagRules{Most: maxTags,
	Reserved: func(key string) error {
		return granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.", key)
	},
	TooMany: func() error { return granary.Errorf(granary.Quota, "A resource has at most %d tags.", maxTags) },
}

// onTagged is a request on whatever the ARN names.
func (s tags) onTagged(c *awsapi.Call, arn string) authz.Request {
	switch {
	case strings.Contains(arn, ":application/"):
		return s.onApplication(c, arn)
	case strings.Contains(arn, ":trustedTokenIssuer/"):
		return s.onTrustedIssuer(c, arn)
	}
	return s.onInstance(c, arn, false)
}

func (s tags) checkTag(c *awsapi.Call, in *api.TagResourceInput) ([]authz.Request, error) {
	r := s.onTagged(c, in.ResourceArn)
	addRequestTags(r.Keys, in.Tags)
	return []authz.Request{r}, nil
}

func (s tags) checkUntag(c *awsapi.Call, in *api.UntagResourceInput) ([]authz.Request, error) {
	r := s.onTagged(c, in.ResourceArn)
	r.Keys.AddTagKeys(in.TagKeys...)
	return []authz.Request{r}, nil
}

func (s tags) checkListTags(c *awsapi.Call, in *api.ListTagsForResourceInput) ([]authz.Request, error) {
	return []authz.Request{s.onTagged(c, in.ResourceArn)}, nil
}

// tagsOf finds the tags of the resource that an ARN names, and returns a function that writes them back.
func tagsOf(tx *store.Tx, arn string) (tags *[]granary.Tag, save func() error, err error) {
	switch {
	case strings.Contains(arn, ":application/"):
		var a *granary.Application
		if a, err = tx.Applications.Get(granary.ARN(arn)); err == nil {
			return &a.Tags, func() error { return tx.Applications.Update(a) }, nil
		}
	case strings.Contains(arn, ":trustedTokenIssuer/"):
		var t *granary.Issuer
		if t, err = tx.Issuers.Get(granary.ARN(arn)); err == nil {
			return &t.Tags, func() error { return tx.Issuers.Update(t) }, nil
		}
	default:
		var i *granary.IdentityCenter
		if i, err = tx.IdentityCenters.Get(strings.TrimPrefix(arn, "arn:aws:sso:::instance/")); err == nil {
			return &i.Tags, func() error { return tx.IdentityCenters.Update(i) }, nil
		}
	}
	if granary.Is(err, granary.NotFound) {
		err = granary.Errorf(granary.NotFound, "There is no %s.", arn)
	}
	return nil, nil, err
}

func (s tags) tagResource(c *awsapi.Call, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	return &api.TagResourceOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		tags, save, err := tagsOf(tx, in.ResourceArn)
		if err != nil {
			return err
		}
		if *tags, err = mergeTags(*tags, in.Tags); err != nil {
			return err
		}
		return save()
	})
}

func (s tags) untagResource(c *awsapi.Call, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return &api.UntagResourceOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		tags, save, err := tagsOf(tx, in.ResourceArn)
		if err != nil {
			return err
		}
		*tags = tagRules.Remove(*tags, in.TagKeys)
		return save()
	})
}

func (s tags) listTags(c *awsapi.Call, in *api.ListTagsForResourceInput) (out *api.ListTagsForResourceOutput,
	err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		tags, _, err := tagsOf(tx, in.ResourceArn)
		if err != nil {
			return err
		}
		var list []api.Tag
		for _, t := range *tags {
			list = append(list, api.Tag{Key: t.Key, Value: t.Value})
		}
		slices.SortFunc(list, func(a, b api.Tag) int { return strings.Compare(a.Key, b.Key) })
		out = &api.ListTagsForResourceOutput{}
		out.Tags, out.NextToken, err = awsapi.CutOf(awsapi.ListOf("tags", in.ResourceArn), list,
			func(t api.Tag) string { return t.Key }, nil, in.NextToken, maxTags)
		return err
	})
	return out, err
}
