package front

import (
	"errors"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/sigv4"
)

// DecisionHeader carries the id by which an administrator can have a refusal explained. It is the id of the audit
// event, or where the sender proved nothing and so left no event, a sealed note of its own.
const DecisionHeader = "X-Granary-Decision-Id"

// explained is an error of a door that says itself where the chain broke.
type explained interface{ Why() *granary.Why }

// WhyOf returns where the chain from a person to the data broke, by the error of a refusal. It returns nil for nil
// and for failures of the server itself.
func WhyOf(err error) *granary.Why {
	var signature *sigv4.Error
	var told explained
	switch {
	case err == nil:
		return nil
	case errors.As(err, &signature):
		return &granary.Why{Cause: signature.Reason.Cause()}
	case errors.As(err, &told):
		return told.Why()
	}
	e := granary.AsError(err)
	switch {
	case e.Why != nil:
		return e.Why
	case e.Kind == granary.Internal || e.Kind == granary.Unavailable:
		return nil
	}
	return &granary.Why{Cause: requestCauses[e.Kind]}
}

// requestCauses are for errors that say no more than their kind. Failures of the server itself have none.
var requestCauses = [...]granary.Cause{
	granary.Invalid:         cause.RequestInvalid,
	granary.Unauthenticated: cause.RequestUnauthenticated,
	granary.Denied:          cause.RequestDenied,
	granary.NotFound:        cause.RequestNotFound,
	granary.Exists:          cause.RequestExists,
	granary.Conflict:        cause.RequestConflict,
	granary.Quota:           cause.RequestQuota,
	granary.Throttled:       cause.RequestThrottled,
	granary.NotImplemented:  cause.RequestNotImplemented,
	granary.Unavailable:     {},
}

// decidedByPolicy reports whether policies, or the ceiling of a vended key, decide at the link.
func decidedByPolicy(l granary.Link) bool {
	return l == granary.LinkPolicy || l == granary.LinkRole || l == granary.LinkPrefix
}

// DecisionOf returns what the audit log keeps of a refusal: where the chain broke, and which policies decided. It
// returns nil for failures of the server itself. denied and caller may be nil.
func DecisionOf(err error, denied *authz.Decision, caller *authn.Caller) *audit.Decision {
	why := WhyOf(err)
	if why == nil {
		return nil
	}
	d := &audit.Decision{Link: why.Cause.Link(), Cause: why.Cause.Name(), Facts: why.Facts}
	if caller != nil {
		d.Session = caller.Session
	}
	if denied != nil && decidedByPolicy(why.Cause.Link()) {
		d.Policy, d.Owner = denied.Record(), string(denied.Request.Owner)
	}
	return d
}
