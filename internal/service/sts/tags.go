package sts

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/policy"
)

// sessionTags are a session's tags: those inherited by chaining and those requested.
type sessionTags struct {
	all        []granary.Tag
	transitive []string
	requested  []granary.Tag
}

// mergeTags applies the rules of session tags (IAM guide, "Passing session tags"): keys are one whatever their case, an
// inherited transitive tag cannot be set again.
func mergeTags(caller *granary.Session, requested []api.Tag, transitive []string) (sessionTags, error) {
	var t sessionTags
	if caller != nil {
		for _, tag := range caller.Tags {
			if containsFold(caller.TransitiveTags, tag.Key) {
				t.all = append(t.all, tag)
				t.transitive = append(t.transitive, tag.Key)
			}
		}
	}
	inherited := slices.Clone(t.transitive)
	for _, tag := range requested {
		switch {
		case strings.HasPrefix(strings.ToLower(tag.Key), "aws:"):
			return t, granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.",
				tag.Key).WithCode("InvalidParameterValue")
		case containsFold(inherited, tag.Key):
			return t, granary.Errorf(granary.Invalid,
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "+
					"calling session.").WithCode("InvalidParameterValue")
		case slices.ContainsFunc(t.requested, func(o granary.Tag) bool { return strings.EqualFold(o.Key, tag.Key) }):
			return t,
				granary.Errorf(granary.Invalid, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").
					WithCode("InvalidParameterValue")
		}
		t.requested = append(t.requested, granary.Tag{Key: tag.Key, Value: tag.Value})
	}
	t.all = append(t.all, t.requested...)
	if len(t.all) > 50 {
		return t, granary.Errorf(granary.Invalid, "A session has at most 50 tags, and this one would have %d.", len(t.all))
	}
	for _, key := range transitive {
		if !slices.ContainsFunc(t.all, func(o granary.Tag) bool { return strings.EqualFold(o.Key, key) }) {
			return t,
				granary.Errorf(granary.Invalid, "The specified transitive tag key must be included in the requested tags.").
					WithCode("InvalidParameterValue")
		}
		if !containsFold(t.transitive, key) {
			t.transitive = append(t.transitive, key)
		}
	}
	return t, nil
}

func (t *sessionTags) keys(k policy.Values) {
	for _, tag := range t.all {
		k.AddRequestTag(tag.Key, tag.Value)
	}
	if len(t.transitive) > 0 {
		k["sts:transitivetagkeys"] = t.transitive
	}
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, s) })
}
