package iam

import (
	"granary"
	"granary/internal/policy"
)

// The sizes of policies in characters without white space (IAM quotas).
const (
	maxTrust       = 4096
	maxManaged     = 6144
	maxInlineUser  = 2048
	maxInlineRole  = 10240
	maxAttachments = 20
	maxVersions    = 5
)

// document refuses a policy that does not parse, or is longer than IAM takes.
func document(kind policy.Kind, text string, limit int) error {
	if n := size(text); n > limit {
		return granary.Errorf(granary.Quota, "Cannot exceed quota for PolicySize: %d", limit)
	}
	if _, err := policy.Parse(kind, text); err != nil {
		return granary.AsError(err).WithCode("MalformedPolicyDocument")
	}
	return nil
}

// inlineDocument is document with the quota over all inline policies of one user or role.
func inlineDocument(have map[string]string, name, text string, limit int) error {
	total := 0
	for n, doc := range have {
		if n != name {
			total += size(doc)
		}
	}
	if total+size(text) > limit {
		return granary.Errorf(granary.Quota, "Maximum policy size of %d bytes exceeded", limit)
	}
	return document(policy.Identity, text, limit)
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
