package authz

import (
	"granary"
	"granary/internal/policy"
)

// Refusal is the error for the refused caller, nil when the decision allows: AWS's sentence, which for callers from outside the
// organization is bare so that it tells nothing about its policies. All accounts are the organization's.
func (d *Decision) Refusal() error {
	if d.Allowed {
		return nil
	}
	if d.Caller.Kind == policy.Anonymous {
		return granary.Errorf(granary.Denied, "Access Denied")
	}
	if d.Closed {
		return granary.Errorf(granary.Denied, "Access Denied: the account %s, which %s belongs to, was closed.", d.Request.Owner, d.Request.Resource)
	}
	r := policy.Request{Caller: d.Caller.Principal(), Action: d.Request.Action, Resource: d.Request.Resource}
	return granary.Errorf(granary.Denied, "%s", d.Sentence(r))
}
