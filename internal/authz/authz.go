// Package authz answers "may they?": it gathers the policies that bear on a caller and a resource, asks the policy
// engine, and keeps the reasons. It finds nothing out about resources: what it must know is in the Request.
package authz

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

// Authorizer decides with the policies in the index.
type Authorizer struct {
	Index   *index.Index
	Context *policy.Policy // what sessions made with an identity context are held to; nil: policy.IdentityContextPolicy

	parsed documents // session policies
}

// Request is one action on one resource.
type Request struct {
	Action   string            // "s3:GetObject"
	Resource string            // ARN, or "*" for actions without a resource
	Owner    granary.AccountID // of the resource; "" is the caller's account
	Keys     policy.Values     // what the operation adds to the context, lower-cased keys
	// Lazy finds keys that cost a look at what is stored, only when a policy asks for them; may be nil.
	Lazy   func(name string) ([]string, bool)
	Policy *policy.Policy // resource-based policy; nil when there is none
	Legacy string         // the action's older name; "" when it has none. Either name allows, and a deny of either denies

	Trust       bool // Policy is a role's trust policy
	BlockPublic bool // a public Policy reaches only the owner's account

	// Repeated says that this is one of many decisions of its HTTP request which differ in their resources and Keys only:
	// what depends on neither is decided once.
	Repeated bool

	// Bucket, Key and Prefix describe S3 data requests to the ceiling of a vended key. Prefix is nil when not given.
	Bucket, Key string
	Prefix      *string
}

// Decision is the engine's answer with the request it answers.
type Decision struct {
	policy.Decision
	Request Request
	Caller  *authn.Caller
	Closed  bool // refused because the owner's account was closed
	Ceiling bool // refused because it lies outside of what a vended key opens
	Own     bool // refused because sessions of a user's own may never do it
}

// Decide evaluates one request.
func (z *Authorizer) Decide(c *authn.Caller, env *Env, r Request) Decision {
	if r.Owner == "" {
		r.Owner = c.Account
	}
	d := Decision{Request: r, Caller: c}
	if s := c.Scope(); s != nil && r.Action != "sts:GetCallerIdentity" && !grants.Allows(s, r.Action, r.Bucket, r.Key,
		r.Prefix) {
		d.Layer, d.Ceiling = policy.LayerSession, true
		return d
	}
	if z.Index.Org.Closed(r.Owner) {
		d.Closed = true
		return d
	}
	if !mayCall(c.Session, r.Action) {
		d.Layer, d.Own = policy.LayerSession, true
		return d
	}
	set := z.policies(c)
	z.controls(&set, c, &r)
	set.Resource, set.Trust, set.BlockPublic = r.Policy, r.Trust, r.BlockPublic
	q := policy.Request{Caller: c.Principal(), Action: r.Action, Resource: r.Resource, Owner: r.Owner,
		Keys: &keys{caller: c, env: env, request: &r, index: z.Index}, Work: env.Work, Own: r.Keys}
	if r.Repeated && r.Lazy == nil && env.Work != nil { // what is stored differs from one to the other
		q.Group = group{c.ARN, c.AccessKeyID, env.Time.Unix(), r.Action, r.Owner, r.Bucket, z.Index.Revision()}
	}
	d.Decision = policy.Evaluate(q, set)
	if r.Legacy != "" && !d.Explicit && !d.Over {
		q.Action, q.Group = r.Legacy, nil
		// The list of actions for identity-bearing sessions has no older names, so its answer for them does not count.
		if old := policy.Evaluate(q, set); old.Allowed && !d.Allowed || old.Explicit && old.Layer != policy.LayerSession {
			d.Decision = old
		}
	}
	return d
}

// group is what the decisions of one request must have in common for what one finds out to hold for the others:
// nobody's rights may have changed between them, and the time that conditions see, in seconds, must be the same.
type group struct {
	caller   granary.ARN
	key      string
	second   int64
	action   string
	owner    granary.AccountID
	bucket   string
	revision int64
}

// mayCall refuses what sessions of a user's own cannot do whatever policies say: IAM, and of STS all but assuming a
// role, which federated users cannot either (IAM guide, "Comparing AWS STS API operations").
func mayCall(s *granary.Session, action string) bool {
	if s == nil || s.RoleID != "" {
		return true
	}
	service, _, _ := strings.Cut(action, ":")
	switch {
	case service == "iam":
		return false
	case service != "sts" || action == "sts:GetCallerIdentity":
		return true
	}
	return !s.Federated && slices.Contains([]string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity",
		"sts:SetContext"}, action)
}

// DecideService evaluates a trust policy for an AWS service that assumes a role on its own, such as S3 Access Grants.
func (z *Authorizer) DecideService(service string, env *Env, r Request) policy.Decision {
	if z.Index.Org.Closed(r.Owner) {
		return policy.Decision{}
	}
	set := policy.Set{Resource: r.Policy, Trust: r.Trust}
	z.controls(&set, serviceCaller, &r)
	return policy.Evaluate(policy.Request{Caller: policy.Caller{Kind: policy.Service, Service: service},
		Action: r.Action, Resource: r.Resource, Owner: r.Owner, Work: env.Work,
		Keys: &keys{caller: serviceCaller, env: env, request: &r, index: z.Index, service: service}}, set)
}

var serviceCaller = &authn.Caller{Kind: policy.Service}

// policies gathers what limits and allows the caller itself.
func (z *Authorizer) policies(c *authn.Caller) policy.Set {
	var set policy.Set
	switch {
	case c.User != nil:
		set.Identity = z.Index.IAM.OfUser(c.User)
		set.Boundary = z.Index.IAM.Boundary(c.User.Boundary)
	case c.Kind == policy.FederatedUser: // the root user's
		set.Identity = z.Index.IAM.Identity(nil, []granary.ARN{granary.AdministratorAccess})
	case c.Role != nil:
		set.Identity = z.Index.IAM.Identity(c.Role.Inline, c.Role.Attached)
		set.Boundary = z.Index.IAM.Boundary(c.Role.Boundary)
	}
	if s := c.Session; s != nil {
		if len(s.Policies)+len(s.PolicyARNs) > 0 || s.Federated {
			set.Sessions = append(set.Sessions, z.sessionPolicies(s))
		}
		if c.Context() != nil && !s.Vended() {
			set.Sessions = append(set.Sessions, []*policy.Policy{z.context()})
		}
	}
	return set
}

func (z *Authorizer) context() *policy.Policy {
	if z.Context != nil {
		return z.Context
	}
	return identityContext
}

var identityContext, _ = policy.IdentityContextPolicy() // of a constant

func (z *Authorizer) sessionPolicies(s *granary.Session) []*policy.Policy {
	out := make([]*policy.Policy, 0, len(s.Policies)+len(s.PolicyARNs))
	for _, doc := range s.Policies {
		// Parsed when the session was made; sealed since. A failure here allows nothing.
		if p := z.parsed.session(doc); p != nil {
			out = append(out, p)
		}
	}
	for _, arn := range s.PolicyARNs {
		if p, ok := z.Index.IAM.Managed(arn); ok {
			out = append(out, p)
		}
	}
	return out
}
