package index

import (
	"strings"
	"sync"

	"granary"
	"granary/internal/policy"
)

// Application is an Identity Center application with its actor policy compiled.
type Application struct {
	*granary.Application
	ARN   granary.ARN
	Actor *policy.Policy // nil: no authentication method, nobody may exchange
}

func compileApplication(a *granary.Application) *Application {
	arn := a.ARN()
	return &Application{a, arn, bind(policy.Actor, a.ActorPolicy, "actor policy of "+string(arn), a.Bound)}
}

// Center is the facet of IAM Identity Center: instances, applications and their assignments, issuers, sign-in providers
// and provisioning tokens.
type Center struct {
	mu          *sync.RWMutex
	directory   *Directory
	instances   map[string]*granary.IdentityCenter // by "ssoins-…"
	apps        map[granary.ARN]*Application
	issuers     map[granary.ARN]*granary.Issuer
	signIn      map[string]*granary.SignInProvider // by instance
	assignments map[granary.ARN]map[string]bool    // application → principal id
	tokens      map[string]*granary.ScimToken      // by hash
}

func newCenter(mu *sync.RWMutex, d *Directory) Center {
	return Center{mu: mu, directory: d, instances: map[string]*granary.IdentityCenter{},
		apps: map[granary.ARN]*Application{}, issuers: map[granary.ARN]*granary.Issuer{},
		signIn: map[string]*granary.SignInProvider{}, assignments: map[granary.ARN]map[string]bool{},
		tokens: map[string]*granary.ScimToken{}}
}

func (x *Center) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.IdentityCenter:
		put(x.instances, v.ID, v, gone)
	case *granary.Application:
		put(x.apps, v.ARN(), compileApplication(v), gone)
	case *granary.Assignment:
		x.applyAssignment(v, gone)
	case *granary.Issuer:
		put(x.issuers, v.ARN(), v, gone)
	case *granary.SignInProvider:
		put(x.signIn, v.Instance, v, gone)
	case *granary.ScimToken:
		put(x.tokens, v.Hash, v, gone)
	}
}

func (x *Center) applyAssignment(v *granary.Assignment, gone bool) {
	m := x.assignments[v.Application]
	if m == nil {
		m = map[string]bool{}
		x.assignments[v.Application] = m
	}
	if gone {
		delete(m, v.Principal)
	} else {
		m[v.Principal] = true
	}
}

// Instance looks an instance up by its ARN.
func (x *Center) Instance(arn granary.ARN) (*granary.IdentityCenter, bool) {
	id, ok := strings.CutPrefix(string(arn), "arn:aws:sso:::instance/")
	if !ok {
		return nil, false
	}
	return read(x.mu, x.instances, id)
}

// InstanceByID looks an instance up by its id, "ssoins-…".
func (x *Center) InstanceByID(id string) (*granary.IdentityCenter, bool) {
	return read(x.mu, x.instances, id)
}

// InstanceOfStore finds the instance that an identity store belongs to.
func (x *Center) InstanceOfStore(s granary.StoreID) (*granary.IdentityCenter, bool) {
	return x.findCenter(func(c *granary.IdentityCenter) bool { return c.Store == s })
}

// InstanceOfTenant finds the instance by the path segment of its SCIM endpoint.
func (x *Center) InstanceOfTenant(tenant string) (*granary.IdentityCenter, bool) {
	return x.findCenter(func(c *granary.IdentityCenter) bool { return c.ScimTenant == tenant })
}

// findCenter walks the instances: there is one for each account at most, and mostly one in all.
func (x *Center) findCenter(is func(*granary.IdentityCenter) bool) (*granary.IdentityCenter, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, c := range x.instances {
		if is(c) {
			return c, true
		}
	}
	return nil, false
}

// Instances are the instances an account sees: the organization's, and its own.
func (x *Center) Instances(a granary.AccountID) []*granary.IdentityCenter {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []*granary.IdentityCenter
	for _, c := range x.instances {
		if c.Organization || c.Account == a {
			out = append(out, c)
		}
	}
	return out
}

// Application looks an application up by its ARN.
func (x *Center) Application(arn granary.ARN) (*Application, bool) { return read(x.mu, x.apps, arn) }

// Issuer looks a trusted token issuer up by its ARN.
func (x *Center) Issuer(arn granary.ARN) (*granary.Issuer, bool) { return read(x.mu, x.issuers, arn) }

// ScimToken looks a provisioning token up by the hash of its secret.
func (x *Center) ScimToken(hash string) (*granary.ScimToken, bool) { return read(x.mu, x.tokens, hash) }

// Assigned reports whether a user may use an application: assigned by name, or through a group the user is in now.
func (x *Center) Assigned(app granary.ARN, s granary.StoreID, u granary.UserID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := x.assignments[app]
	if m[string(u)] {
		return true
	}
	d := x.directory.stores[s]
	if d == nil || d.users[u] == nil {
		return false
	}
	for _, g := range d.users[u].groups {
		if m[string(g.id)] {
			return true
		}
	}
	return false
}

// SignInProvider is where an instance sends browsers to sign in.
func (x *Center) SignInProvider(instance string) (*granary.SignInProvider, bool) {
	return read(x.mu, x.signIn, instance)
}
