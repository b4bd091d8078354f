package index

import (
	"slices"

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
	locations map[granary.LocationID]*granary.Location // replaced, never changed
}

// Location looks a registered location up.
func (i *GrantsInstance) Location(id granary.LocationID) (*granary.Location, bool) {
	l, ok := i.locations[id]
	return l, ok
}

func (x *Index) instance(k instanceKey) *GrantsInstance {
	i := x.instances[k]
	if i == nil {
		i = &GrantsInstance{Grants: grants.NewSet(), locations: map[granary.LocationID]*granary.Location{}}
		x.instances[k] = i
	}
	return i
}

func (x *Index) applyGrants(v any, gone bool) {
	switch v := v.(type) {
	case *granary.GrantsInstance:
		k := instanceKey{v.Account, v.Region}
		if gone {
			delete(x.instances, k)
			return
		}
		old := x.instance(k)
		x.instances[k] = &GrantsInstance{v, v.ARN(), compile(policy.GrantsInstance, v.Policy, "resource policy of "+string(v.ARN())),
			old.Grants, old.locations}
	case *granary.Location:
		k := instanceKey{v.Account, v.Region}
		next := *x.instance(k)
		next.locations = make(map[granary.LocationID]*granary.Location, len(next.locations)+1)
		for id, l := range x.instances[k].locations {
			next.locations[id] = l
		}
		put(next.locations, v.ID, v, gone)
		x.instances[k] = &next
	case *granary.Grant:
		set := x.instance(instanceKey{v.Account, v.Region}).Grants
		if gone {
			set.Delete(v)
		} else {
			set.Put(v)
		}
	}
}

// GrantsInstance looks an account's Access Grants instance up.
func (x *Index) GrantsInstance(a granary.AccountID, region string) (*GrantsInstance, bool) {
	i, ok := read(x, x.instances, instanceKey{a, region})
	return i, ok && i.GrantsInstance != nil
}

// loader builds the index from a snapshot: grants are gathered and loaded in bulk.
type loader struct {
	x      *Index
	grants map[instanceKey][]*granary.Grant
}

func newLoader(x *Index) *loader { return &loader{x, map[instanceKey][]*granary.Grant{}} }

func (l *loader) add(v any) error {
	if g, ok := v.(*granary.Grant); ok {
		k := instanceKey{g.Account, g.Region}
		l.grants[k] = append(l.grants[k], g)
		return nil
	}
	l.x.apply(v, false)
	return nil
}

func (l *loader) finish() {
	for k, list := range l.grants {
		l.x.instance(k).Grants = grants.Load(slices.Values(list))
	}
	l.grants = nil
}
