package policy

import "granary"

// Request is one action on one resource by one caller.
type Request struct {
	Caller   Caller
	Action   string            // "s3:GetObject"
	Resource string            // ARN, or "*" for actions without a resource
	Owner    granary.AccountID // the resource's account
	Keys     Keys
}

// Set is every policy that bears on a request. A nil or empty field is a layer that does not exist, not one that denies.
type Set struct {
	Identity []*Policy
	Boundary *Policy
	Sessions [][]*Policy // each is one set: a union inside, an intersection with the others
	SCPs     [][]*Policy // levels, organization root first; every level must allow
	RCPs     [][]*Policy // levels of the resource's account
	Resource *Policy

	Trust       bool // Resource is a role's trust policy, or decides as one
	BlockPublic bool // a public Resource reaches only the owner's account
}

// Layer names where a decision fell.
type Layer uint8

// The layers, in the order they are asked.
const (
	LayerNone Layer = iota
	LayerIdentity
	LayerBoundary
	LayerSession
	LayerSCP
	LayerRCP
	LayerResource
)

// Reason is a statement that applied.
type Reason struct {
	Layer     Layer
	Policy    string // its name
	Sid       string
	Statement int // counted from 1
	Deny      bool
}

// Decision is the answer. Layer is where a refusal fell: the policy that denies, or the first layer that fails to allow.
type Decision struct {
	Allowed  bool
	Explicit bool // refused by a Deny statement
	Layer    Layer
	Reasons  []Reason
}

type evaluation struct {
	r *Request
	d Decision
}

// Evaluate decides (IAM User Guide, "Policy evaluation logic"; iam-policy §6). It is pure.
func Evaluate(r Request, set Set) Decision {
	if r.Action == "sts:GetCallerIdentity" {
		return Decision{Allowed: true}
	}
	if r.Keys == nil {
		r.Keys = Values{}
	}
	e := &evaluation{r: &r}
	if e.denied(&set) {
		return e.d
	}
	for _, l := range []struct {
		layer  Layer
		levels [][]*Policy
	}{{LayerSCP, set.SCPs}, {LayerRCP, set.RCPs}} {
		for _, level := range l.levels {
			if !e.allows(l.layer, level...) {
				return e.refuse(l.layer)
			}
		}
	}
	grade := none
	if set.Resource != nil && !(set.BlockPublic && set.Resource.Public() && r.Caller.Kind != Service && r.Caller.Account != r.Owner) {
		grade = e.grade(set.Resource)
	}
	if r.Caller.Kind == Anonymous || r.Caller.Kind == Service || r.Caller.Kind == WebIdentity {
		if grade == direct {
			return e.allow()
		}
		return e.refuse(LayerResource)
	}
	if e.decide(&set, grade) {
		return e.allow()
	}
	return e.d
}

// decide weighs identity, boundary and session against the grade at which the resource's policy names the caller.
func (e *evaluation) decide(set *Set, g grade) bool {
	r := e.r
	same := r.Owner == r.Caller.Account
	identity := r.Caller.Kind == Root || e.allows(LayerIdentity, set.Identity...)
	boundary := set.Boundary == nil || e.allows(LayerBoundary, set.Boundary)
	session := true
	for _, s := range set.Sessions {
		session = session && e.allows(LayerSession, s...)
	}
	limits := boundary && session
	var ok bool
	switch {
	case !same:
		ok = g >= account && identity && limits
	case g == direct:
		ok = true
	case g == role && limits:
		ok = true
	case set.Trust:
		ok = g == account && identity && limits
	default:
		ok = identity && limits
	}
	if ok {
		return true
	}
	switch {
	case (set.Trust || !same) && g == none:
		e.refuse(LayerResource)
	case !identity && !(same && g == role):
		e.refuse(LayerIdentity)
	case !boundary:
		e.refuse(LayerBoundary)
	default:
		e.refuse(LayerSession)
	}
	// The caller hears of its own policies first, since those it can see.
	if !identity && e.d.Layer == LayerResource && !set.Trust {
		e.d.Layer = LayerIdentity
	}
	return false
}

func (e *evaluation) allow() Decision {
	e.d.Allowed = true
	return e.d
}

func (e *evaluation) refuse(l Layer) Decision {
	e.d.Layer = l
	return e.d
}

// denied looks for a Deny anywhere; one is final.
func (e *evaluation) denied(set *Set) bool {
	if e.denies(LayerIdentity, set.Identity) || set.Boundary != nil && e.denies(LayerBoundary, []*Policy{set.Boundary}) {
		return true
	}
	for _, s := range set.Sessions {
		if e.denies(LayerSession, s) {
			return true
		}
	}
	for _, l := range set.SCPs {
		if e.denies(LayerSCP, l) {
			return true
		}
	}
	for _, l := range set.RCPs {
		if e.denies(LayerRCP, l) {
			return true
		}
	}
	return set.Resource != nil && e.denies(LayerResource, []*Policy{set.Resource})
}

func (e *evaluation) denies(l Layer, policies []*Policy) bool {
	for _, p := range policies {
		for i := range p.statements {
			s := &p.statements[i]
			if s.deny && s.named(&e.r.Caller) > none && s.applies(e.r) {
				e.d.Explicit, e.d.Layer = true, l
				e.d.Reasons = append(e.d.Reasons, Reason{l, p.source, s.sid, i + 1, true})
				return true
			}
		}
	}
	return false
}

// allows reports whether any of the policies does; an empty list does not.
func (e *evaluation) allows(l Layer, policies ...*Policy) bool {
	for _, p := range policies {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.deny && s.applies(e.r) {
				e.d.Reasons = append(e.d.Reasons, Reason{l, p.source, s.sid, i + 1, false})
				return true
			}
		}
	}
	return false
}

// grade is the highest at which an Allow of the resource's policy names the caller.
func (e *evaluation) grade(p *Policy) grade {
	best, at := none, 0
	for i := range p.statements {
		s := &p.statements[i]
		if s.deny {
			continue
		}
		if g := s.named(&e.r.Caller); g > best && s.applies(e.r) {
			best, at = g, i
		}
	}
	if best > none {
		e.d.Reasons = append(e.d.Reasons, Reason{LayerResource, p.source, p.statements[at].sid, at + 1, false})
	}
	return best
}

// applies reports whether action, resource and condition fit. Principals are asked apart.
func (s *statement) applies(r *Request) bool {
	return s.action(r.Action) != s.notAction && s.resource(r) && s.condition(r.Keys)
}

func (s *statement) action(a string) bool {
	for _, g := range s.actions {
		if g.match(a, true) {
			return true
		}
	}
	return false
}

func (s *statement) resource(r *Request) bool {
	if s.resources == nil {
		return true // trust policies
	}
	for i := range s.resources {
		if s.resources[i].match(r.Resource, r.Keys) {
			return !s.notResource
		}
	}
	return s.notResource
}

func (s *statement) condition(keys Keys) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(keys, s.deny) {
			return false
		}
	}
	return true
}

// fixing are the condition keys which, compared with fixed values, make a wildcard principal not public
// (S3 User Guide, "The meaning of public").
var fixing = map[string]bool{"aws:principalarn": true, "aws:principalaccount": true, "aws:principalorgid": true, "aws:principalorgpaths": true,
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourceip": true, "aws:userid": true, "aws:sourcevpc": true, "aws:sourcevpce": true,
	"s3:accessgrantsinstancearn": true}

// Public reports whether a resource policy opens itself to everyone.
func (p *Policy) Public() bool {
	for i := range p.statements {
		s := &p.statements[i]
		if s.deny || s.fixed() {
			continue
		}
		for _, q := range s.principals {
			if q.wildcard() {
				return true
			}
		}
	}
	return false
}

func (s *statement) fixed() bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.op.negated || c.ifExists || c.set == forAll || c.op.family == "null" {
			continue
		}
		for _, k := range c.keys {
			if fixing[k.name] && k.fixed() {
				return true
			}
		}
	}
	return false
}

// fixed reports whether every value wanted is one thing rather than a pattern that could be anything.
func (k *conditionKey) fixed() bool {
	for _, w := range k.wanted {
		if w.text.parts != nil || len(w.text.fixed) > 0 && w.text.fixed[0] == any0 || w.network.IsValid() && w.network.Bits() < 8 {
			return false
		}
		if w.arn != nil && w.arn.whole {
			return false
		}
	}
	return true
}
