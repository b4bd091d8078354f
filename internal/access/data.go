package access

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

// ScopeGrants is the access scope without which a directory identity does not count for Access Grants.
const ScopeGrants = "s3:access_grants:read_write"

// VendingService is whom a location's role must trust.
const VendingService = "access-grants.s3.amazonaws.com"

// OnInstance is an action on an account's Access Grants instance, with its resource policy as it counts for the
// caller's account, and its tags in the context.
func OnInstance(x *index.Index, caller, account granary.AccountID, region, action string) authz.Request {
	r := authz.Request{Action: action, Resource: string(granary.GrantsInstanceARN(region, account)), Owner: account,
		Keys: policy.Values{}}
	if i, ok := x.Grants.Instance(account, region); ok {
		r.Policy = Shared(x, caller, i)
		r.Keys.AddResourceTags(i.Tags)
	}
	return r
}

// Shared is an instance's resource policy as it counts for an account: one that names an organization is for that
// organization's accounts, and opens nothing to others.
func Shared(x *index.Index, caller granary.AccountID, i *index.GrantsInstance) *policy.Policy {
	if i.PolicyOrganization == "" || caller == i.Account {
		return i.Policy
	}
	if o := x.Org.Organization(); o != nil && o.ID == i.PolicyOrganization {
		return i.Policy // every account here is the one organization's
	}
	return nil
}

// Identities are whom the caller's grants may be for: the IAM user or role, and for a session with an identity context
// the person and the groups the person is in now; app is the application the context came through (access-grants §5.2).
// The directory identities count only when Counts says so.
func Identities(x *index.Index, c *authn.Caller, i *index.GrantsInstance) (list []granary.Grantee, app granary.ARN) {
	switch c.Kind {
	case policy.IAMUser:
		list = append(list, granary.Grantee{Type: granary.GranteeIAM, ID: string(c.ARN)})
	case policy.RoleSession:
		if c.Scope() == nil && c.Role != nil {
			list = append(list, granary.Grantee{Type: granary.GranteeIAM, ID: string(c.Role.ARN)})
		}
	}
	id := c.Context()
	if id == nil || Counts(x, id, i) != nil {
		return list, ""
	}
	people, _ := x.Directory.Grantees(id.Store, id.User)
	return append(list, people...), id.Application
}

// Counts says why a directory identity does not count for an Access Grants instance, nil when it does: the context must
// carry the scope, and the person live, enabled, in the directory that the instance is associated with.
func Counts(x *index.Index, id *granary.IdentityContext, i *index.GrantsInstance) *granary.Why {
	switch {
	case i.IdentityCenter == "":
		return &granary.Why{Cause: cause.InstanceNotAssociated,
			Facts: map[string]string{"identityCenter": string(id.Instance)}}
	case id.Instance != i.IdentityCenter:
		return &granary.Why{Cause: cause.InstanceOtherDirectory,
			Facts: map[string]string{"identityCenter": string(id.Instance)}}
	case !slices.Contains(id.Scopes, ScopeGrants):
		return &granary.Why{Cause: cause.ScopeNotGranted,
			Facts: map[string]string{"scope": ScopeGrants, "application": string(id.Application)}}
	}
	u, ok := x.Directory.User(id.Store, id.User)
	switch {
	case !ok:
		return &granary.Why{Cause: cause.UserDeleted,
			Facts: map[string]string{"user": string(id.User), "store": string(id.Store)}}
	case u.Disabled:
		return &granary.Why{Cause: cause.UserDisabled,
			Facts: map[string]string{"user": string(id.User), "store": string(id.Store), "userName": u.UserName}}
	}
	return nil
}

// WhyNoGrant says where the chain broke when no grant matched. It costs a few lookups more than matching does.
func WhyNoGrant(x *index.Index, c *authn.Caller, i *index.GrantsInstance, ids []granary.Grantee, t grants.Target,
	p granary.Permission) *granary.Why {
	facts := map[string]string{"target": t.String(), "permission": p.String()}
	with := func(w *granary.Why) *granary.Why {
		for k, v := range w.Facts {
			facts[k] = v
		}
		w.Facts = facts
		return w
	}
	if id := c.OnBehalfOf(); id != nil {
		facts["user"], facts["store"] = string(id.User), string(id.Store)
		if w := Counts(x, id, i); w != nil {
			return with(w)
		}
	} else {
		facts["principal"] = string(c.PrincipalARN())
	}
	if m, ok := i.Grants.MatchAny(ids, t, p); ok {
		return with(&granary.Why{Cause: cause.GrantOtherApplication,
			Facts: map[string]string{"application": string(m.Application), "grant": string(m.ID)}})
	}
	for _, q := range []granary.Permission{granary.Read, granary.Write} {
		if m, ok := i.Grants.MatchAny(ids, t, q); ok {
			return with(&granary.Why{Cause: cause.GrantPermission, Facts: map[string]string{"has": m.Permission.String(),
				"grant": string(m.ID), "scope": m.Scope}})
		}
	}
	if !i.Grants.Any(ids) {
		return with(&granary.Why{Cause: cause.GrantNone})
	}
	return with(&granary.Why{Cause: cause.PrefixNotCovered})
}

// LocationRole is the role of a location, after its trust policy has let Access Grants assume it in the caller's name.
func LocationRole(z *authz.Authorizer, c *authn.Caller, env *authz.Env, i *index.GrantsInstance,
	l *granary.Location) (*index.Role, error) {
	role, ok := z.Index.IAM.Role(l.Role)
	if !ok {
		return nil, notTrusted("sts:AssumeRole", l.Role, cause.TrustMissing, nil)
	}
	keys := policy.Values{"aws:sourceaccount": {string(i.Account)}, "aws:sourcearn": {string(i.ARN)}}
	actions := []string{"sts:AssumeRole"}
	if c.OnBehalfOf() != nil {
		actions = append(actions, "sts:SetContext")
		keys["sts:requestcontextproviders"] = []string{string(granary.ContextProviderARN)}
	}
	if id := SourceIdentity(c); id != "" {
		actions = append(actions, "sts:SetSourceIdentity")
		keys["sts:sourceidentity"] = []string{id}
	}
	for _, action := range actions {
		if d := trusts(z, env, i, role, action, keys); !d.Allowed {
			return nil, notTrusted(action, l.Role, cause.TrustNotGiven, &d)
		}
	}
	return role, nil
}

// SourceIdentity is the one that the caller's session carries, "" when none.
func SourceIdentity(c *authn.Caller) string {
	if c.Session == nil {
		return ""
	}
	return c.Session.SourceIdentity
}

// trusts asks the trust policy. AWS's own sample writes the instance's ARN without its Region: such a policy is met
// too, unless it denies.
func trusts(z *authz.Authorizer, env *authz.Env, i *index.GrantsInstance, role *index.Role, action string,
	keys policy.Values) policy.Decision {
	r := authz.Request{Action: action, Resource: string(role.ARN), Owner: role.Account, Policy: role.Trust, Trust: true,
		Keys: keys}
	d := z.DecideService(VendingService, env, r)
	if d.Allowed || d.Explicit {
		return d
	}
	r.Keys = policy.Values{}
	for k, v := range keys {
		r.Keys[k] = v
	}
	r.Keys["aws:sourcearn"] = []string{strings.Replace(keys["aws:sourcearn"][0], ":s3:"+i.Region+":", ":s3::", 1)}
	return z.DecideService(VendingService, env, r)
}

func notTrusted(action string, role granary.ARN, broke granary.Cause, d *policy.Decision) error {
	e := granary.Errorf(granary.Denied, "User: %s is not authorized to perform: %s on resource: %s", VendingService,
		action, role).WithCode("StsNotAuthorizedError")
	facts := []string{"role", string(role), "action", action}
	if d != nil && d.Explicit && len(d.Reasons) > 0 {
		r := d.Reasons[len(d.Reasons)-1]
		facts = append(facts, "policy", r.Policy, "sid", r.Sid)
		broke = cause.TrustDenied
	}
	return e.At(broke, facts...)
}
