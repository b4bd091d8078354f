package policy

import "granary"

// Request is one action on one resource by one caller.
type Request struct {
	Caller   Caller
	Action   string            // "s3:GetObject"
	Resource string            // an ARN, or "*" for actions without a resource
	Owner    granary.AccountID // the account that owns the resource
	Keys     Keys

	// Work counts the steps of all decisions of one wire request, which share one limit; nil gives this decision a limit
	// of its own.
	Work *Work
	// Group, if not nil, must be comparable. Decisions that share Work and have equal groups may differ only in Resource
	// and in the keys of Own; what depends on neither is then computed once for all of them.
	Group any
	Own   Values
}

// Set holds every policy that applies to a request. A nil or empty field means that the layer does not exist; it does
// not deny.
type Set struct {
	Identity []*Policy
	Boundary *Policy
	Sessions [][]*Policy // policies inside one element are a union, the elements intersect
	SCPs     [][]*Policy // one element per level of the organization, root first; every level must allow
	RCPs     [][]*Policy // levels of the resource's account, root first
	Resource *Policy

	Trust       bool // Resource is a role's trust policy, or decides as one
	BlockPublic bool // a public Resource allows only callers of the owner's account
}

// Layer names the kind of policy that decided.
type Layer uint8

// The layers.
const (
	LayerNone Layer = iota
	LayerIdentity
	LayerBoundary
	LayerSession
	LayerSCP
	LayerRCP
	LayerResource
)

// Reason names a statement that applied to the request.
type Reason struct {
	Layer     Layer
	Policy    string // the name given by Policy.Named
	Sid       string
	Statement int // counted from 1
	Deny      bool
}

// Decision is the result of Evaluate. For a refusal, Layer is the layer of the first Deny statement that applied or,
// without one, the first layer that did not allow.
type Decision struct {
	Allowed  bool
	Explicit bool // refused by a Deny statement
	Over     bool // refused because the decision needs more work than one request may cost
	Layer    Layer
	Reasons  []Reason
}

// evaluation is the state of one call of Evaluate.
type evaluation struct {
	request  *Request
	context  context
	bounded  bool // a permissions boundary limits the caller
	group    map[*statement]grade
	decision Decision
	allows   []Reason
	denies   []Reason
	space    [12]Reason // backs allows, so that most decisions allocate nothing for reasons
	work     Work       // used when the request brings none
}

// Evaluate decides whether the policies allow the request (IAM User Guide, "Policy evaluation logic"; iam-policy §6).
// It reads every statement even when the result is already known, so that the reasons are complete: the Deny statements
// that applied if there are any, else the Allow statements. It is a pure function of its arguments, except that it adds
// to r.Work.
func Evaluate(r Request, set Set) Decision {
	if r.Caller.Kind == NoKind {
		return Decision{}
	}
	if r.Action == "sts:GetCallerIdentity" {
		return Decision{Allowed: true}
	}
	if r.Keys == nil {
		r.Keys = Values{}
	}
	if r.Caller.Kind == Service {
		set.SCPs = nil // SCPs limit the principals of accounts, not AWS services
	}
	e := &evaluation{request: &r, bounded: set.Boundary != nil}
	if r.Work == nil {
		r.Work = &e.work
	}
	e.context = context{r.Keys, r.Work}
	if r.Group != nil {
		e.group = r.Work.gradesOf(r.Group)
	}
	e.allows = e.space[:0]
	if !r.Work.admits(r.Resource) {
		return Decision{Over: true}
	}
	if recoversOwnPolicy(&r) {
		set.Identity, set.Boundary, set.Sessions, set.Resource = nil, nil, nil, nil
	}
	identity := e.scanPolicies(LayerIdentity, set.Identity...)
	boundary := set.Boundary == nil || e.scanPolicies(LayerBoundary, set.Boundary)
	session := true
	for _, s := range set.Sessions {
		session = e.scanPolicies(LayerSession, s...) && session
	}
	scp, rcp := e.everyLevelAllows(LayerSCP, set.SCPs), e.everyLevelAllows(LayerRCP, set.RCPs)
	grade := e.resourceGrade(&set)
	switch {
	case r.Work.over:
		return Decision{Over: true}
	case len(e.denies) > 0:
		e.decision.Explicit, e.decision.Layer, e.decision.Reasons = true, e.denies[0].Layer, e.denies
		return e.decision
	case !scp:
		return e.refuse(LayerSCP)
	case !rcp:
		return e.refuse(LayerRCP)
	case recoversOwnPolicy(&r):
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
	return e.combine(set.Trust, grade, identity, boundary, session)
}

// recoversOwnPolicy reports whether the root user of a bucket's account manages the bucket's policy. AWS always lets it
// do so, so that an account that locked itself out can recover; only the organization's policies still apply (S3 API,
// PutBucketPolicy).
func recoversOwnPolicy(r *Request) bool {
	if r.Caller.Kind != Root || r.Owner != r.Caller.Account {
		return false
	}
	return r.Action == "s3:GetBucketPolicy" || r.Action == "s3:PutBucketPolicy" || r.Action == "s3:DeleteBucketPolicy"
}

// combine decides from the results of the layers. g is the grade at which the resource policy names the caller: within
// one account the resource policy or the identity policies suffice, across accounts both must allow, and a trust policy
// must always name the caller.
func (e *evaluation) combine(trust bool, g grade, identity, boundary, session bool) Decision {
	same := e.request.Owner == e.request.Caller.Account
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
	case (trust || !same) && g == none && (identity || trust):
		// name the caller's own policies first: the caller can read those
		return e.refuse(LayerResource)
	case !identity && !(same && g == role):
		return e.refuse(LayerIdentity)
	case !boundary:
		return e.refuse(LayerBoundary)
	}
	return e.refuse(LayerSession)
}

// allow returns the decision that allows, with the Allow statements that applied.
func (e *evaluation) allow() Decision {
	e.decision.Allowed, e.decision.Reasons = true, e.allows
	return e.decision
}

// refuse returns the decision that no Deny caused: layer l did not allow.
func (e *evaluation) refuse(l Layer) Decision {
	e.decision.Layer, e.decision.Reasons = l, e.allows
	return e.decision
}

// everyLevelAllows reports whether at least one policy of each level allows. Without levels it is true.
func (e *evaluation) everyLevelAllows(l Layer, levels [][]*Policy) bool {
	ok := true
	for _, level := range levels {
		ok = e.scanPolicies(l, level...) && ok
	}
	return ok
}

// scanPolicies reads every statement of the policies, records those that apply, and reports whether one of them allows.
// It is false for an empty list.
func (e *evaluation) scanPolicies(l Layer, policies ...*Policy) (allowed bool) {
	for _, p := range policies {
		for i := range p.statements {
			if s := &p.statements[i]; e.appliedGrade(s) > none {
				e.record(l, p, i)
				allowed = allowed || !s.deny
			}
		}
	}
	return allowed
}

// record adds statement i of p to the reasons.
func (e *evaluation) record(l Layer, p *Policy, i int) {
	s := &p.statements[i]
	r := Reason{l, p.source, s.sid, i + 1, s.deny}
	if s.deny {
		e.denies = append(e.denies, r)
	} else {
		e.allows = append(e.allows, r)
	}
}

// resourceGrade reads the resource's policy and returns the highest grade at which one of its Allow statements names
// the caller. Where public access is blocked, the Allow statements of a public policy do not apply to callers from
// other accounts; its Deny statements always apply.
func (e *evaluation) resourceGrade(set *Set) (best grade) {
	p := set.Resource
	if p == nil {
		return none
	}
	blocked := set.BlockPublic && e.isOutsider(p)
	for i := range p.statements {
		s := &p.statements[i]
		if !s.deny && blocked {
			continue
		}
		g := e.appliedGrade(s)
		if g == none {
			continue
		}
		e.record(LayerResource, p, i)
		if !s.deny {
			best = max(best, g)
		}
	}
	return best
}

// isOutsider reports whether policy p reaches the caller only because p is public: the caller is anonymous, or p is
// public and the caller belongs to another account.
func (e *evaluation) isOutsider(p *Policy) bool {
	c := &e.request.Caller
	return c.Kind == Anonymous || p.public && c.Kind != Service && c.Account != e.request.Owner
}

// appliedGrade returns the grade at which the statement names the caller, or none when the statement does not apply to
// the request. Within a group it computes principals, action and conditions once for each statement that does not
// depend on a key of Own, and compares the resource each time.
func (e *evaluation) appliedGrade(s *statement) grade {
	if e.group == nil || s.dependsOn(e.request.Own) {
		if g := s.principalGrade(&e.request.Caller, e.bounded); g > none &&
			s.matchesAction(e.request.Action, e.context.work) != s.notAction && e.matchesResource(s) && e.conditionsHold(s) {
			return g
		}
		return none
	}
	g, known := e.group[s]
	if !known {
		g = s.principalGrade(&e.request.Caller, e.bounded)
		if g > none && (s.matchesAction(e.request.Action, e.context.work) == s.notAction || !e.conditionsHold(s)) {
			g = none
		}
		e.group[s] = g
	}
	if g > none && e.matchesResource(s) {
		return g
	}
	return none
}

// dependsOn reports whether the statement's conditions use one of the keys.
func (s *statement) dependsOn(own Values) bool {
	if len(own) == 0 {
		return false
	}
	for _, name := range s.names {
		if _, ok := own[name]; ok {
			return true
		}
	}
	return false
}

// matchesAction reports whether the statement's action patterns include a. When the work is used up it returns the
// value that makes the statement not apply.
func (s *statement) matchesAction(a string, w *Work) bool {
	if !w.spend(1 + len(s.actions) + len(s.principals)) {
		return s.notAction
	}
	for i := range s.actions {
		if s.actions[i].match(a, w) {
			return true
		}
	}
	return false
}

// matchesResource reports whether the statement covers the request's resource. Trust policies have no resources and
// cover every one.
func (e *evaluation) matchesResource(s *statement) bool {
	if s.resources == nil {
		return true // trust policies
	}
	for i := range s.resources {
		if s.resources[i].match(e.request.Resource, &e.context) {
			return !s.notResource
		}
	}
	return s.notResource
}

// conditionsHold reports whether all conditions of the statement hold.
func (e *evaluation) conditionsHold(s *statement) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(&e.context, s.deny) {
			return false
		}
	}
	return true
}
