package awsapi

import (
	"errors"
	"slices"
	"testing"

	"granary"
)

func TestTagsAreMergedByTheRules(t *testing.T) {
	reserved, twice := errors.New("reserved"), errors.New("twice")
	tooMany, invalid := errors.New("too many"), errors.New("invalid")
	rules := func(change func(*TagRules)) *TagRules {
		r := &TagRules{Most: 3, Reserved: func(string) error { return reserved }, Twice: func(string) error { return twice },
			TooMany: func() error { return tooMany }}
		change(r)
		return r
	}
	plain := rules(func(*TagRules) {})
	fold := rules(func(r *TagRules) { r.Fold = true })
	lax := rules(func(r *TagRules) { r.Twice = nil })
	strict := rules(func(r *TagRules) {
		r.Invalid = func(t granary.Tag) error {
			if t.Value == "" {
				return invalid
			}
			return nil
		}
	})
	tags := func(pairs ...string) (list []granary.Tag) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, granary.Tag{Key: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	for name, x := range map[string]struct {
		rules           *TagRules
		have, add, want []granary.Tag
		err             error
	}{
		"one more":           {plain, tags("a", "1"), tags("b", "2"), tags("a", "1", "b", "2"), nil},
		"one again":          {plain, tags("a", "1", "b", "2"), tags("a", "3"), tags("b", "2", "a", "3"), nil},
		"another case":       {plain, tags("a", "1"), tags("A", "2"), tags("a", "1", "A", "2"), nil},
		"the same folded":    {fold, tags("a", "1"), tags("A", "2"), tags("A", "2"), nil},
		"twice":              {plain, nil, tags("a", "1", "a", "2"), nil, twice},
		"twice folded":       {fold, nil, tags("a", "1", "A", "2"), nil, twice},
		"the last counts":    {lax, nil, tags("a", "1", "a", "2"), tags("a", "2"), nil},
		"AWS's own":          {plain, nil, tags("AWS:x", "1"), nil, reserved},
		"as many as allowed": {plain, tags("a", "", "b", ""), tags("c", ""), tags("a", "", "b", "", "c", ""), nil},
		"too many":           {plain, tags("a", "", "b", ""), tags("c", "", "d", ""), nil, tooMany},
		"not a tag":          {strict, nil, tags("a", ""), nil, invalid},
	} {
		before := slices.Clone(x.have)
		got, err := x.rules.Merge(x.have, x.add)
		if !slices.Equal(got, x.want) || !errors.Is(err, x.err) || !slices.Equal(x.have, before) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if got := fold.Remove(tags("a", "1", "b", "2"), []string{"A"}); !slices.Equal(got, tags("b", "2")) {
		t.Errorf("%v", got)
	}
}
