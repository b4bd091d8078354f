// Package index holds in memory what hot requests need, kept by the store's change log: access keys, roles and their
// compiled policies, people and their groups, applications, issuers, grants, locations, bucket owners, key rings.
// It answers without SQL. It owns no truth: it is built from a snapshot at a revision and follows the log from there.
//
//	store.Snapshot ──▶ apply ──┐
//	store.Follow  ──▶ apply ──▶ Index ◀── authn, authz, services, gateway (read only)
//
// What it hands out is never changed afterwards: a change replaces the entry.
package index

import (
	"context"
	"sync"
	"sync/atomic"

	"granary"
	"granary/internal/policy"
	"granary/internal/store"
)

// Index is the store's hot part. All methods are safe for concurrent use.
type Index struct {
	mu   sync.RWMutex
	rev  atomic.Int64
	db   *store.DB
	stop func()

	org      *granary.Organization
	accounts map[granary.AccountID]*granary.Account
	tree     organization

	keys      map[string]*granary.AccessKey
	iamUsers  map[nameKey]*IAMUser
	iamGroups map[string]*IAMGroup // by id
	iamNames  map[nameKey]*IAMGroup
	profiles  map[nameKey]*granary.InstanceProfile
	roles     map[granary.ARN]*Role
	roleIDs   map[string]*Role
	roleNames map[nameKey]*Role
	managed   map[granary.ARN]*Managed
	oidc      map[granary.ARN]*granary.OIDCProvider

	centers     map[string]*granary.IdentityCenter // by "ssoins-…"
	stores      map[granary.StoreID]*directory
	apps        map[granary.ARN]*Application
	issuers     map[granary.ARN]*granary.Issuer
	signIn      map[string]*granary.SignInProvider // by instance
	assignments map[granary.ARN]map[string]bool    // application → principal id
	scim        map[string]*granary.ScimToken      // by hash

	instances map[instanceKey]*GrantsInstance
	buckets   map[string]*Bucket
	rings     rings
}

type nameKey struct {
	account granary.AccountID
	name    string // folded: IAM finds its nouns whatever the case of their names, and only ARNs are exact
}

func named(a granary.AccountID, name string) nameKey { return nameKey{a, store.Fold(name)} }

// Open builds the index from a snapshot and follows the store's changes until Close.
func Open(ctx context.Context, db *store.DB) (*Index, error) {
	x := &Index{
		db:       db,
		accounts: map[granary.AccountID]*granary.Account{}, tree: newOrganization(),
		keys: map[string]*granary.AccessKey{}, iamUsers: map[nameKey]*IAMUser{},
		iamGroups: map[string]*IAMGroup{}, iamNames: map[nameKey]*IAMGroup{}, profiles: map[nameKey]*granary.InstanceProfile{},
		roles: map[granary.ARN]*Role{}, roleIDs: map[string]*Role{}, roleNames: map[nameKey]*Role{}, managed: map[granary.ARN]*Managed{},
		oidc:    map[granary.ARN]*granary.OIDCProvider{},
		centers: map[string]*granary.IdentityCenter{}, stores: map[granary.StoreID]*directory{},
		apps: map[granary.ARN]*Application{}, issuers: map[granary.ARN]*granary.Issuer{},
		signIn:      map[string]*granary.SignInProvider{},
		assignments: map[granary.ARN]map[string]bool{}, scim: map[string]*granary.ScimToken{},
		instances: map[instanceKey]*GrantsInstance{}, buckets: map[string]*Bucket{},
	}
	load := newLoader(x)
	rev, err := db.Snapshot(ctx, func(v any) error { return load.add(v) })
	if err != nil {
		return nil, err
	}
	load.finish()
	x.rev.Store(rev)
	if x.stop, err = db.Follow(ctx, rev, x.follow); err != nil {
		return nil, err
	}
	return x, nil
}

// Close stops following. The index keeps answering what it last knew.
func (x *Index) Close() { x.stop() }

// Fresh says whether what the index knows is new enough to decide by: on a node among many it is old when the database has not been
// heard for store.MaxStaleness. It fails with Unavailable. Whoever decides by the index asks first.
func (x *Index) Fresh() error { return x.db.Fresh() }

// Revision is the last change applied.
func (x *Index) Revision() int64 { return x.rev.Load() }

// follow applies changes in commit order. Those at or below the snapshot's revision are known already.
func (x *Index) follow(changes []store.Change) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range changes {
		if c.Rev <= x.rev.Load() {
			continue
		}
		x.apply(c.Value, c.Deleted)
		x.rev.Store(c.Rev)
	}
}

// apply takes one noun in, or out when gone. The caller holds the write lock.
func (x *Index) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.Organization, *granary.Account, *granary.OrgUnit, *granary.OrgPolicy, *granary.Attachment:
		x.applyOrganization(v, gone)
	case *granary.AccessKey:
		put(x.keys, v.ID, v, gone)
	case *granary.IAMUser:
		put(x.iamUsers, named(v.Account, v.Name), compileUser(v), gone)
	case *granary.IAMGroup:
		g := compileGroup(v)
		put(x.iamGroups, v.ID, g, gone)
		put(x.iamNames, named(v.Account, v.Name), g, gone)
	case *granary.InstanceProfile:
		put(x.profiles, named(v.Account, v.Name), v, gone)
	case *granary.Role:
		x.applyRole(v, gone)
	case *granary.ManagedPolicy:
		put(x.managed, v.ARN(), &Managed{v, compile(policy.Identity, v.Default(), string(v.ARN()))}, gone)
	case *granary.OIDCProvider:
		put(x.oidc, v.ARN(), v, gone)
	case *granary.IdentityCenter:
		put(x.centers, v.ID, v, gone)
	case *granary.User, *granary.Group, *granary.Membership:
		x.applyDirectory(v, gone)
	case *granary.Application:
		put(x.apps, v.ARN(), compileApplication(v), gone)
	case *granary.Assignment:
		x.applyAssignment(v, gone)
	case *granary.Issuer:
		put(x.issuers, v.ARN(), v, gone)
	case *granary.SignInProvider:
		put(x.signIn, v.Instance, v, gone)
	case *granary.ScimToken:
		put(x.scim, v.Hash, v, gone)
	case *granary.GrantsInstance, *granary.Location, *granary.Grant:
		x.applyGrants(v, gone)
	case *granary.Bucket:
		put(x.buckets, v.Name, compileBucket(v), gone)
	case *store.Key:
		x.rings.apply(v, gone)
	}
}

func put[K comparable, V any](m map[K]V, k K, v V, gone bool) {
	if gone {
		delete(m, k)
	} else {
		m[k] = v
	}
}

// read looks a key up under the read lock.
func read[K comparable, V any](x *Index, m map[K]V, k K) (V, bool) {
	x.mu.RLock()
	v, ok := m[k]
	x.mu.RUnlock()
	return v, ok
}
