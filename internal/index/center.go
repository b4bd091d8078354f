package index

import (
	"strings"

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

func (x *Index) applyAssignment(v *granary.Assignment, gone bool) {
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

// IdentityCenter looks an instance up by its ARN.
func (x *Index) IdentityCenter(arn granary.ARN) (*granary.IdentityCenter, bool) {
	id, ok := strings.CutPrefix(string(arn), "arn:aws:sso:::instance/")
	if !ok {
		return nil, false
	}
	return read(x, x.centers, id)
}

// IdentityCenterByID looks an instance up by its id, "ssoins-…".
func (x *Index) IdentityCenterByID(id string) (*granary.IdentityCenter, bool) {
	return read(x, x.centers, id)
}

// IdentityCenterOfStore finds the instance that an identity store belongs to.
func (x *Index) IdentityCenterOfStore(s granary.StoreID) (*granary.IdentityCenter, bool) {
	return x.findCenter(func(c *granary.IdentityCenter) bool { return c.Store == s })
}

// IdentityCenterOfTenant finds the instance by the path segment of its SCIM endpoint.
func (x *Index) IdentityCenterOfTenant(tenant string) (*granary.IdentityCenter, bool) {
	return x.findCenter(func(c *granary.IdentityCenter) bool { return c.ScimTenant == tenant })
}

// findCenter walks the instances: there is one for each account at most, and mostly one in all.
func (x *Index) findCenter(is func(*granary.IdentityCenter) bool) (*granary.IdentityCenter, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, c := range x.centers {
		if is(c) {
			return c, true
		}
	}
	return nil, false
}

// IdentityCenters are the instances an account sees: the organization's, and its own.
func (x *Index) IdentityCenters(a granary.AccountID) []*granary.IdentityCenter {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []*granary.IdentityCenter
	for _, c := range x.centers {
		if c.Organization || c.Account == a {
			out = append(out, c)
		}
	}
	return out
}

// Application looks an application up by its ARN.
func (x *Index) Application(arn granary.ARN) (*Application, bool) { return read(x, x.apps, arn) }

// Issuer looks a trusted token issuer up by its ARN.
func (x *Index) Issuer(arn granary.ARN) (*granary.Issuer, bool) { return read(x, x.issuers, arn) }

// ScimToken looks a provisioning token up by the hash of its secret.
func (x *Index) ScimToken(hash string) (*granary.ScimToken, bool) { return read(x, x.scim, hash) }

// Assigned reports whether a user may use an application: assigned by name, or through a group the user is in now.
func (x *Index) Assigned(app granary.ARN, s granary.StoreID, u granary.UserID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	m := x.assignments[app]
	if m[string(u)] {
		return true
	}
	d := x.stores[s]
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
func (x *Index) SignInProvider(instance string) (*granary.SignInProvider, bool) {
	return read(x, x.signIn, instance)
}
