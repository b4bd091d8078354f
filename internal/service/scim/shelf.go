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

// visit is called with each of the resources that a look-up finds, in no order.
type visit func(item) error

// shelf is a kind of resources as lists go through it.
type shelf struct {
	count  func(tx *store.Tx) (int, error)
	window func(tx *store.Tx, from, limit int) ([]item, error)
	page   func(tx *store.Tx, after store.Place, limit int) ([]item, error)
	get    func(tx *store.Tx, id string, fn visit) error
	find   map[string]func(tx *store.Tx, value string, fn visit) error // by an attribute: a look-up
}

// one visits one resource, if it exists.
func one[T any](of func(*T) item, fn visit) func(v *T, err error) error {
	return func(v *T, err error) error {
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(of(v))
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

func each(list []item, err error, fn visit) error {
	for _, i := range list {
		if err == nil {
			err = fn(i)
		}
	}
	return err
}

func (c *call) peopleShelf() *shelf {
	d := c.center.Store
	of := func(u *granary.User) item { return item{user: u} }
	all := all(of)
	byID := func(tx *store.Tx, id string, fn visit) error { return one(of, fn)(tx.Users.Get(d, granary.UserID(id))) }
	ofGroup := func(tx *store.Tx, g string, fn visit) error {
		var ids []granary.UserID // the database answers one question at a time
		err := tx.Memberships.EachMember(d, granary.GroupID(g), func(u granary.UserID) error {
			ids = append(ids, u)
			return nil
		})
		for _, id := range ids {
			if err == nil {
				err = byID(tx, string(id), fn)
			}
		}
		return err
	}
	byEmail := func(tx *store.Tx, v string, fn visit) error {
		list, err := all(tx.Users.ByAnyEmail(d, v))
		return each(list, err, fn)
	}
	return &shelf{
		count:  func(tx *store.Tx) (int, error) { return tx.Users.Count(d) },
		window: func(tx *store.Tx, from, limit int) ([]item, error) { return all(tx.Users.Window(d, from, limit)) },
		page: func(tx *store.Tx, after store.Place, limit int) ([]item, error) {
			return all(tx.Users.Page(d, after, limit))
		},
		get: byID,
		find: map[string]func(*store.Tx, string, visit) error{
			"id":           byID,
			"groups":       ofGroup,
			"groups.value": ofGroup,
			"username":     func(tx *store.Tx, v string, fn visit) error { return one(of, fn)(tx.Users.ByName(d, v)) },
			"emails":       byEmail,
			"emails.value": byEmail,
			"externalid": func(tx *store.Tx, v string, fn visit) error {
				list, err := all(tx.Users.ByExternalID(d, c.issuer, v))
				return each(list, err, fn)
			},
		},
	}
}

func (c *call) groupShelf() *shelf {
	d := c.center.Store
	of := func(g *granary.Group) item { return item{group: g} }
	all := all(of)
	byID := func(tx *store.Tx, id string, fn visit) error {
		return one(of, fn)(tx.Groups.Get(d, granary.GroupID(id)))
	}
	ofMember := func(tx *store.Tx, u string, fn visit) error {
		ids, err := tx.Memberships.GroupsOf(d, granary.UserID(u))
		for _, id := range ids {
			if err == nil {
				err = byID(tx, string(id), fn)
			}
		}
		return err
	}
	return &shelf{
		count:  func(tx *store.Tx) (int, error) { return tx.Groups.Count(d) },
		window: func(tx *store.Tx, from, limit int) ([]item, error) { return all(tx.Groups.Window(d, from, limit)) },
		page: func(tx *store.Tx, after store.Place, limit int) ([]item, error) {
			return all(tx.Groups.Page(d, after, limit))
		},
		get: byID,
		find: map[string]func(*store.Tx, string, visit) error{
			"id":          byID,
			"displayname": func(tx *store.Tx, v string, fn visit) error { return one(of, fn)(tx.Groups.ByName(d, v)) },
			"externalid": func(tx *store.Tx, v string, fn visit) error {
				list, err := all(tx.Groups.ByExternalID(d, c.issuer, v))
				return each(list, err, fn)
			},
			"member":        ofMember,
			"members":       ofMember,
			"members.value": ofMember,
		},
	}
}

// lookUp is how to find the few that can match when the filter demands a value that is looked up by: all terms joined
// by "and" must hold, so that any of them narrows. It is nil when there is none, and everything must be gone through.
func (s *shelf) lookUp(e expr) func(tx *store.Tx, fn visit) error {
	switch e := e.(type) {
	case andExpr:
		if look := s.lookUp(e.a); look != nil {
			return look
		}
		return s.lookUp(e.b)
	case compExpr:
		if e.op != "eq" || e.null || e.attr.extension {
			return nil
		}
		name := strings.ToLower(e.attr.attr)
		if e.attr.sub != "" {
			name += "." + strings.ToLower(e.attr.sub)
		}
		if find := s.find[name]; find != nil {
			return func(tx *store.Tx, fn visit) error { return find(tx, e.text, fn) }
		}
	}
	return nil
}
