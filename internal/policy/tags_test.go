package policy

import (
	"slices"
	"testing"

	"granary"
)

func TestTagsAreConditionKeys(t *testing.T) {
	v := Values{}
	v.AddResourceTags([]granary.Tag{{Key: "Team", Value: "Blue"}}, "iam")
	v.AddRequestTag("Cost", "1")
	v.AddTagKeys()
	v.AddTagKeys("Old", "New")
	for key, want := range map[string][]string{"aws:resourcetag/team": {"Blue"}, "iam:resourcetag/team": {"Blue"},
		"aws:requesttag/cost": {"1"}, "aws:tagkeys": {"Cost", "Old", "New"}} {
		if !slices.Equal(v[key], want) {
			t.Errorf("%s: %q", key, v[key])
		}
	}
	if len(v) != 4 {
		t.Errorf("%v", v)
	}
	empty := Values{}
	if empty.AddTagKeys(); len(empty) != 0 {
		t.Error("aws:TagKeys is there although no tag is removed")
	}
}
