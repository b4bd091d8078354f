package awsapi

import (
	"slices"
	"strings"

	"granary"
)

// TagRules are how a service treats the tags of its resources. AWS's services differ in all of it.
type TagRules struct {
	Most     int                       // tags of a resource
	Fold     bool                      // keys that differ only in the case of their letters are the same key
	Reserved func(key string) error    // the error for a key that begins with aws:
	Twice    func(key string) error    // the error for a key that a request gives twice; nil lets the last one count
	Invalid  func(t granary.Tag) error // the error for a tag that cannot be; nil leaves that to the model
	TooMany  func() error              // the error for more than Most tags
}

// Merge returns the tags that a resource has, with added ones over them. It does not change have.
func (r *TagRules) Merge(have, add []granary.Tag) ([]granary.Tag, error) {
	out := slices.Clone(have)
	for i, t := range add {
		if err := r.check(t, add[:i]); err != nil {
			return nil, err
		}
		out = append(r.Remove(out, []string{t.Key}), t)
	}
	if len(out) > r.Most {
		return nil, r.TooMany()
	}
	return out, nil
}

func (r *TagRules) check(t granary.Tag, before []granary.Tag) error {
	if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
		return r.Reserved(t.Key)
	}
	twice := func(o granary.Tag) bool { return r.same(o.Key, t.Key) }
	if r.Twice != nil && slices.ContainsFunc(before, twice) {
		return r.Twice(t.Key)
	}
	if r.Invalid != nil {
		return r.Invalid(t)
	}
	return nil
}

// Remove returns tags without those of the keys. It reuses the memory of tags.
func (r *TagRules) Remove(tags []granary.Tag, keys []string) []granary.Tag {
	return slices.DeleteFunc(tags, func(t granary.Tag) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return r.same(k, t.Key) })
	})
}

func (r *TagRules) same(a, b string) bool { return a == b || r.Fold && strings.EqualFold(a, b) }
