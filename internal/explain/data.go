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
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

// request is a request for data access, as GetDataAccess takes it.
type request struct {
	caller   *authn.Caller
	env      authz.Env
	account  granary.AccountID // of the Access Grants instance
	target   grants.Target
	asked    granary.Permission
	duration int64             // seconds; 0 means access.DefaultDuration
	viewer   granary.AccountID // the account that reads the explanation
	anyRole  bool              // no role was named: the caller is assumed to have one that may call GetDataAccess
	asker    *authn.Caller     // who reads the explanation; nil: the explanation does not tell whether buckets exist
}

// dataLinks are the links of GetDataAccess and of the gateway, in order.
var dataLinks = []granary.Link{granary.LinkInstance, granary.LinkGrant, granary.LinkPrefix, granary.LinkTrust,
	granary.LinkDuration, granary.LinkBucket, linkData}

// linksAfter returns the links of a list that follow one of them, or none when that one is not in the list.
func linksAfter(name granary.Link, list []granary.Link) []granary.Link {
	if i := slices.Index(list, name); i >= 0 {
		return list[i+1:]
	}
	return nil
}

// dataChain adds the dataLinks of a request to a chain.
type dataChain struct {
	*Explainer
	*Chain
	q        *request
	instance *index.GrantsInstance // once it is found
}

// vend adds the links from the caller's policies to the key's lifetime. It returns the session that GetDataAccess would
// vend and its role, or nil when it would refuse.
func (d *dataChain) vend() (*granary.Session, *index.Role) {
	q := d.q
	if !q.anyRole {
		z := d.Authz.Decide(q.caller, &q.env, access.OnInstance(d.Index, q.caller.Account, q.account, d.Region,
			"s3:GetDataAccess"))
		if !z.Allowed {
			d.refused(&z)
			d.rest(dataLinks...)
			return nil, nil
		}
		d.ok(granary.LinkPolicy,
			fmt.Sprintf("%s may call s3:GetDataAccess on the Access Grants instance.", q.caller.PrincipalARN()))
	}
	var ok bool
	if d.instance, ok = d.Index.Grants.Instance(q.account, d.Region); !ok {
		d.broke(&granary.Why{Cause: cause.InstanceMissing},
			fmt.Sprintf("The account %s has no Access Grants instance in %s.", q.account, d.Region))
		return nil, nil
	}
	v, err := access.Vend(d.Authz, &access.DataRequest{Caller: q.caller, Env: &q.env, Instance: d.instance,
		Target: q.target, TargetText: q.target.String(), Permission: q.asked, Duration: q.duration}, d)
	if err != nil {
		d.notVended(granary.AsError(err))
		return nil, nil
	}
	s := v.Session(q.caller, "access-grants-explained")
	s.Issued, s.Expires = q.env.Time, q.env.Time.Add(v.Lifetime)
	return s, v.Role
}

// Succeeded adds the links that a step of access.Vend proves to hold.
func (d *dataChain) Succeeded(step access.Step, v access.Vending) {
	switch step {
	case access.Matched:
		d.ok(granary.LinkInstance, "The Access Grants instance "+string(d.instance.ARN)+" knows the caller.")
		d.ok(granary.LinkGrant, fmt.Sprintf("The grant %s gives %s to %s.", v.Match.ID, v.Match.Permission,
			d.grantee(v.Match.Grantee)))
		d.ok(granary.LinkPrefix, fmt.Sprintf("Its scope %s covers %s.", v.Match.Scope, d.q.target))
	case access.Trusted:
		d.ok(granary.LinkTrust, fmt.Sprintf("The location's role %s trusts Access Grants.", v.Role.ARN))
	case access.LastsEnough:
		d.ok(granary.LinkDuration, fmt.Sprintf("The key would live for %s; sessions of the role may for %s.", v.Lifetime,
			time.Duration(v.Role.MaxSession)*time.Second))
	}
}

// notVended adds the links for an error of access.Vend: those that held before it, the one that broke, and the rest.
func (d *dataChain) notVended(e *granary.Error) {
	w := e.Why
	switch w.Cause.Link() {
	case granary.LinkTrust:
		detail := e.Message + "."
		if e.Kind == granary.NotFound {
			detail = "The location of the grant is gone."
		}
		d.broke(w, detail)
		return
	case granary.LinkDuration:
		d.broke(w, fmt.Sprintf("The key is to live for %s, and sessions of the role for %s at most.",
			inSeconds(w.Facts["asked"]), inSeconds(w.Facts["limit"])))
		return
	case granary.LinkGrant, granary.LinkPrefix:
		d.ok(granary.LinkInstance, "The Access Grants instance "+string(d.instance.ARN)+
			" is associated with the person's directory.")
		if detail, fix := d.noBucket(d.q); detail != "" {
			d.fail(granary.LinkBucket, detail, fix)
			d.rest(granary.LinkGrant, granary.LinkPrefix, granary.LinkTrust, granary.LinkDuration, linkData)
			return
		}
	}
	if w.Cause.Link() == granary.LinkPrefix {
		d.ok(granary.LinkGrant, "There are grants for this caller.")
	}
	d.broke(w, sentence(w))
}

// inSeconds reads a fact that is a number of seconds.
func inSeconds(fact string) time.Duration {
	n, _ := strconv.ParseInt(fact, 10, 64) // written by access.Vend
	return time.Duration(n) * time.Second
}

// broke adds the link that broke, with its fix, and the links behind it.
func (d *dataChain) broke(w *granary.Why, detail string) {
	p := principalOf(d.q.caller)
	p.account, p.viewer = d.q.account, d.q.viewer
	d.fail(w.Cause.Link(), detail, d.fix(recordOf(w), p))
	d.rest(linksAfter(w.Cause.Link(), dataLinks)...)
}

// noBucket says that no grant can ever cover a target, because its bucket does not exist or does not belong to the
// instance's account, and how to mend that. It returns "" when a grant can cover the target, and when the asker may not
// know whether the bucket exists: S3 would have to tell the asker or, if the viewer is the management account, it would
// have to if the bucket were the management account's.
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
func (d *dataChain) open(s *granary.Session, role *index.Role) {
	q := d.q
	name := q.target.Bucket()
	b, ok := d.Index.Buckets.Get(name)
	if !ok {
		d.fail(granary.LinkBucket, "There is no bucket "+name+".", "Run: aws s3 mb s3://"+name)
		d.rest(linkData)
		return
	}
	d.ok(granary.LinkBucket, "The bucket "+name+" is there.")
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
		if z := d.Authz.Decide(caller, &q.env, r); !z.Allowed {
			d.refused(&z)
			return
		}
	}
	d.ok(linkData, fmt.Sprintf("The key opens %s with %s.", grants.MatchedTarget(*s.Scope), q.asked))
}

// refused adds the links of a decision that refused. Only its own administrators are told what the policies of another
// account say.
func (d *dataChain) refused(z *authz.Decision) {
	p := z.Record()
	others := !d.mayRead(d.q.viewer, granary.AccountID(p.Owner))
	if others {
		p.Reasons = slices.DeleteFunc(p.Reasons, func(s audit.Statement) bool { return isResourceLayer(s.Layer) })
	}
	switch {
	case z.Ceiling:
		d.fail(linkCeiling, z.Request.Action+" lies outside of what the vended key opens.",
			mend(cause.PrefixCeiling, nil, principal{}))
	case z.Over:
		d.fail(granary.LinkPolicy, sentenceOf(z.Refusal().Error()), mend(cause.PolicyWork, nil, principal{}))
	case others && isResourceLayer(p.Layer):
		d.fail(granary.LinkPolicy,
			fmt.Sprintf("A policy of the account %s does not allow %s on %s.", p.Owner, p.Action, p.Resource),
			"Ask that account's administrator.")
	default:
		d.policies(p, "", policyFix(p, principalOf(z.Caller)))
	}
}

// isResourceLayer reports whether the policies of a layer belong to the account that owns the resource.
func isResourceLayer(layer string) bool {
	return layer == policy.LayerResource.String() || layer == policy.LayerRCP.String()
}

// mayRead reports whether an account may see the policies of another: it may see its own, and the management account
// may see all.
func (x *Explainer) mayRead(viewer, owner granary.AccountID) bool {
	return viewer == owner || x.Index.Org.Organization() != nil && viewer == x.Index.Org.Organization().Management
}

// principalOf returns the caller as fixes name it.
func principalOf(c *authn.Caller) principal {
	p := principal{account: c.Account, arn: string(c.PrincipalARN())}
	switch {
	case c.Role != nil:
		p.role = c.Role.Name
	case c.User != nil:
		p.user = c.User.Name
	}
	return p
}

// grantee returns the grantee of a grant in words, by name where the directory has one.
func (d *dataChain) grantee(g granary.Grantee) string {
	if g.Type == granary.GranteeUser {
		if center, ok := d.Index.Center.Instance(d.instance.IdentityCenter); ok {
			if u, ok := d.Index.Directory.User(center.Store, granary.UserID(g.ID)); ok {
				return "the user " + u.UserName + " (" + g.ID + ")"
			}
		}
		return "the user " + g.ID
	}
	if g.Type == granary.GranteeGroup {
		if center, ok := d.Index.Center.Instance(d.instance.IdentityCenter); ok {
			return d.group(center.Store, granary.GroupID(g.ID)) + ", which the person is in"
		}
		return "the group " + g.ID + ", which the person is in"
	}
	return g.ID
}

// sentence returns a sentence that says why no grant matched, or noSentence.
func sentence(w *granary.Why) string {
	f := w.Facts
	switch w.Cause {
	case cause.InstanceNotAssociated:
		return "The Access Grants instance is associated with no Identity Center, so that people do not count for it."
	case cause.InstanceOtherDirectory:
		return "The Access Grants instance is associated with another Identity Center than the person's."
	case cause.ScopeNotGranted:
		return "The identity context does not carry the scope " + f["scope"] + ", without which the person's grants do " +
			"not count."
	case cause.UserDeleted:
		return "The user " + f["user"] + " was deleted from the directory."
	case cause.UserDisabled:
		return "The user " + f["userName"] + " (" + f["user"] + ") is deactivated in the directory."
	case cause.GrantOtherApplication:
		return fmt.Sprintf("The grant %s would cover %s, and is bound to the application %s.", f["grant"], f["target"],
			f["application"])
	case cause.GrantPermission:
		return fmt.Sprintf("The grant %s covers %s with %s only, and %s was asked for: grants do not add up.", f["grant"],
			f["target"], f["has"], f["permission"])
	case cause.GrantNone:
		return "No grant is for this caller, neither by name nor through a group."
	case cause.RequestSCIMDisabled:
		return "Provisioning is disabled for the identity store " + f["store"] + "."
	case cause.RequestSCIMClosed:
		return "The account that the identity store " + f["store"] + " belongs to was closed."
	case cause.PrefixNotCovered:
		return fmt.Sprintf("None of the caller's grants covers %s with %s.", f["target"], f["permission"])
	}
	return noSentence
}

const noSentence = "It is refused."
