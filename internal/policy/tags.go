package policy

import (
	"strings"

	"granary"
)

// AddResourceTags sets the condition keys of the tags that the resource has: aws:ResourceTag/KEY, and the same of each
// of the services (IAM User Guide, "Controlling access to AWS resources using tags").
func (v Values) AddResourceTags(tags []granary.Tag, services ...string) {
	for _, t := range tags {
		key := ":resourcetag/" + strings.ToLower(t.Key)
		v["aws"+key] = []string{t.Value}
		for _, s := range services {
			v[s+key] = []string{t.Value}
		}
	}
}

// AddRequestTag sets the condition keys of a tag that the request gives: aws:RequestTag/KEY and aws:TagKeys.
func (v Values) AddRequestTag(key, value string) {
	v["aws:requesttag/"+strings.ToLower(key)] = []string{value}
	v.AddTagKeys(key)
}

// AddTagKeys adds to aws:TagKeys the keys of tags that the request removes.
func (v Values) AddTagKeys(keys ...string) {
	if len(keys) > 0 {
		v["aws:tagkeys"] = append(v["aws:tagkeys"], keys...)
	}
}
