package iam

import (
	"granary"
	"granary/internal/policy"
)

// The sizes of policies in characters without white space (IAM quotas).
const (
	maxTrust       = 2048
	maxManaged     = 6144
	maxAttachments = 10
	maxVersions    = 5
	maxTags        = 50
	maxGroups      = 10 // that a user is in
)

// maxInline is the sum over all inline policies of one entity.
var maxInline = map[string]int{"user": 2048, "group": 5120, "role": 10240}

// quota is IAM's refusal of one more than there may be; name is the quota's.
func quota(name string, limit int) error {
	return granary.Errorf(granary.Quota, "Cannot exceed quota for %s: %d", name, limit)
}

// document refuses a policy that does not parse, or is longer than IAM takes; name is the quota's.
func document(kind policy.Kind, text, name string, limit int) (*policy.Policy, error) {
	p, err := policy.Parse(kind, text)
	if err != nil {
		return nil, granary.AsError(err).WithCode("MalformedPolicyDocument")
	}
	if size(text) > limit {
		return nil, quota(name, limit)
	}
	return p, nil
}

// inlineDocument refuses a policy that does not parse, or is more than the entity's inline policies may be together.
func inlineDocument(have map[string]string, name, text, noun, owner string) error {
	if _, err := policy.Parse(policy.Identity, text); err != nil {
		return granary.AsError(err).WithCode("MalformedPolicyDocument")
	}
	total := size(text)
	for n, doc := range have {
		if n != name {
			total += size(doc)
		}
	}
	if limit := maxInline[noun]; total > limit {
		return granary.Errorf(granary.Quota, "Cannot exceed quota for inline policies: maximum policy size of %d bytes exceeded for %s %s", limit, noun, owner)
	}
	return nil
}

func size(text string) (n int) {
	for _, c := range text {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			n++
		}
	}
	return n
}
