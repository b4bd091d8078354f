package index

import (
	"sync"

	"granary"
	"granary/internal/grants"
	"granary/internal/policy"
)

type instanceKey struct {
	account granary.AccountID
	region  string
}

// GrantsInstance is an account's Access Grants instance with its grants and locations.
type GrantsInstance struct {
	*granary.GrantsInstance
	ARN       granary.ARN
	Policy    *policy.Policy // resource policy; nil when none
	Grants    *grants.Set
	locations *locations
}

// locations are an instance's: there may be a hundred thousand, so that they are not replaced as a whole.
type locations struct {
	mu   sync.RWMutex
	byID map[granary.LocationID]*granary.Location
}

// Location looks a registered location up.
func (i *GrantsInstance) Location(id granary.LocationID) (*granary.Location, bool) {
	i.locations.mu.RLock()
	defer i.locations.mu.RUnlock()
	l, ok := i.locations.byID[id]
	return l, ok
}

// LocationsOf calls fn with each registered location.
func (i *GrantsInstance) LocationsOf(fn func(*granary.Location)) {
	i.locations.mu.RLock()
	defer i.locations.mu.RUnlock()
	for _, l := range i.locations.byID {
		fn(l)
	}
}

// Grants is the facet of S3 Access Grants: instances with their grants and locations.
type Grants struct {
	mu        *sync.RWMutex
	instances map[instanceKey]*GrantsInstance
}

func (x *Grants) instance(k instanceKey) *GrantsInstance {
	i := x.instances[k]
	if i == nil {
		i = &GrantsInstance{Grants: grants.NewSet(), locations: &locations{byID: map[granary.LocationID]*granary.Location{}}}
		x.instances[k] = i
	}
	return i
}

func (x *Grants) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.GrantsInstance:
		k := instanceKey{v.Account, v.Region}
		if gone {
			delete(x.instances, k)
			return
		}
		old := x.instance(k)
		x.instances[k] = &GrantsInstance{v, v.ARN(),
			bind(policy.GrantsInstance, v.Policy, "resource policy of "+string(v.ARN()), v.Bound),
			old.Grants, old.locations}
	case *granary.Location:
		l := x.instance(instanceKey{v.Account, v.Region}).locations
		l.mu.Lock()
		defer l.mu.Unlock()
		put(l.byID, v.ID, v, gone)
	case *granary.Grant:
		set := x.instance(instanceKey{v.Account, v.Region}).Grants
		if gone {
			set.Delete(v)
		} else {
			set.Put(v)
		}
	}
}

// Instance looks an account's Access Grants instance up.
func (x *Grants) Instance(a granary.AccountID, region string) (*GrantsInstance, bool) {
	i, ok := read(x.mu, x.instances, instanceKey{a, region})
	return i, ok && i.GrantsInstance != nil
}

// loader builds the index from a snapshot: grants become records as they come, and are sorted at the end.
type loader struct {
	x      *Index
	grants map[instanceKey]*grants.Loader
}

func newLoader(x *Index) *loader { return &loader{x, map[instanceKey]*grants.Loader{}} }

func (l *loader) add(v any) error {
	g, ok := v.(*granary.Grant)
	if !ok {
		l.x.apply(v, false)
		return nil
	}
	k := instanceKey{g.Account, g.Region}
	if l.grants[k] == nil {
		l.grants[k] = grants.NewLoader()
	}
	l.grants[k].Add(g)
	return nil
}

func (l *loader) finish() {
	for k, list := range l.grants {
		l.x.Grants.instance(k).Grants = list.Set()
	}
	l.grants = nil
}
