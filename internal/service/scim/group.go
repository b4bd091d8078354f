package scim

import (
	"net/http"

	"granary"
	"granary/internal/store"
)

func (c *call) groups() (answer, error) {
	switch {
	case c.id == ".search":
		return c.search(c.groupShelf())
	case c.method == http.MethodPost && c.id == "":
		return c.createGroup()
	case c.method == http.MethodGet && c.id == "":
		return c.list(c.groupShelf())
	case c.id == "":
		return answer{}, c.notAllowed("GET, POST")
	case c.method == http.MethodGet:
		return c.getGroup()
	case c.method == http.MethodPut:
		return c.putGroup()
	case c.method == http.MethodPatch:
		return c.patchGroup()
	case c.method == http.MethodDelete:
		return c.deleteGroup()
	}
	return answer{}, c.notAllowed("GET, PUT, PATCH, DELETE")
}

func noGroup(id string) error { return notFound("There is no group " + id + ".") }

// readGroup reads name and external id.
func (c *call) readGroup(o object, g *granary.Group) error {
	r := &reader{}
	g.DisplayName, g.ExternalIDs = r.text(o, "displayName"), c.withExternalID(g.ExternalIDs, r.text(o, "externalId"))
	if r.err != nil {
		return r.err
	}
	return g.Check()
}

func (c *call) createGroup() (answer, error) {
	o, err := c.resource(ofGroup, groupResource)
	if err != nil {
		return answer{}, err
	}
	c.nameAll(o)
	g := &granary.Group{Store: c.center.Store, ID: granary.GroupID(c.fresh()), Created: c.now, CreatedBy: c.actor,
		Updated: c.now, UpdatedBy: c.actor}
	if err := c.readGroup(o, g); err != nil {
		return answer{}, err
	}
	ids, err := memberIDs(o.get("members"))
	if err != nil {
		return answer{}, err
	}
	c.id = string(g.ID)
	var a answer
	err = c.DB.Update(c.ctx, func(tx *store.Tx) error {
		if err := tx.IdentityCenters.ConfirmStore(g.Store); err != nil {
			return err
		}
		if err := conflict(tx.Groups.Create(g)); err != nil {
			return err
		}
		m := &members{c, tx, g, 0}
		if err := m.add(ids); err != nil {
			return err
		}
		c.charge(m.changes)
		a, err = c.groupAnswer(tx, http.StatusCreated, g, false)
		return err
	})
	return a, err
}

// groupAnswer answers with a group, with its members or without.
func (c *call) groupAnswer(tx *store.Tx, status int, g *granary.Group, withMembers bool) (answer, error) {
	o := c.groupSCIM(g)
	tag, err := c.groupTag(tx, g)
	if err != nil {
		return answer{}, err
	}
	if tag != "" {
		o.sub("meta")["version"] = tag
	}
	if withMembers && c.wants("members", true) {
		if o["members"], err = c.showMembers(tx, g.ID); err != nil {
			return answer{}, err
		}
	}
	return answer{status: status, body: c.project(o, "displayName"), location: c.base + "/Groups/" + string(g.ID),
		etag: tag}, nil
}

// What members take in memory when they are shown, about, and how many are counted at once.
const (
	memberSize    = 400 // bytes
	membersAtOnce = 1000
)

// showMembers are a group's members as far as they are shown at all.
func (c *call) showMembers(tx *store.Tx, g granary.GroupID) ([]member, error) {
	list := []member{}
	if c.HideMembers {
		return list, nil
	}
	users := c.base + "/Users/"
	err := tx.Memberships.EachMember(c.center.Store, g, func(u granary.UserID) error {
		if len(list)%membersAtOnce == membersAtOnce-1 {
			if err := c.hold(membersAtOnce * memberSize); err != nil {
				return err
			}
		}
		list = append(list, member{Value: string(u), Ref: users + string(u), Type: "User"})
		return nil
	})
	return list, err
}

func (c *call) getGroup() (a answer, err error) {
	err = c.DB.View(c.ctx, func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		tag, err := c.groupTag(tx, g)
		if err != nil {
			return err
		}
		if c.known(tag) {
			a = answer{status: http.StatusNotModified, etag: tag}
			return nil
		}
		a, err = c.groupAnswer(tx, http.StatusOK, g, true)
		return err
	})
	return a, err
}

func (c *call) group(tx *store.Tx) (*granary.Group, error) {
	g, err := tx.Groups.Get(c.center.Store, granary.GroupID(c.id))
	if granary.Is(err, granary.NotFound) {
		return nil, noGroup(c.id)
	}
	return g, err
}

// changeGroup runs change on a group and its members in a transaction. A group that is as before stays untouched.
func (c *call) changeGroup(change func(g *granary.Group, m *members) error,
	then func(tx *store.Tx, g *granary.Group) error) error {
	return c.DB.Update(c.ctx, func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		tag, err := c.groupTag(tx, g)
		if err != nil {
			return err
		}
		if err := c.unchanged(tag); err != nil {
			return err
		}
		name, external := g.DisplayName, c.externalID(g.ExternalIDs)
		m := &members{c, tx, g, 0}
		if err := change(g, m); err != nil {
			return err
		}
		if err := g.Check(); err != nil {
			return err
		}
		c.charge(m.changes)
		if m.changes > 0 || g.DisplayName != name || c.externalID(g.ExternalIDs) != external {
			g.Updated, g.UpdatedBy = c.now, c.actor
			if err := conflict(tx.Groups.Update(g)); err != nil {
				return err
			}
		}
		return then(tx, g)
	})
}

// putGroup replaces name and external id, and the members when the body has any. Where members are hidden, an empty
// list is what everybody is shown, and changes nothing.
func (c *call) putGroup() (a answer, err error) {
	o, err := c.resource(ofGroup, groupResource)
	if err != nil {
		return a, err
	}
	c.nameAll(o)
	ids, err := memberIDs(o.get("members"))
	if err != nil {
		return a, err
	}
	err = c.changeGroup(func(g *granary.Group, m *members) error {
		if err := c.readGroup(o, g); err != nil {
			return err
		}
		if o.get("members") == nil || c.HideMembers && len(ids) == 0 {
			return nil
		}
		return m.replace(ids)
	}, func(tx *store.Tx, g *granary.Group) error {
		a, err = c.groupAnswer(tx, http.StatusOK, g, true)
		return err
	})
	return a, err
}

func (c *call) patchGroup() (answer, error) {
	body, err := c.payload(ofGroupPatch)
	if err != nil {
		return answer{}, err
	}
	ops, err := operations(body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusNoContent}
	err = c.changeGroup(func(g *granary.Group, m *members) error {
		u := &understood{resource: groupResource, id: string(g.ID)}
		for _, op := range ops {
			c.nameOperation(op)
			if err := c.patchOne(u, g, m, op, false); err != nil {
				return err
			}
		}
		return u.done()
	}, func(tx *store.Tx, g *granary.Group) error {
		a.etag, err = c.groupTag(tx, g)
		return err
	})
	return a, err
}

func (c *call) deleteGroup() (answer, error) {
	err := c.DB.Update(c.ctx, func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		tag, err := c.groupTag(tx, g)
		if err != nil {
			return err
		}
		if err := c.unchanged(tag); err != nil {
			return err
		}
		return tx.Groups.Delete(g.Store, g.ID)
	})
	return answer{status: http.StatusNoContent}, err
}
