package index

import (
	"slices"
	"sync"

	"granary"
	"granary/internal/store"
)

// Directory is the facet of the identity stores: people, groups and memberships.
type Directory struct {
	mu     *sync.RWMutex
	stores map[granary.StoreID]*directory
}

// directory is one identity store's people, found by each attribute that a token may be mapped by.
type directory struct {
	users      map[granary.UserID]*person
	groups     map[granary.GroupID]*group
	byName     map[string]granary.UserID // folded
	byEmail    map[string]granary.UserID // folded
	byExternal map[string][]granary.UserID
}

type person struct {
	user   *granary.User
	groups []*group // sorted by nothing; a person is in tens of groups
}

type group struct{ id granary.GroupID }

func (x *Directory) directory(id granary.StoreID) *directory {
	d := x.stores[id]
	if d == nil {
		d = &directory{users: map[granary.UserID]*person{}, groups: map[granary.GroupID]*group{},
			byName: map[string]granary.UserID{}, byEmail: map[string]granary.UserID{}, byExternal: map[string][]granary.UserID{}}
		x.stores[id] = d
	}
	return d
}

func (x *Directory) apply(v any, gone bool) {
	switch v := v.(type) {
	case *granary.User:
		x.directory(v.Store).applyUser(v, gone)
	case *granary.Group:
		d := x.directory(v.Store)
		if gone {
			delete(d.groups, v.ID)
		} else {
			d.group(v.ID)
		}
	case *granary.Membership:
		x.directory(v.Store).applyMembership(v, gone)
	}
}

func (d *directory) group(id granary.GroupID) *group {
	g := d.groups[id]
	if g == nil {
		g = &group{id}
		d.groups[id] = g
	}
	return g
}

func (d *directory) applyUser(u *granary.User, gone bool) {
	old := d.users[u.ID]
	if old != nil && old.user != nil {
		d.unlink(old.user)
	}
	if gone {
		delete(d.users, u.ID)
		return
	}
	p := &person{user: u}
	if old != nil {
		p.groups = old.groups
	}
	d.users[u.ID] = p
	d.byName[store.Fold(u.UserName)] = u.ID
	if e := u.PrimaryEmail(); e != "" {
		d.byEmail[store.Fold(e)] = u.ID
	}
	for _, e := range u.ExternalIDs {
		d.byExternal[e.ID] = append(d.byExternal[e.ID], u.ID)
	}
}

func (d *directory) unlink(u *granary.User) {
	delete(d.byName, store.Fold(u.UserName))
	if e := u.PrimaryEmail(); e != "" {
		delete(d.byEmail, store.Fold(e))
	}
	for _, e := range u.ExternalIDs {
		d.byExternal[e.ID] = slices.DeleteFunc(d.byExternal[e.ID], func(id granary.UserID) bool { return id == u.ID })
		if len(d.byExternal[e.ID]) == 0 {
			delete(d.byExternal, e.ID)
		}
	}
}

// applyMembership replaces the person's list instead of changing it: readers may hold the old one.
func (d *directory) applyMembership(m *granary.Membership, gone bool) {
	p := d.users[m.User]
	if p == nil {
		if gone {
			return
		}
		p = &person{}
		d.users[m.User] = p // a snapshot may bring memberships before people
	}
	g := d.group(m.Group)
	groups := slices.DeleteFunc(slices.Clone(p.groups), func(o *group) bool { return o == g })
	if !gone {
		groups = append(groups, g)
	}
	d.users[m.User] = &person{p.user, groups}
}

// User looks a directory user up.
func (x *Directory) User(s granary.StoreID, id granary.UserID) (*granary.User, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if d := x.stores[s]; d != nil {
		if p := d.users[id]; p != nil && p.user != nil {
			return p.user, true
		}
	}
	return nil, false
}

// Grantees is the directory identities of a person: the user and each group the user is in now.
// ok is false when there is no such user.
func (x *Directory) Grantees(s granary.StoreID, id granary.UserID) (list []granary.Grantee, ok bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.stores[s]
	if d == nil {
		return nil, false
	}
	p := d.users[id]
	if p == nil || p.user == nil {
		return nil, false
	}
	list = make([]granary.Grantee, 1, len(p.groups)+2)
	list[0] = granary.Grantee{Type: granary.GranteeUser, ID: string(id)}
	for _, g := range p.groups {
		list = append(list, granary.Grantee{Type: granary.GranteeGroup, ID: string(g.id)})
	}
	return list, true
}

// Member reports whether the user is in the group now.
func (x *Directory) Member(s granary.StoreID, u granary.UserID, g granary.GroupID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.stores[s]
	if d == nil || d.users[u] == nil || d.groups[g] == nil {
		return false
	}
	return slices.Contains(d.users[u].groups, d.groups[g])
}

// GroupExists reports whether the identity store has the group.
func (x *Directory) GroupExists(s granary.StoreID, g granary.GroupID) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.stores[s]
	return d != nil && d.groups[g] != nil
}

// FindUsers maps a token's claim to people: attribute is "userName", "emails.value" or "externalIds.value" in any
// letter case. User names and addresses compare whatever their case, external ids exactly.
func (x *Directory) FindUsers(s granary.StoreID, attribute, value string) []granary.UserID {
	x.mu.RLock()
	defer x.mu.RUnlock()
	d := x.stores[s]
	if d == nil {
		return nil
	}
	one := func(m map[string]granary.UserID, name func(*granary.User) string) []granary.UserID {
		id, ok := m[store.Fold(value)]
		if !ok || !store.Same(name(d.users[id].user), value) {
			return nil
		}
		return []granary.UserID{id}
	}
	switch store.Fold(attribute) {
	case "username":
		return one(d.byName, func(u *granary.User) string { return u.UserName })
	case "emails.value":
		return one(d.byEmail, (*granary.User).PrimaryEmail)
	case "externalids.value", "externalids.id", "externalid":
		return slices.Clone(d.byExternal[value])
	}
	return nil
}
