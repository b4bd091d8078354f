package index

import (
	"strings"

	"granary"
	"granary/internal/policy"
)

// Bound is the unique ids of the users and roles that a policy names, to be kept with it: it goes on to mean those, and
// not others that get their names later. Who is not there is left out, and is meant by name.
func (x *IAM) Bound(p *policy.Policy) map[granary.ARN]string {
	if p == nil {
		return nil
	}
	var out map[granary.ARN]string
	for _, arn := range p.Entities() {
		if id := x.uniqueID(arn); id != "" {
			if out == nil {
				out = map[granary.ARN]string{}
			}
			out[arn] = id
		}
	}
	return out
}

// uniqueID is the id of the user or role that has an ARN now.
func (x *IAM) uniqueID(arn granary.ARN) string {
	if r, ok := x.Role(arn); ok {
		return r.ID
	}
	p, _ := arn.Parts()
	if !strings.HasPrefix(p.Resource, "user/") {
		return ""
	}
	if u, ok := x.User(p.Account, p.Resource[strings.LastIndexByte(p.Resource, '/')+1:]); ok && u.ARN() == arn {
		return u.ID
	}
	return ""
}

// Shown is a policy document as it is read: as it was written, but for its principals. Accounts stand as their root
// ARNs. Those who are gone stand with their unique ids, as on AWS, so that nobody takes who has the name now for who is
// meant.
func (x *IAM) Shown(document string, bound map[granary.ARN]string) string {
	return policy.MapPrincipals(document, func(kind, value string) string {
		arn := granary.ARN(value)
		if id := bound[arn]; kind == "AWS" && id != "" && x.uniqueID(arn) != id {
			return id
		}
		return policy.NormalPrincipal(kind, value)
	})
}

// bind compiles a policy that names principals.
func bind(kind policy.Kind, document, source string, bound map[granary.ARN]string) *policy.Policy {
	if p := compile(kind, document, source); p != nil {
		return p.Bind(bound)
	}
	return nil
}
