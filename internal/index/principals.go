package index

import (
	"maps"
	"slices"
	"sync"

	"granary"
	"granary/internal/policy"
	"granary/internal/store"
)

// IAM is the facet of IAM: access keys, users, groups, roles, policies and providers.
type IAM struct {
	mu         *sync.RWMutex
	keys       map[string]*granary.AccessKey
	users      map[nameKey]*IAMUser
	groups     map[string]*IAMGroup // by id
	groupNames map[nameKey]*IAMGroup
	profiles   map[nameKey]*granary.InstanceProfile
	roles      map[granary.ARN]*Role
	roleIDs    map[string]*Role
	roleNames  map[nameKey]*Role
	managed    map[granary.ARN]*Managed
	oidc       map[granary.ARN]*granary.OIDCProvider
}

func newIAM(mu *sync.RWMutex) IAM {
	return IAM{mu: mu, keys: map[string]*granary.AccessKey{}, users: map[nameKey]*IAMUser{},
		groups: map[string]*IAMGroup{}, groupNames: map[nameKey]*IAMGroup{},
		profiles: map[nameKey]*granary.InstanceProfile{}, roles: map[granary.ARN]*Role{}, roleIDs: map[string]*Role{},
		roleNames: map[nameKey]*Role{}, managed: map[granary.ARN]*Managed{}, oidc: map[granary.ARN]*granary.OIDCProvider{}}
}

// nameKey finds a noun of an account by its name.
type nameKey struct {
	account granary.AccountID
	name    string // folded: IAM finds its nouns whatever the case of their names, and only ARNs are exact
}

func newNameKey(a granary.AccountID, name string) nameKey { return nameKey{a, store.Fold(name)} }

func (x *IAM) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.AccessKey:
		put(x.keys, v.ID, v, gone)
	case *granary.IAMUser:
		put(x.users, newNameKey(v.Account, v.Name), compileUser(v), gone)
	case *granary.IAMGroup:
		g := compileGroup(v)
		put(x.groups, v.ID, g, gone)
		put(x.groupNames, newNameKey(v.Account, v.Name), g, gone)
	case *granary.InstanceProfile:
		put(x.profiles, newNameKey(v.Account, v.Name), v, gone)
	case *granary.Role:
		x.applyRole(v, gone)
	case *granary.ManagedPolicy:
		put(x.managed, v.ARN(), &Managed{v, compile(policy.Identity, v.Default(), string(v.ARN()))}, gone)
	case *granary.OIDCProvider:
		put(x.oidc, v.ARN(), v, gone)
	}
}

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
	p, err := policy.Parse(policy.Identity, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*",`+
		`"Resource":"*"}]}`)
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

func (x *IAM) applyRole(v *granary.Role, gone bool) {
	r := &Role{Role: v, ARN: v.ARN()}
	if !gone {
		r.Trust = bind(policy.Trust, v.Trust, "trust policy of role "+v.Name, v.Bound)
		r.Inline = compileInline(v.Inline, "role "+v.Name)
	}
	put(x.roles, r.ARN, r, gone)
	put(x.roleIDs, v.ID, r, gone)
	put(x.roleNames, newNameKey(v.Account, v.Name), r, gone)
}

// AccessKey looks a long-term key up.
func (x *IAM) AccessKey(id string) (*granary.AccessKey, bool) { return read(x.mu, x.keys, id) }

// User looks an IAM user up by its name, whatever the case.
func (x *IAM) User(a granary.AccountID, name string) (*IAMUser, bool) {
	return read(x.mu, x.users, newNameKey(a, name))
}

// GroupByName looks an IAM group up by its name, whatever the case.
func (x *IAM) GroupByName(a granary.AccountID, name string) (*IAMGroup, bool) {
	return read(x.mu, x.groupNames, newNameKey(a, name))
}

// InstanceProfile looks an instance profile up by its name, whatever the case.
func (x *IAM) InstanceProfile(a granary.AccountID, name string) (*granary.InstanceProfile, bool) {
	return read(x.mu, x.profiles, newNameKey(a, name))
}

// Role looks a role up by its ARN, path included.
func (x *IAM) Role(arn granary.ARN) (*Role, bool) { return read(x.mu, x.roles, arn) }

// RoleByName looks a role up by its name, whatever the case and path.
func (x *IAM) RoleByName(a granary.AccountID, name string) (*Role, bool) {
	return read(x.mu, x.roleNames, newNameKey(a, name))
}

// RoleByID looks a role up by its unique id, which a role made again under its name does not have.
func (x *IAM) RoleByID(id string) (*Role, bool) { return read(x.mu, x.roleIDs, id) }

// Managed is the compiled default version of a managed policy, AWS's own included.
func (x *IAM) Managed(arn granary.ARN) (*policy.Policy, bool) {
	if m, ok := policy.Managed(arn); ok {
		return m.Policy, true
	}
	if m, ok := read(x.mu, x.managed, arn); ok {
		return m.compiled, true
	}
	return nil, false
}

// CustomerManaged looks a customer-managed policy up.
func (x *IAM) CustomerManaged(arn granary.ARN) (*granary.ManagedPolicy, bool) {
	if m, ok := read(x.mu, x.managed, arn); ok {
		return m.ManagedPolicy, true
	}
	return nil, false
}

// OIDCProvider looks an IAM OpenID Connect provider up.
func (x *IAM) OIDCProvider(arn granary.ARN) (*granary.OIDCProvider, bool) {
	return read(x.mu, x.oidc, arn)
}

// Identity gathers inline and attached policies. An attached policy that is gone grants nothing.
func (x *IAM) Identity(inline []*policy.Policy, attached []granary.ARN) []*policy.Policy {
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
func (x *IAM) OfUser(u *IAMUser) []*policy.Policy {
	out := x.Identity(u.Inline, u.Attached)
	if len(u.Groups) == 0 {
		return out
	}
	out = slices.Clone(out)
	for _, id := range u.Groups {
		g, ok := read(x.mu, x.groups, id)
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
func (x *IAM) Boundary(arn granary.ARN) *policy.Policy {
	if arn == "" {
		return nil
	}
	if p, ok := x.Managed(arn); ok {
		return p
	}
	return unreadable.Named("permissions boundary " + string(arn) + " (deleted)")
}
