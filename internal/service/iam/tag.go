package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
)

// tagsOfKind are IAM's rules for the tags of a kind of resource. quotaName is IAM's name of their quota.
func tagsOfKind(quotaName string) *awsapi.TagRules {
	return &awsapi.TagRules{Most: maxTags, Fold: true,
		Reserved: func(key string) error {
			return granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.", key).
				WithCode("InvalidInput")
		},
		Twice: func(string) error {
			return granary.Errorf(granary.Invalid, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").
				WithCode("InvalidInput")
		},
		TooMany: func() error { return quotaExceeded(quotaName, maxTags) }}
}

// addTags adds tags to those that a resource has, or replaces their values.
func addTags(have []granary.Tag, add []api.Tag, quotaName string) ([]granary.Tag, error) {
	return tagsOfKind(quotaName).Merge(have, plainTags(add))
}

func removeTags(have []granary.Tag, keys []string) []granary.Tag {
	return tagsOfKind("").Remove(have, keys)
}

func plainTags(tags []api.Tag) []granary.Tag {
	out := make([]granary.Tag, len(tags))
	for i, t := range tags {
		out[i] = granary.Tag{Key: t.Key, Value: t.Value}
	}
	return out
}

func tagKey(t api.Tag) string { return t.Key }

func sortedTags(tags []granary.Tag) []api.Tag {
	out := tagShapes(tags)
	slices.SortFunc(out, func(a, b api.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func tagShapes(tags []granary.Tag) []api.Tag {
	var out []api.Tag
	for _, t := range tags {
		out = append(out, api.Tag{Key: t.Key, Value: t.Value})
	}
	return out
}
