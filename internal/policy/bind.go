package policy

import (
	"slices"
	"strings"

	"granary"
)

// Entities returns the ARNs of the users and roles that the policy names as principals, each once.
func (p *Policy) Entities() []granary.ARN {
	var out []granary.ARN
	for i := range p.statements {
		for _, q := range p.statements[i].principals {
			if arn := granary.ARN(q.value); q.namesEntity() && !slices.Contains(out, arn) {
				out = append(out, arn)
			}
		}
	}
	return out
}

// namesEntity reports whether the principal is the ARN of an IAM user or role.
func (p principal) namesEntity() bool {
	parts, ok := granary.ARN(p.value).Parts()
	return p.kind == "AWS" && ok && parts.Service == "iam" && (strings.HasPrefix(parts.Resource, "user/") ||
		strings.HasPrefix(parts.Resource, "role/"))
}

// Bind returns the policy with users and roles named by their unique ids instead of their ARNs, as IAM stores a policy:
// a user or role that is deleted and made again under the same name is a different principal (IAM guide, "AWS JSON
// policy elements: Principal"). ARNs that are not in ids stay as they are. Bind does not change p.
func (p *Policy) Bind(ids map[granary.ARN]string) *Policy {
	if len(ids) == 0 {
		return p
	}
	out := *p
	out.statements = slices.Clone(p.statements)
	for i := range out.statements {
		s := &out.statements[i]
		s.principals = slices.Clone(s.principals)
		for j := range s.principals {
			if id, ok := ids[granary.ARN(s.principals[j].value)]; ok && s.principals[j].namesEntity() {
				s.principals[j].value = id
			}
		}
	}
	return &out
}
