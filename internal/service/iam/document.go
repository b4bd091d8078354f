package iam

import (
	"net/url"
	"strings"

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
	maxGroups      = 10 // of a user
)

// maxInline is the largest size of all inline policies of an entity together, by its noun.
var maxInline = map[string]int{"user": 2048, "group": 5120, "role": 10240}

// quotaExceeded is the error that a quota is exhausted; name is IAM's name of it.
func quotaExceeded(name string, limit int) error {
	return granary.Errorf(granary.Quota, "Cannot exceed quota for %s: %d", name, limit)
}

// checkDocument parses a policy. It refuses one that is longer than limit, the quota of that name.
func checkDocument(kind policy.Kind, text, name string, limit int) (*policy.Policy, error) {
	p, err := policy.Parse(kind, text)
	if err != nil {
		return nil, granary.AsError(err).WithCode("MalformedPolicyDocument")
	}
	if kind == policy.Trust {
		if err := p.CheckFederation(); err != nil {
			return nil, err
		}
	}
	if sizeWithoutSpace(text) > limit {
		return nil, quotaExceeded(name, limit)
	}
	return p, nil
}

// checkInlineDocument refuses a policy that does not parse, or that makes the inline policies of the holder together
// longer than IAM allows.
func checkInlineDocument(h *holder, name, document string) error {
	if _, err := policy.Parse(policy.Identity, document); err != nil {
		return granary.AsError(err).WithCode("MalformedPolicyDocument")
	}
	total := sizeWithoutSpace(document)
	for n, other := range h.inline {
		if n != name {
			total += sizeWithoutSpace(other)
		}
	}
	if limit := maxInline[h.noun]; total > limit {
		return granary.Errorf(granary.Quota,
			"Cannot exceed quota for inline policies: maximum policy size of %d bytes exceeded for %s %s", limit, h.noun, h.name)
	}
	return nil
}

// sizeWithoutSpace counts the characters of a document without white space, as IAM's quotas do.
func sizeWithoutSpace(text string) (n int) {
	for _, c := range text {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			n++
		}
	}
	return n
}

// escapeDocument percent-encodes a policy document (RFC 3986), as IAM's answers carry it.
func escapeDocument(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
