package index

import (
	"maps"
	"slices"

	"granary"
	"granary/internal/policy"
)

// IAMUser is an IAM user with its inline policies compiled.
type IAMUser struct {
	*granary.IAMUser
	Inline []*policy.Policy
}

// Managed is a customer-managed policy with its default version compiled.
type Managed struct {
	*granary.ManagedPolicy
	compiled *policy.Policy
}

// IAMGroup is an IAM group with its inline policies compiled.
type IAMGroup struct {
	*granary.IAMGroup
	Inline []*policy.Policy
}

// Role is a role with its trust and inline policies compiled.
type Role struct {
	*granary.Role
	ARN    granary.ARN
	Trust  *policy.Policy
	Inline []*policy.Policy
}

// compile parses a document that was validated when it was written. One that no longer parses (an older release was
// more lenient) becomes a policy that denies everything it can reach: it fails closed.
func compile(kind policy.Kind, document, source string) *policy.Policy {
	if document == "" {
		return nil
	}
	p, err := policy.Parse(kind, document)
	if err != nil {
		return unreadable.Named(source + " (unreadable)")
	}
	return p.Named(source)
}

var unreadable = func() *policy.Policy {
	p, err := policy.Parse(policy.Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	if err != nil {
		panic(err) // a constant of this program
	}
	return p
}()

func compileInline(documents map[string]string, owner string) []*policy.Policy {
	var out []*policy.Policy
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		out = append(out, compile(policy.Identity, documents[name], "inline policy "+name+" of "+owner))
	}
	return out
}

func compileUser(u *granary.IAMUser) *IAMUser {
	return &IAMUser{u, compileInline(u.Inline, "user "+u.Name)}
}

func compileGroup(g *granary.IAMGroup) *IAMGroup {
	return &IAMGroup{g, compileInline(g.Inline, "group "+g.Name)}
}

func (x *Index) applyRole(v *granary.Role, gone bool) {
	r := &Role{Role: v, ARN: v.ARN()}
	if !gone {
		r.Trust = bind(policy.Trust, v.Trust, "trust policy of role "+v.Name, v.Bound)
		r.Inline = compileInline(v.Inline, "role "+v.Name)
	}
	put(x.roles, r.ARN, r, gone)
	put(x.roleIDs, v.ID, r, gone)
	put(x.roleNames, named(v.Account, v.Name), r, gone)
}

// Organization is the installation's organization; nil before it is initialised.
func (x *Index) Organization() *granary.Organization {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.org
}

// Account looks an account up.
func (x *Index) Account(id granary.AccountID) (*granary.Account, bool) {
	return read(x, x.accounts, id)
}

// Closed reports whether an account was closed: what it owns is out of everybody's reach then, by every door.
func (x *Index) Closed(id granary.AccountID) bool {
	a, ok := x.Account(id)
	return ok && a.Closed
}

// AccessKey looks a long-term key up.
func (x *Index) AccessKey(id string) (*granary.AccessKey, bool) { return read(x, x.keys, id) }

// IAMUser looks an IAM user up by its name, whatever the case.
func (x *Index) IAMUser(a granary.AccountID, name string) (*IAMUser, bool) {
	return read(x, x.iamUsers, named(a, name))
}

// IAMGroupByName looks an IAM group up by its name, whatever the case.
func (x *Index) IAMGroupByName(a granary.AccountID, name string) (*IAMGroup, bool) {
	return read(x, x.iamNames, named(a, name))
}

// InstanceProfile looks an instance profile up by its name, whatever the case.
func (x *Index) InstanceProfile(a granary.AccountID, name string) (*granary.InstanceProfile, bool) {
	return read(x, x.profiles, named(a, name))
}

// Role looks a role up by its ARN, path included.
func (x *Index) Role(arn granary.ARN) (*Role, bool) { return read(x, x.roles, arn) }

// RoleByName looks a role up by its name, whatever the case and path.
func (x *Index) RoleByName(a granary.AccountID, name string) (*Role, bool) {
	return read(x, x.roleNames, named(a, name))
}

// RoleByID looks a role up by its unique id, which a role made again under its name does not have.
func (x *Index) RoleByID(id string) (*Role, bool) { return read(x, x.roleIDs, id) }

// Managed is the compiled default version of a managed policy, AWS's own included.
func (x *Index) Managed(arn granary.ARN) (*policy.Policy, bool) {
	if m, ok := policy.Managed(arn); ok {
		return m.Policy, true
	}
	if m, ok := read(x, x.managed, arn); ok {
		return m.compiled, true
	}
	return nil, false
}

// CustomerManaged looks a customer-managed policy up.
func (x *Index) CustomerManaged(arn granary.ARN) (*granary.ManagedPolicy, bool) {
	if m, ok := read(x, x.managed, arn); ok {
		return m.ManagedPolicy, true
	}
	return nil, false
}

// OIDCProvider looks an IAM OpenID Connect provider up.
func (x *Index) OIDCProvider(arn granary.ARN) (*granary.OIDCProvider, bool) {
	return read(x, x.oidc, arn)
}

// Identity gathers inline and attached policies. An attached policy that is gone grants nothing.
func (x *Index) Identity(inline []*policy.Policy, attached []granary.ARN) []*policy.Policy {
	if len(attached) == 0 {
		return inline
	}
	out := make([]*policy.Policy, len(inline), len(inline)+len(attached))
	copy(out, inline)
	for _, arn := range attached {
		if p, ok := x.Managed(arn); ok {
			out = append(out, p)
		}
	}
	return out
}

// OfUser gathers what a user may by its own policies and by those of its groups, which reasons name.
func (x *Index) OfUser(u *IAMUser) []*policy.Policy {
	out := x.Identity(u.Inline, u.Attached)
	if len(u.Groups) == 0 {
		return out
	}
	out = slices.Clone(out)
	for _, id := range u.Groups {
		g, ok := read(x, x.iamGroups, id)
		if !ok {
			continue
		}
		out = append(out, g.Inline...)
		for _, arn := range g.Attached {
			if p, ok := x.Managed(arn); ok {
				out = append(out, p.Named(string(arn)+" of group "+g.Name))
			}
		}
	}
	return out
}

// Boundary is the compiled permissions boundary; an ARN that names nothing denies everything.
func (x *Index) Boundary(arn granary.ARN) *policy.Policy {
	if arn == "" {
		return nil
	}
	if p, ok := x.Managed(arn); ok {
		return p
	}
	return unreadable.Named("permissions boundary " + string(arn) + " (deleted)")
}
