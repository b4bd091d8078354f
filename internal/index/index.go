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
	"granary/internal/store"
)

// Index is the store's hot part, in facets as store.Tx has. All facets share one lock, and are safe for concurrent use.
//
// A look-up that returns a noun and a bool returns nil and false when the index has no such noun. A look-up that
// returns a list returns nil when there is nothing to list, or when the identity store or account that it is asked
// about is unknown. A look-up that returns only a bool returns false then. No look-up waits for the database.
type Index struct {
	Org       Org
	IAM       IAM
	Directory Directory
	Center    Center
	Grants    Grants
	Buckets   Buckets
	Keys      Keys

	mu   sync.RWMutex
	rev  atomic.Int64
	db   *store.DB
	stop func()
	held held
}

// Open builds the index from a snapshot and follows the store's changes until Close.
func Open(ctx context.Context, db *store.DB) (*Index, error) {
	x := &Index{db: db}
	x.Org, x.IAM = newOrg(&x.mu), newIAM(&x.mu)
	x.Directory = Directory{&x.mu, map[granary.StoreID]*directory{}}
	x.Center = newCenter(&x.mu, &x.Directory)
	x.Grants = Grants{&x.mu, map[instanceKey]*GrantsInstance{}}
	x.Buckets = Buckets{&x.mu, map[string]*Bucket{}}
	load := newLoader(x)
	at, err := db.Snapshot(ctx, func(v any) error { return load.add(v) })
	if err != nil {
		return nil, err
	}
	load.finish()
	x.rev.Store(at.Rev)
	if x.stop, err = db.Follow(ctx, at, x.follow); err != nil {
		return nil, err
	}
	return x, nil
}

// Close stops following. The index keeps answering what it last knew.
func (x *Index) Close() { x.stop() }

// Fresh says whether what the index knows is new enough to decide by: on a node among many it is old when the database
// has not been heard for store.MaxStaleness. It fails with Unavailable. Whoever decides by the index asks first.
func (x *Index) Fresh() error { return x.db.Fresh() }

// Revision is the last change applied.
func (x *Index) Revision() int64 { return x.rev.Load() }

// follow applies changes in commit order. Those at or below the snapshot's revision are known already.
func (x *Index) follow(changes []store.Change) {
	x.take(changes)
	x.held.wait()
}

func (x *Index) take(changes []store.Change) {
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

// Hold keeps changes that are applied from now on from being acknowledged until release is called: what is decided and
// committed in between was allowed when it was done.
func (x *Index) Hold() (release func()) { return x.held.hold() }

// apply adds, replaces or removes one noun. The caller holds the write lock.
func (x *Index) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.Organization, *granary.Account, *granary.OrgUnit, *granary.OrgPolicy, *granary.Attachment:
		x.Org.apply(v, gone)
	case *granary.AccessKey, *granary.IAMUser, *granary.IAMGroup, *granary.InstanceProfile, *granary.Role,
		*granary.ManagedPolicy, *granary.OIDCProvider:
		x.IAM.apply(v, gone)
	case *granary.User, *granary.Group, *granary.Membership:
		x.Directory.apply(v, gone)
	case *granary.IdentityCenter, *granary.Application, *granary.Assignment, *granary.Issuer, *granary.SignInProvider,
		*granary.ScimToken:
		x.Center.apply(v, gone)
	case *granary.GrantsInstance, *granary.Location, *granary.Grant:
		x.Grants.apply(v, gone)
	case *granary.Bucket:
		put(x.Buckets.byName, v.Name, compileBucket(v), gone)
	case *store.Key:
		x.Keys.apply(v, gone)
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
func read[K comparable, V any](mu *sync.RWMutex, m map[K]V, k K) (V, bool) {
	mu.RLock()
	v, ok := m[k]
	mu.RUnlock()
	return v, ok
}
