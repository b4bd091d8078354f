package policy

import (
	"slices"
	"strings"

	"granary"
)

// Entities are the users and roles that the policy's principals name by ARN, each once.
func (p *Policy) Entities() []granary.ARN {
	var out []granary.ARN
	for i := range p.statements {
		for _, q := range p.statements[i].principals {
			if arn := granary.ARN(q.value); q.entity() && !slices.Contains(out, arn) {
				out = append(out, arn)
			}
		}
	}
	return out
}

func (p principal) entity() bool {
	parts, ok := granary.ARN(p.value).Parts()
	return p.kind == "AWS" && ok && parts.Service == "iam" && (strings.HasPrefix(parts.Resource, "user/") || strings.HasPrefix(parts.Resource, "role/"))
}

// Bind returns the policy with users and roles named by their unique ids instead: one that is made again under its name is another
// (IAM guide, "AWS JSON policy elements: Principal"). ARNs that have no id stay.
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
			if id, ok := ids[granary.ARN(s.principals[j].value)]; ok && s.principals[j].entity() {
				s.principals[j].value = id
			}
		}
	}
	return &out
}
