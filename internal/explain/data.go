package explain

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

// request is a request for data access, as GetDataAccess asks it.
type request struct {
	caller   *authn.Caller
	env      authz.Env
	account  granary.AccountID // of the Access Grants instance
	target   grants.Target
	asked    granary.Permission
	duration int64 // seconds; 0 is the usual
	viewer   granary.AccountID
	anyRole  bool          // no role was named: that it may call is taken for granted
	asker    *authn.Caller // who asks, nil when whether buckets exist is not to be told
}

const usualDuration = 3600

// The links behind the person.
var dataLinks = []string{"instance", "grant", "prefix", "trust", "duration", "bucket", "data"}

func after(name string, list []string) []string {
	for i, n := range list {
		if n == name {
			return list[i+1:]
		}
	}
	return nil
}

// vend adds the links of GetDataAccess from the caller's policies to the key's life. It returns what would be vended.
func (x *Explainer) vend(c *Chain, q *request) (*granary.Session, *index.Role) {
	p := x.principal(q.caller)
	p.account, p.viewer = q.account, q.viewer
	why := func(w *granary.Why, detail string) (*granary.Session, *index.Role) {
		c.fail(w.Link, detail, x.fix(&audit.Decision{Link: w.Link, Cause: w.Cause, Facts: w.Facts}, p))
		c.rest(after(w.Link, dataLinks)...)
		return nil, nil
	}
	if !q.anyRole {
		d := x.Authz.Decide(q.caller, &q.env, access.OnInstance(x.Index, q.caller.Account, q.account, x.Region,
			"s3:GetDataAccess"))
		if !d.Allowed {
			x.refused(c, &d, q)
			c.rest(dataLinks...)
			return nil, nil
		}
		c.ok("policy", fmt.Sprintf("%s may call s3:GetDataAccess on the Access Grants instance.", q.caller.PrincipalARN()))
	}
	i, ok := x.Index.Grants.Instance(q.account, x.Region)
	if !ok {
		return why(&granary.Why{Link: "instance", Cause: "missing"},
			fmt.Sprintf("The account %s has no Access Grants instance in %s.", q.account, x.Region))
	}
	ids, app := access.Identities(x.Index, q.caller, i)
	m, ok := i.Grants.Match(ids, app, q.target, q.asked)
	if !ok {
		w := access.WhyNoGrant(x.Index, q.caller, i, ids, q.target, q.asked)
		if w.Link == "grant" || w.Link == "prefix" {
			if detail, fix := x.noBucket(q); detail != "" {
				c.ok("instance", "The Access Grants instance "+string(i.ARN)+" is associated with the person's directory.")
				c.fail("bucket", detail, fix)
				c.rest("grant", "prefix", "trust", "duration", "data")
				return nil, nil
			}
			c.ok("instance", "The Access Grants instance "+string(i.ARN)+" is associated with the person's directory.")
		}
		if w.Link == "prefix" {
			c.ok("grant", "There are grants for this caller.")
		}
		return why(w, x.sentence(w))
	}
	c.ok("instance", "The Access Grants instance "+string(i.ARN)+" knows the caller.")
	c.ok("grant", fmt.Sprintf("The grant %s gives %s to %s.", m.ID, m.Permission, x.grantee(i, m.Grantee)))
	c.ok("prefix", fmt.Sprintf("Its scope %s covers %s.", m.Scope, q.target))
	l, ok := i.Location(m.Location)
	if !ok {
		return why(&granary.Why{Link: "trust", Cause: "missing", Facts: map[string]string{"role": string(m.Location)}},
			"The location of the grant is gone.")
	}
	role, err := access.LocationRole(x.Authz, q.caller, &q.env, i, l)
	if err != nil {
		e := granary.AsError(err)
		return why(e.Why, e.Message+".")
	}
	c.ok("trust", fmt.Sprintf("The location's role %s trusts Access Grants.", role.ARN))
	lifetime := q.duration
	if lifetime == 0 {
		lifetime = usualDuration
	}
	if lifetime > int64(role.MaxSession) {
		return why(&granary.Why{Link: "duration", Cause: "too-long", Facts: map[string]string{"role": string(role.ARN),
			"asked": strconv.FormatInt(lifetime, 10), "limit": strconv.Itoa(role.MaxSession)}},
			fmt.Sprintf("The key is to live for %s, and sessions of the role for %s at most.",
				time.Duration(lifetime)*time.Second, time.Duration(role.MaxSession)*time.Second))
	}
	c.ok("duration", fmt.Sprintf("The key would live for %s; sessions of the role may for %s.",
		time.Duration(lifetime)*time.Second, time.Duration(role.MaxSession)*time.Second))
	scope := grants.SessionScope(m, q.target, false, q.asked)
	scope.GrantAccount, scope.Region = q.account, x.Region
	return &granary.Session{Account: role.Account, RoleID: role.ID, RoleARN: role.ARN, Name: "access-grants-explained",
		Issued: q.env.Time, Expires: q.env.Time.Add(time.Duration(lifetime) * time.Second),
		SourceIdentity: access.SourceIdentity(q.caller), Context: q.caller.OnBehalfOf(), Scope: &scope}, role
}

// noBucket says that no grant can ever cover a target, since its bucket is not there, or is not the instance's
// account's; nothing when one can, or when it is not for the asker to know. Whom S3 would tell may, and of the
// management account whom it would if all were its own.
func (x *Explainer) noBucket(q *request) (detail, fix string) {
	name := q.target.Bucket()
	b, there := x.Index.Buckets.Get(name)
	if there && b.Owner == q.account || q.asker == nil {
		return "", ""
	}
	r := authz.Request{Action: "s3:ListBucket", Resource: string(granary.BucketARN(name)), Keys: policy.Values{},
		Bucket: name}
	if there && !x.mayRead(q.viewer, b.Owner) {
		r.Owner, r.Policy, r.BlockPublic = b.Owner, b.Policy, !b.PublicPolicy
	}
	if d := x.Authz.Decide(q.asker, &q.env, r); !d.Allowed {
		return "", ""
	}
	if !there {
		return "There is no bucket " + name + ", and so no grant on it.",
			"Name a bucket that is there (aws s3 ls), or make it and grant on it: aws s3 mb s3://" + name
	}
	return fmt.Sprintf("The bucket %s is the account %s's, and the Access Grants instance of %s grants on its own "+
			"account's buckets only.", name, b.Owner, q.account),
		fmt.Sprintf("Ask about the Access Grants instance of the bucket's account: --account-id %s", b.Owner)
}

// open adds the links of the gateway: whether the vended key opens the target.
func (x *Explainer) open(c *Chain, q *request, s *granary.Session, role *index.Role) {
	name := q.target.Bucket()
	b, ok := x.Index.Buckets.Get(name)
	if !ok {
		c.fail("bucket", "There is no bucket "+name+".", "Run: aws s3 mb s3://"+name)
		c.rest("data")
		return
	}
	c.ok("bucket", "The bucket "+name+" is there.")
	caller := &authn.Caller{Kind: policy.RoleSession, Account: role.Account,
		ARN: granary.SessionARN(role.Account, role.Name, s.Name), ID: role.ID + ":" + s.Name, Role: role, Session: s}
	key, exact := q.target.Key()
	on := func(action, key string, prefix *string) authz.Request {
		r := authz.Request{Action: action, Resource: string(granary.BucketARN(name)), Owner: b.Owner, Policy: b.Policy,
			BlockPublic: !b.PublicPolicy, Bucket: name, Key: key, Prefix: prefix, Keys: policy.Values{}}
		if key != "" {
			r.Resource = string(granary.ObjectARN(name, key))
		}
		if prefix != nil {
			r.Keys["s3:prefix"] = []string{*prefix}
		}
		return r
	}
	var list []authz.Request
	object := key
	if !exact {
		object += "*" // stands for any object: policies' patterns that take all take it
	}
	if q.asked.Covers(granary.Read) {
		if !exact {
			list = append(list, on("s3:ListBucket", "", &key))
		}
		list = append(list, on("s3:GetObject", object, nil))
	}
	if q.asked.Covers(granary.Write) {
		list = append(list, on("s3:PutObject", object, nil))
	}
	for _, r := range list {
		if d := x.Authz.Decide(caller, &q.env, r); !d.Allowed {
			x.refused(c, &d, q)
			return
		}
	}
	c.ok("data", fmt.Sprintf("The key opens %s with %s.", grants.MatchedTarget(*s.Scope), q.asked))
}

// refused adds the links of a decision. What policies of other accounts say is told to their own administrators only.
func (x *Explainer) refused(c *Chain, d *authz.Decision, q *request) {
	p := d.Record()
	others := !x.mayRead(q.viewer, granary.AccountID(p.Owner))
	if others {
		p.Reasons = slices.DeleteFunc(p.Reasons, func(s audit.Statement) bool { return ofResource(s.Layer) })
	}
	switch {
	case d.Ceiling:
		c.fail("ceiling", d.Request.Action+" lies outside of what the vended key opens.",
			fixes["prefix/ceiling"](nil, principal{}))
	case d.Over:
		c.fail("policy", sentenceOf(d.Refusal().Error()), fixes["policy/work"](nil, principal{}))
	case others && ofResource(p.Layer):
		c.fail("policy", fmt.Sprintf("A policy of the account %s does not allow %s on %s.", p.Owner, p.Action, p.Resource),
			"Ask that account's administrator.")
	default:
		c.policies(p, "", policyFix(p, x.principal(d.Caller)))
	}
}

// ofResource reports whether a layer's policies are the resource's account's to see.
func ofResource(layer string) bool {
	return layer == policy.LayerResource.String() || layer == policy.LayerRCP.String()
}

// mayRead reports whether an account may see another's policies: its own, and the management account all.
func (x *Explainer) mayRead(viewer, owner granary.AccountID) bool {
	return viewer == owner || x.Index.Org.Organization() != nil && viewer == x.Index.Org.Organization().Management
}

// principal is the caller as fixes name it.
func (x *Explainer) principal(c *authn.Caller) principal {
	p := principal{account: c.Account, arn: string(c.PrincipalARN())}
	switch {
	case c.Role != nil:
		p.role = c.Role.Name
	case c.User != nil:
		p.user = c.User.Name
	}
	return p
}

// grantee is whom a grant is for, by name where the directory has one.
func (x *Explainer) grantee(i *index.GrantsInstance, g granary.Grantee) string {
	if g.Type == granary.GranteeUser {
		if center, ok := x.Index.Center.Instance(i.IdentityCenter); ok {
			if u, ok := x.Index.Directory.User(center.Store, granary.UserID(g.ID)); ok {
				return "the user " + u.UserName + " (" + g.ID + ")"
			}
		}
		return "the user " + g.ID
	}
	if g.Type == granary.GranteeGroup {
		if center, ok := x.Index.Center.Instance(i.IdentityCenter); ok {
			return x.group(center.Store, granary.GroupID(g.ID)) + ", which the person is in"
		}
		return "the group " + g.ID + ", which the person is in"
	}
	return g.ID
}

// sentence says why no grant matched.
func (x *Explainer) sentence(w *granary.Why) string {
	f := w.Facts
	switch w.Link + "/" + w.Cause {
	case "instance/not-associated":
		return "The Access Grants instance is associated with no Identity Center, so that people do not count for it."
	case "instance/other-directory":
		return "The Access Grants instance is associated with another Identity Center than the person's."
	case "scope/not-granted":
		return "The identity context does not carry the scope " + f["scope"] + ", without which the person's grants do " +
			"not count."
	case "user/deleted":
		return "The user " + f["user"] + " was deleted from the directory."
	case "user/disabled":
		return "The user " + f["userName"] + " (" + f["user"] + ") is deactivated in the directory."
	case "grant/other-application":
		return fmt.Sprintf("The grant %s would cover %s, and is bound to the application %s.", f["grant"], f["target"],
			f["application"])
	case "grant/permission":
		return fmt.Sprintf("The grant %s covers %s with %s only, and %s was asked for: grants do not add up.", f["grant"],
			f["target"], f["has"], f["permission"])
	case "grant/none":
		return "No grant is for this caller, neither by name nor through a group."
	case "request/scim-disabled":
		return "Provisioning is disabled for the identity store " + f["store"] + "."
	case "request/scim-closed":
		return "The account that the identity store " + f["store"] + " belongs to was closed."
	case "prefix/not-covered":
		return fmt.Sprintf("None of the caller's grants covers %s with %s.", f["target"], f["permission"])
	}
	return noSentence
}

const noSentence = "It is refused."
