package scim

import (
	"strings"

	"granary"
	"granary/internal/store"
)

// item is a user or a group in a list.
type item struct {
	user  *granary.User
	group *granary.Group
}

func (i item) place() store.Place {
	if i.user != nil {
		return store.Place{Created: i.user.Created.UnixMicro(), ID: string(i.user.ID)}
	}
	return store.Place{Created: i.group.Created.UnixMicro(), ID: string(i.group.ID)}
}

// shelf is a kind of resources as lists go through it.
type shelf struct {
	count  func(tx *store.Tx) (int, error)
	window func(tx *store.Tx, from, limit int) ([]item, error)
	page   func(tx *store.Tx, after store.Place, limit int) ([]item, error)
	find   map[string]func(tx *store.Tx, value string) ([]item, error) // by an attribute: a look-up
}

func one[T any](of func(*T) item) func(v *T, err error) ([]item, error) {
	return func(v *T, err error) ([]item, error) {
		if granary.Is(err, granary.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []item{of(v)}, nil
	}
}

func all[T any](of func(*T) item) func(list []*T, err error) ([]item, error) {
	return func(list []*T, err error) ([]item, error) {
		out := make([]item, len(list))
		for i, v := range list {
			out[i] = of(v)
		}
		return out, err
	}
}

// each gets every one of some ids.
func each[ID ~string](tx *store.Tx, ids []ID, get func(*store.Tx, string) ([]item, error), err error) (out []item, _ error) {
	for _, id := range ids {
		var i []item
		if i, err = get(tx, string(id)); err != nil {
			break
		}
		out = append(out, i...)
	}
	return out, err
}

func (c *call) peopleShelf() *shelf {
	d := c.center.Store
	of := func(u *granary.User) item { return item{user: u} }
	one, all := one(of), all(of)
	byID := func(tx *store.Tx, id string) ([]item, error) { return one(tx.Users.Get(d, granary.UserID(id))) }
	ofGroup := func(tx *store.Tx, g string) ([]item, error) {
		var ids []granary.UserID
		err := tx.Memberships.EachMember(d, granary.GroupID(g), func(u granary.UserID) error {
			ids = append(ids, u)
			return nil
		})
		return each(tx, ids, byID, err)
	}
	return &shelf{
		count:  func(tx *store.Tx) (int, error) { return tx.Users.Count(d) },
		window: func(tx *store.Tx, from, limit int) ([]item, error) { return all(tx.Users.Window(d, from, limit)) },
		page: func(tx *store.Tx, after store.Place, limit int) ([]item, error) {
			return all(tx.Users.Page(d, after, limit))
		},
		find: map[string]func(*store.Tx, string) ([]item, error){
			"id":           byID,
			"groups":       ofGroup,
			"groups.value": ofGroup,
			"username":     func(tx *store.Tx, v string) ([]item, error) { return one(tx.Users.ByName(d, v)) },
			"emails":       func(tx *store.Tx, v string) ([]item, error) { return all(tx.Users.ByAnyEmail(d, v)) },
			"emails.value": func(tx *store.Tx, v string) ([]item, error) { return all(tx.Users.ByAnyEmail(d, v)) },
			"externalid":   func(tx *store.Tx, v string) ([]item, error) { return all(tx.Users.ByExternalID(d, c.issuer, v)) },
		},
	}
}

func (c *call) groupShelf() *shelf {
	d := c.center.Store
	of := func(g *granary.Group) item { return item{group: g} }
	one, all := one(of), all(of)
	byID := func(tx *store.Tx, id string) ([]item, error) { return one(tx.Groups.Get(d, granary.GroupID(id))) }
	ofMember := func(tx *store.Tx, u string) ([]item, error) {
		ids, err := tx.Memberships.GroupsOf(d, granary.UserID(u))
		return each(tx, ids, byID, err)
	}
	return &shelf{
		count:  func(tx *store.Tx) (int, error) { return tx.Groups.Count(d) },
		window: func(tx *store.Tx, from, limit int) ([]item, error) { return all(tx.Groups.Window(d, from, limit)) },
		page: func(tx *store.Tx, after store.Place, limit int) ([]item, error) {
			return all(tx.Groups.Page(d, after, limit))
		},
		find: map[string]func(*store.Tx, string) ([]item, error){
			"id":            byID,
			"displayname":   func(tx *store.Tx, v string) ([]item, error) { return one(tx.Groups.ByName(d, v)) },
			"externalid":    func(tx *store.Tx, v string) ([]item, error) { return all(tx.Groups.ByExternalID(d, c.issuer, v)) },
			"member":        ofMember,
			"members":       ofMember,
			"members.value": ofMember,
		},
	}
}

// lookUp finds the few that can match when the filter demands a value that is looked up by: all terms joined by "and" must hold,
// so that any of them narrows. ok is false when there is none, and everything must be gone through.
func (s *shelf) lookUp(tx *store.Tx, e expr) (list []item, ok bool, err error) {
	switch e := e.(type) {
	case andExpr:
		if list, ok, err = s.lookUp(tx, e.a); ok || err != nil {
			return list, ok, err
		}
		return s.lookUp(tx, e.b)
	case compExpr:
		if e.op != "eq" || e.null || e.attr.extension {
			return nil, false, nil
		}
		name := strings.ToLower(e.attr.attr)
		if e.attr.sub != "" {
			name += "." + strings.ToLower(e.attr.sub)
		}
		if find := s.find[name]; find != nil {
			list, err = find(tx, e.text)
			return list, true, err
		}
	}
	return nil, false, nil
}
