package authz

import (
	"granary"
	"granary/internal/policy"
)

// Refusal is the error for the refused caller, nil when the decision allows: AWS's sentence, which across accounts is bare so
// that it tells nothing about somebody else's policies.
func (d *Decision) Refusal() error {
	if d.Allowed {
		return nil
	}
	if d.Caller.Kind == policy.Anonymous || d.Request.Owner != d.Caller.Account && !d.Ceiling {
		return granary.Errorf(granary.Denied, "Access Denied")
	}
	r := policy.Request{Caller: d.Caller.Principal(), Action: d.Request.Action, Resource: d.Request.Resource}
	return granary.Errorf(granary.Denied, "%s", d.Sentence(r))
}
