package awsapi

import (
	"net/http"
	"strings"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/seal"
	"granary/internal/sigv4"
)

// DecisionHeader carries the id by which an administrator can have a refusal explained. It is the id of the audit event, or
// where the sender proved nothing and so left no event, a sealed note of its own.
const DecisionHeader = "X-Granary-Decision-Id"

// Refuse notes a decision as the one that the call is refused by, and returns its error.
func (c *Call) Refuse(d *authz.Decision) error {
	c.denied = d
	return d.Refusal()
}

// WhyOf says where the chain broke, from the error of a refusal; nil for failures of our own.
func WhyOf(err error) *granary.Why {
	if e, ok := err.(*sigv4.Error); ok {
		return &granary.Why{Link: "key", Cause: e.Reason.String()}
	}
	e := granary.AsError(err)
	switch {
	case e.Why != nil:
		return e.Why
	case e.Kind == granary.Internal || e.Kind == granary.Unavailable:
		return nil
	}
	return &granary.Why{Link: "request", Cause: strings.ReplaceAll(e.Kind.String(), " ", "-")}
}

// byPolicy are the links at which policies, or the ceiling of a vended key, decide.
func byPolicy(link string) bool { return link == "policy" || link == "role" || link == "prefix" }

// DecisionOf is what the audit log keeps of a refusal: where the chain broke, and what decided.
func DecisionOf(err error, denied *authz.Decision, caller *authn.Caller) *audit.Decision {
	why := WhyOf(err)
	if why == nil {
		return nil
	}
	d := &audit.Decision{Link: why.Link, Cause: why.Cause, Facts: why.Facts}
	if caller != nil {
		d.Session = caller.Session
	}
	if denied != nil && byPolicy(why.Link) {
		d.Policy, d.Owner = denied.Record(), string(denied.Request.Owner)
	}
	return d
}

// KeyID reads the access key id that a request claims, without believing it.
func KeyID(r *http.Request) string {
	id := credential(r)[0]
	if len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c < '!' || c > '~' }) {
		return ""
	}
	return id
}

// stranger is a refusal that no event was written for.
func (d *Door) stranger(h http.Header, r *http.Request, in Inbound, service, operation, code string, err error) {
	why := WhyOf(err)
	if why == nil {
		return
	}
	f := &granary.Refusal{At: in.Started.UTC(), Service: service, Operation: operation, Code: code, Message: err.Error(), Link: why.Link, Cause: why.Cause,
		KeyID: KeyID(r), RequestID: in.RequestID}
	if e := granary.AsError(err); e.Kind != granary.Internal {
		f.Message = e.Message
	}
	if in.Sig != nil && in.Sig.Source.IsValid() {
		f.SourceAddr = in.Sig.Source.Unmap().String()
	}
	h.Set(DecisionHeader, seal.SealRefusal(d.Authz.Index.Ring(), f))
}
