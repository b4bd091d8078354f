package authz

import (
	"granary"
	"granary/internal/audit"
	"granary/internal/cause"
	"granary/internal/policy"
)

// Refusal is the error for the refused caller, nil when the decision allows: AWS's sentence, which for callers from
// outside the organization is bare so that it tells nothing about its policies. All accounts are the organization's.
func (d *Decision) Refusal() error {
	if d.Allowed {
		return nil
	}
	broke := d.cause()
	if d.Caller.Kind == policy.Anonymous || d.Caller.Kind == policy.NoKind {
		return granary.Errorf(granary.Denied, "Access Denied").At(broke)
	}
	if d.Closed {
		return granary.Errorf(granary.Denied, "Access Denied: the account %s, which %s belongs to, was closed.",
			d.Request.Owner, d.Request.Resource).At(broke)
	}
	r := policy.Request{Caller: d.Caller.Principal(), Action: d.Request.Action, Resource: d.Request.Resource}
	return granary.Errorf(granary.Denied, "%s", d.Sentence(r)).At(broke)
}

// cause returns where the chain broke, and how.
func (d *Decision) cause() granary.Cause {
	switch {
	case d.Ceiling:
		return cause.PrefixCeiling
	case d.Closed:
		return cause.PolicyClosed
	case d.Own:
		return cause.PolicyOwnSession
	case d.Over:
		return cause.PolicyWork
	case d.Explicit:
		return cause.PolicyExplicit
	}
	return cause.PolicyImplicit
}

// Record is the decision as the audit log keeps it.
func (d *Decision) Record() *audit.PolicyDecision {
	r := &d.Request
	p := &audit.PolicyDecision{Action: r.Action, Resource: r.Resource, Owner: string(r.Owner), Layer: d.Layer.String(),
		Explicit: d.Explicit,
		Reasons:  Statements(d.Reasons), Keys: r.Keys, Bucket: r.Bucket, Key: r.Key, Prefix: r.Prefix, Trust: r.Trust}
	size := 0
	for name, values := range r.Keys {
		size += len(name)
		for _, v := range values {
			size += len(v)
		}
	}
	if size > maxKeys {
		p.Keys = nil
	}
	return p
}

// maxKeys keeps an audit line short, in bytes of condition keys and values.
const maxKeys = 4096

// Statements are the reasons of a decision in words.
func Statements(reasons []policy.Reason) (out []audit.Statement) {
	for _, r := range reasons {
		out = append(out, audit.Statement{Layer: r.Layer.String(), Policy: r.Policy, Sid: r.Sid, Statement: r.Statement,
			Effect: effect(r.Deny)})
	}
	return out
}
