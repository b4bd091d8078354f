package explain

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/policy"
)

// now says how the request of an event would end now: with the same caller and the same facts, and today's settings.
func (x *Explainer) now(e *audit.Event, viewer granary.AccountID) (result, detail string) {
	d := e.Decision
	if e.EventName == "UserAuthentication" || e.EventName == "CreateTokenWithIAM" &&
		!(d.Link == granary.LinkPolicy && d.Policy != nil) {
		return x.exchangeNow(d, e.EventName == "UserAuthentication")
	}
	if d.Link == granary.LinkUser && e.EventName == "AssumeRole" {
		return x.userNow(d, "Assume the role again, with a fresh identity context.")
	}
	c, dead := x.callerNow(e)
	if c == nil || dead != nil {
		if dead != nil {
			return Refused, granary.AsError(dead).Message
		}
		return Unknown, "Whether it would be allowed now cannot be told from what was kept."
	}
	expired := ""
	if s := c.Session; s != nil && !x.Now().Before(s.Expires) {
		expired = " The session has ended meanwhile: a new one is needed."
	}
	env := authz.Env{Time: x.Now(), Region: e.AWSRegion, UserAgent: e.UserAgent}
	env.Source, _ = netip.ParseAddr(e.SourceIPAddress)
	switch {
	case causeOf(d) == cause.PolicyWork:
		return Unknown, "The log keeps less than the request brought, so how long it would take now cannot be told." + expired
	case e.EventName == "GetDataAccess":
		return x.vendNow(e, c, env, viewer, expired)
	case d.Policy != nil:
		r := x.requestNow(c.Account, d.Policy)
		if z := x.Authz.Decide(c, &env, r); !z.Allowed {
			return Refused, "It would be refused now too: " + layerOf(&z) + "." + expired
		}
		return Allowed, "It would be allowed now." + expired
	case d.Link == granary.LinkSession:
		return Allowed, "The session would be taken now." + expired
	}
	return Unknown, "Whether it would be allowed now can be told only by sending it again." + expired
}

func layerOf(d *authz.Decision) string {
	switch {
	case d.Ceiling:
		return "the key opens something else"
	case d.Explicit:
		return "a " + d.Layer.String() + " policy denies it"
	}
	return "no " + d.Layer.String() + " policy allows it"
}

// callerNow is the caller of an event as of now; nil when it is gone, with an error when its session is dead.
func (x *Explainer) callerNow(e *audit.Event) (*authn.Caller, error) {
	if s := e.Decision.Session; s != nil {
		return x.Authn.Alive(s)
	}
	u := e.UserIdentity
	if u == nil {
		return nil, nil
	}
	c := &authn.Caller{Account: granary.AccountID(u.AccountID), ARN: granary.ARN(u.ARN), ID: u.PrincipalID,
		AccessKeyID: u.AccessKeyID}
	switch u.Type {
	case "Root":
		c.Kind = policy.Root
		return c, nil
	case "IAMUser":
		if user, ok := x.Index.IAM.User(c.Account, u.UserName); ok && user.ID == u.PrincipalID {
			c.Kind, c.User = policy.IAMUser, user
			return c, nil
		}
	}
	return nil, nil
}

// requestNow is a recorded request with the resource's policy of now.
func (x *Explainer) requestNow(caller granary.AccountID, p *audit.PolicyDecision) authz.Request {
	r := authz.Request{Action: p.Action, Resource: p.Resource, Owner: granary.AccountID(p.Owner),
		Keys: policy.Values(p.Keys), Bucket: p.Bucket, Key: p.Key, Prefix: p.Prefix, Trust: p.Trust}
	arn := granary.ARN(p.Resource)
	if p.Bucket != "" {
		if b, ok := x.Index.Buckets.Get(p.Bucket); ok {
			r.Policy, r.BlockPublic, r.Owner = b.Policy, !b.PublicPolicy, b.Owner
		}
		return r
	}
	parts, _ := arn.Parts()
	switch {
	case p.Trust && parts.Service == "iam":
		if role, ok := x.Index.IAM.Role(arn); ok {
			r.Policy = role.Trust
		}
	case parts.Service == "sso" && strings.HasPrefix(parts.Resource, "application/"):
		if a, ok := x.Index.Center.Application(arn); ok && p.Trust {
			r.Policy = a.Actor
		}
	case parts.Service == "s3" && strings.HasPrefix(parts.Resource, "access-grants/"):
		if i, ok := x.Index.Grants.Instance(parts.Account, parts.Region); ok {
			r.Policy = access.Shared(x.Index, caller, i)
		}
	}
	return r
}

// vendNow asks GetDataAccess's links again.
func (x *Explainer) vendNow(e *audit.Event, c *authn.Caller, env authz.Env, viewer granary.AccountID,
	expired string) (string, string) {
	var in struct {
		Target, Permission, TargetType string
		DurationSeconds                json.Number
	}
	if json.Unmarshal(e.RequestParameters, &in) != nil {
		return Unknown, "The request's parameters were not kept."
	}
	target, err := grants.ParseTarget(in.Target, in.TargetType == "Object")
	asked, ok := granary.ParsePermission(in.Permission)
	if err != nil || !ok {
		return Refused, "The request itself is wrong."
	}
	account := granary.AccountID(e.Decision.Owner)
	if !account.Valid() {
		account = c.Account
	}
	q := &request{caller: c, env: env, account: account, target: target, asked: asked, viewer: viewer}
	q.duration, _ = in.DurationSeconds.Int64()
	var chain Chain
	(&dataChain{Explainer: x, Chain: &chain, q: q}).vend()
	if l, broken := chain.Broken(); broken {
		return Refused, "It would be refused now too, at the link " + l.Name + ": " + l.Detail + expired
	}
	return Allowed, "It would be allowed now." + expired
}

// exchangeNow asks again what an exchange, or a sign-in with a browser, broke at, as far as it does not hang on the
// token.
func (x *Explainer) exchangeNow(d *audit.Decision, browser bool) (string, string) {
	then := "exchange a fresh token of the person."
	if browser {
		then = "have the person sign in again."
	}
	f := d.Facts
	app, known := x.Index.Center.Application(granary.ARN(f["application"]))
	good := func(ok bool, what string) (string, string) {
		if ok {
			return Allowed, what + " now: " + then
		}
		return Refused, "That is so now too."
	}
	switch causeOf(d) {
	case cause.ApplicationDisabled:
		return good(known && !app.Disabled, "The application is enabled")
	case cause.ApplicationNoActors:
		return good(known && app.Actor != nil, "The application has an authentication method")
	case cause.AssignmentNone:
		center, ok := x.centerOf(f["store"])
		if !known || !ok {
			return Refused, "The application or the directory is gone."
		}
		u, ok := x.Index.Directory.User(center.Store, granary.UserID(f["user"]))
		return good(ok && access.Admit(x.Index, app, center, u) == nil, "The person is let in")
	case cause.ScopeNotConfigured:
		if !known {
			return Refused, "The application is gone."
		}
		_, err := access.Scopes(app, []string{f["scope"]})
		return good(err == nil, "The scope is configured")
	case cause.UserDisabled, cause.UserDeleted:
		return x.userNow(d, strings.ToUpper(then[:1])+then[1:])
	case cause.UserNone, cause.UserSeveral:
		issuer, ok := x.Index.Center.Issuer(granary.ARN(f["issuerArn"]))
		if !ok {
			return Refused, "The trusted token issuer is gone."
		}
		_, err := access.Person(x.Index, granary.StoreID(f["store"]), issuer, f["value"])
		return good(err == nil, "The token would mean one user")
	case cause.IssuerNotAccepted, cause.IssuerClosed, cause.IssuerMember:
		if !known {
			return Unknown, "Exchange a token again to see."
		}
		issuers, _, _ := x.issuers(app)
		return good(slices.ContainsFunc(issuers, func(i *granary.Issuer) bool { return i.URL == f["issuer"] }),
			"The application accepts that issuer")
	}
	if browser {
		return Unknown, "Nothing of the sign-in was kept but what is shown: have the person begin it again."
	}
	return Unknown, "Nothing of the token was kept: whether it would be accepted now can be told only by exchanging one " +
		"(granary issuer test TTI --token FILE tells without using it up)."
}

func (x *Explainer) centerOf(id string) (*granary.IdentityCenter, bool) {
	return x.Index.Center.InstanceOfStore(granary.StoreID(id))
}

func (x *Explainer) userNow(d *audit.Decision, then string) (string, string) {
	u, ok := x.Index.Directory.User(granary.StoreID(d.Facts["store"]), granary.UserID(d.Facts["user"]))
	if !ok {
		return Refused, "The user is not in the directory."
	}
	if u.Disabled {
		return Refused, "The user is deactivated now too."
	}
	return Allowed, "The user is in the directory and active now. " + then
}
