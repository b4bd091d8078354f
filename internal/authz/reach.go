package authz

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/policy"
)

// Reached is a part of a bucket that a caller reaches by policies.
type Reached struct {
	Part       string // a pattern of ARNs
	Permission granary.Permission
	Sure       bool            // whatever the circumstances; else under conditions that only a request can tell
	Except     []string        // patterns inside that are denied, or reached only under conditions while the rest is sure
	Overlaps   bool            // policies have patterns that share some of its keys and not all: one object alone can tell
	By         []policy.Reason // the statements that allow it, under the best of circumstances
}

// maxExcept is how many exceptions of a part are told.
const maxExcept = 10

// Reach lists the parts of a bucket below a key, or the one object of an exact key, that a caller reaches with a
// permission by its own policies and the bucket's: what Decide would say, of many requests at once. Reading is
// s3:GetObject, writing s3:PutObject or s3:DeleteObject. r has the bucket's owner and policy.
func (z *Authorizer) Reach(c *authn.Caller, env *Env, r Request, key string, exact bool,
	want granary.Permission) (out []Reached) {
	if r.Owner == "" {
		r.Owner = c.Account
	}
	if z.Index.Org.Closed(r.Owner) || z.Index.Org.Closed(c.Account) {
		return nil
	}
	r.Action = "s3:GetObject" // for conditions that depend on the service
	set := z.policies(c)
	z.controls(&set, c, &r)
	set.Resource, set.BlockPublic = r.Policy, r.BlockPublic
	keys := &keys{caller: c, env: env, request: &r, index: z.Index}
	known := knownOf(c)
	loosest, strictest := set.Loosest(known), set.Strictest(known)
	decide := func(s policy.Set, action, part string) policy.Decision {
		r := r
		r.Action, r.Resource = action, policy.Sample(part)
		k := *keys
		k.request = &r
		return policy.Evaluate(policy.Request{Caller: c.Principal(), Action: action, Resource: r.Resource, Owner: r.Owner,
			Keys: &k}, s)
	}
	below := string(granary.ObjectARN(r.Bucket, key))
	var all []Reached // whether want is reached there or not
	for _, part := range set.Parts(below, exact, keys) {
		here := Reached{Part: part, Sure: true}
		ask := func(p granary.Permission, actions ...string) {
			if want&p == 0 {
				return
			}
			for _, action := range actions {
				if d := decide(loosest, action, part); d.Allowed {
					here.Permission |= p
					here.By = append(here.By, d.Reasons...)
					here.Sure = here.Sure && decide(strictest, action, part).Allowed
					return
				}
			}
		}
		ask(granary.Read, "s3:GetObject")
		ask(granary.Write, "s3:PutObject", "s3:DeleteObject")
		all = append(all, here)
	}
	return broadest(all, want)
}

// broadest returns the parts that say everything: one inside of another only where it says something else. Each part
// comes with its exceptions, which are the parts inside of it that are not reached, or under conditions only.
func broadest(all []Reached, want granary.Permission) (out []Reached) {
	excepted := func(o *Reached, part string) bool {
		return slices.ContainsFunc(o.Except, func(e string) bool { return policy.Holds(e, part) })
	}
	for _, here := range all {
		if !here.Permission.Covers(want) {
			continue
		}
		told := func(o Reached) bool {
			return policy.Holds(o.Part, here.Part) && !excepted(&o, here.Part) && (o.Sure || !here.Sure)
		}
		if slices.ContainsFunc(out, told) {
			continue
		}
		for _, p := range all {
			less := !p.Permission.Covers(want) || here.Sure && !p.Sure
			if less && policy.Holds(here.Part, p.Part) && !excepted(&here, p.Part) {
				here.Except = append(here.Except, p.Part)
			}
		}
		out = append(out, here)
	}
	for i := range out {
		for _, other := range all {
			out[i].Overlaps = out[i].Overlaps || policy.Overlap(out[i].Part, other.Part)
		}
		if len(out[i].Except) > maxExcept {
			out[i].Except, out[i].Overlaps = nil, true
		}
	}
	return out
}

// fixedKeys are the condition keys whose value is the same for every request of one principal to one bucket. The keys
// of directory identities and vended keys are among them: a request in a person's name reaches objects by a vended key
// alone.
var fixedKeys = []string{"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalorgid",
	"aws:principalorgpaths", "aws:principalisawsservice",
	"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount", "s3:accessgrantsinstancearn",
	"identitystore:userid", "identitystore:identitystorearn", "identitycenter:applicationarn",
	"identitycenter:instancearn", "identitycenter:credentialid"}

// knownOf says which condition keys of a principal are known without a request. Sessions of a role bring tags and names
// of their own.
func knownOf(c *authn.Caller) func(key string) bool {
	return func(key string) bool {
		if slices.Contains(fixedKeys, key) {
			return true
		}
		return c.Kind == policy.IAMUser && (key == "aws:username" || key == "aws:userid" ||
			strings.HasPrefix(key, "aws:principaltag/"))
	}
}
