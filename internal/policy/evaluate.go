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
	r      *Request
	d      Decision
	allows []Reason
	denies []Reason
	space  [12]Reason // of most decisions, so that they need no more
}

// Evaluate decides (IAM User Guide, "Policy evaluation logic"; iam-policy §6). Every statement is read even once the answer is known,
// so that the reasons are complete: those that deny when one does, else those that allow. It is pure.
func Evaluate(r Request, set Set) Decision {
	if r.Action == "sts:GetCallerIdentity" {
		return Decision{Allowed: true}
	}
	if r.Keys == nil {
		r.Keys = Values{}
	}
	if r.Caller.Kind == Service {
		set.SCPs = nil // they bind the principals of accounts
	}
	e := &evaluation{r: &r}
	e.allows = e.space[:0]
	if ownPolicy(&r) {
		set.Identity, set.Boundary, set.Sessions, set.Resource = nil, nil, nil, nil
	}
	identity := e.scan(LayerIdentity, set.Identity...)
	boundary := set.Boundary == nil || e.scan(LayerBoundary, set.Boundary)
	session := true
	for _, s := range set.Sessions {
		session = e.scan(LayerSession, s...) && session
	}
	scp, rcp := e.levels(LayerSCP, set.SCPs), e.levels(LayerRCP, set.RCPs)
	grade := e.resource(&set)
	switch {
	case len(e.denies) > 0:
		e.d.Explicit, e.d.Layer, e.d.Reasons = true, e.denies[0].Layer, e.denies
		return e.d
	case !scp:
		return e.refuse(LayerSCP)
	case !rcp:
		return e.refuse(LayerRCP)
	case ownPolicy(&r):
		return e.allow()
	}
	switch r.Caller.Kind {
	case Anonymous, Service, WebIdentity:
		if grade == direct {
			return e.allow()
		}
		return e.refuse(LayerResource)
	case Root:
		identity = true
	}
	return e.weigh(set.Trust, grade, identity, boundary, session)
}

// ownPolicy is the way back for an account that locked itself out: its root user manages the policies of its buckets whatever
// policies say, except those of the organization (S3 API, PutBucketPolicy).
func ownPolicy(r *Request) bool {
	if r.Caller.Kind != Root || r.Owner != r.Caller.Account {
		return false
	}
	return r.Action == "s3:GetBucketPolicy" || r.Action == "s3:PutBucketPolicy" || r.Action == "s3:DeleteBucketPolicy"
}

// weigh holds identity, boundary and session against the grade at which the resource's policy names the caller.
func (e *evaluation) weigh(trust bool, g grade, identity, boundary, session bool) Decision {
	same := e.r.Owner == e.r.Caller.Account
	limits := boundary && session
	var ok bool
	switch {
	case !same:
		ok = g >= account && identity && limits
	case g == direct:
		ok = true
	case g == role && limits:
		ok = true
	case trust:
		ok = g == account && identity && limits
	default:
		ok = identity && limits
	}
	switch {
	case ok:
		return e.allow()
	case (trust || !same) && g == none && (identity || trust): // the caller hears of its own policies first, since those it can see
		return e.refuse(LayerResource)
	case !identity && !(same && g == role):
		return e.refuse(LayerIdentity)
	case !boundary:
		return e.refuse(LayerBoundary)
	}
	return e.refuse(LayerSession)
}

func (e *evaluation) allow() Decision {
	e.d.Allowed, e.d.Reasons = true, e.allows
	return e.d
}

func (e *evaluation) refuse(l Layer) Decision {
	e.d.Layer, e.d.Reasons = l, e.allows
	return e.d
}

// levels reports whether each level allows, by one of its policies at least. There may be none.
func (e *evaluation) levels(l Layer, levels [][]*Policy) bool {
	ok := true
	for _, level := range levels {
		ok = e.scan(l, level...) && ok
	}
	return ok
}

// scan reads every statement of the policies, and reports whether one of them allows; an empty list does not.
func (e *evaluation) scan(l Layer, policies ...*Policy) (allowed bool) {
	for _, p := range policies {
		for i := range p.statements {
			if s := &p.statements[i]; (s.principals == nil || s.named(&e.r.Caller) > none) && s.applies(e.r) {
				e.note(l, p, i)
				allowed = allowed || !s.deny
			}
		}
	}
	return allowed
}

func (e *evaluation) note(l Layer, p *Policy, i int) {
	s := &p.statements[i]
	r := Reason{l, p.source, s.sid, i + 1, s.deny}
	if s.deny {
		e.denies = append(e.denies, r)
	} else {
		e.allows = append(e.allows, r)
	}
}

// resource reads the resource's policy: the grade is the highest at which one of its Allow statements names the caller. Where
// public access is blocked a public policy allows nobody from elsewhere; what it denies stays denied.
func (e *evaluation) resource(set *Set) (best grade) {
	p := set.Resource
	if p == nil {
		return none
	}
	blocked := set.BlockPublic && p.public && e.r.Caller.Kind != Service && e.r.Caller.Account != e.r.Owner
	for i := range p.statements {
		s := &p.statements[i]
		g := s.named(&e.r.Caller)
		if g == none || !s.deny && blocked || !s.applies(e.r) {
			continue
		}
		e.note(LayerResource, p, i)
		if !s.deny {
			best = max(best, g)
		}
	}
	return best
}

// applies reports whether action, resource and condition fit. Principals are asked apart.
func (s *statement) applies(r *Request) bool {
	return s.action(r.Action) != s.notAction && s.resource(r) && s.condition(r.Keys)
}

func (s *statement) action(a string) bool {
	for i := range s.actions {
		if s.actions[i].match(a) {
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

// ties are the families of operators that can hold a key to fixed values.
var ties = map[string]bool{"string": true, "fold": true, "like": true, "arn": true, "ip": true}

// Public reports whether a resource policy opens itself to everyone.
func (p *Policy) Public() bool { return p.public }

func (p *Policy) open() bool {
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
		if c.op.negated || c.ifExists || c.set == forAll || !ties[c.op.family] {
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

// fixed reports whether every value wanted is one thing rather than a pattern that could be anything. A pattern within one account,
// or within one role's sessions, is one thing.
func (k *conditionKey) fixed() bool {
	for i := range k.wanted {
		if !k.wanted[i].fixed(k.name) {
			return false
		}
	}
	return true
}

func (w *wanted) fixed(key string) bool {
	switch {
	case w.text.parts != nil:
		return false
	case w.arn != nil:
		if len(w.arn.head) < 5 {
			return false
		}
		account := w.arn.head[4]
		return !account.wild() && (len(account) > 0 || !w.arn.tail.fixed.wild())
	case w.network.IsValid():
		return w.network.Bits() >= 8 && (w.network.Addr().Is4() || w.network.Bits() >= 32)
	case key == "aws:userid":
		return len(w.text.fixed) > 0 && w.text.fixed[0] < any0
	}
	return !w.text.fixed.wild()
}
