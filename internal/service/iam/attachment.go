package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// findAttachable returns the ARN when it names a managed policy that the caller's account may attach: its own, or one
// of AWS's. An empty text returns an empty ARN.
func findAttachable(tx *store.Tx, c *awsapi.Call, arn string) (granary.ARN, error) {
	if arn == "" {
		return "", nil
	}
	p, ok := granary.ARN(arn).Parts()
	if !ok || p.Service != "iam" || !strings.HasPrefix(p.Resource, "policy/") {
		return "", granary.Errorf(granary.Invalid, "ARN %s is not valid.", arn).WithCode("InvalidInput")
	}
	if awsManaged(arn) {
		return granary.ARN(arn), nil
	}
	if p.Account != c.Caller.Account {
		return "", noPolicy(arn)
	}
	m, err := tx.ManagedPolicies.Get(p.Account, lastPart(p.Resource))
	if granary.Is(err, granary.NotFound) || err == nil && string(m.ARN()) != arn {
		return "", noPolicy(arn)
	}
	return granary.ARN(arn), err
}

// attachPolicy adds a managed policy to those of a holder.
func attachPolicy(tx *store.Tx, c *awsapi.Call, h *holder, arn string) ([]granary.ARN, error) {
	a, err := findAttachable(tx, c, arn)
	if err != nil || slices.Contains(h.attached, a) {
		return h.attached, err
	}
	if len(h.attached) >= maxAttachments {
		return nil, quotaExceeded("PoliciesPer"+strings.ToUpper(h.noun[:1])+h.noun[1:], maxAttachments)
	}
	return append(slices.Clone(h.attached), a), nil
}

func detachPolicy(have []granary.ARN, arn string) ([]granary.ARN, error) {
	if !slices.Contains(have, granary.ARN(arn)) {
		return nil, granary.Errorf(granary.NotFound, "Policy %s was not found.", arn)
	}
	return slices.DeleteFunc(slices.Clone(have), func(o granary.ARN) bool { return string(o) == arn }), nil
}

// attachedShapes are the attached policies, by name.
func attachedShapes(list []granary.ARN, prefix string) []api.AttachedPolicy {
	var out []api.AttachedPolicy
	for _, arn := range list {
		p, _ := arn.Parts()
		name := lastPart(p.Resource)
		if strings.HasPrefix(strings.TrimPrefix(p.Resource, "policy"), prefix) {
			out = append(out, api.AttachedPolicy{PolicyArn: string(arn), PolicyName: name})
		}
	}
	slices.SortFunc(out, func(a, b api.AttachedPolicy) int { return strings.Compare(a.PolicyArn, b.PolicyArn) })
	return out
}

func attachedName(p api.AttachedPolicy) string { return p.PolicyArn }

func boundaryShape(arn granary.ARN) *api.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &api.AttachedPermissionsBoundary{PermissionsBoundaryArn: string(arn),
		PermissionsBoundaryType: "PermissionsBoundaryPolicy"}
}
