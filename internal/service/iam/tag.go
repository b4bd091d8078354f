package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
)

// addTags adds tags to those that a resource has, or replaces their values. Keys have no case. A resource has at most
// maxTags of them; quotaName is IAM's name of that quota.
func addTags(have []granary.Tag, add []api.Tag, quotaName string) ([]granary.Tag, error) {
	for i, t := range add {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, granary.Errorf(granary.Invalid, "The tag key %s begins with aws:, which is reserved.",
				t.Key).WithCode("InvalidInput")
		}
		if slices.ContainsFunc(add[:i], func(o api.Tag) bool { return strings.EqualFold(o.Key, t.Key) }) {
			return nil,
				granary.Errorf(granary.Invalid, "Duplicate tag keys found. Please note that Tag keys are case insensitive.").
					WithCode("InvalidInput")
		}
		have = slices.DeleteFunc(have, func(o granary.Tag) bool { return strings.EqualFold(o.Key, t.Key) })
		have = append(have, granary.Tag{Key: t.Key, Value: t.Value})
	}
	if len(have) > maxTags {
		return nil, quotaExceeded(quotaName, maxTags)
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

func tagShapes(tags []granary.Tag) []api.Tag {
	var out []api.Tag
	for _, t := range tags {
		out = append(out, api.Tag{Key: t.Key, Value: t.Value})
	}
	return out
}
