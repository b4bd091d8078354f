package scim

import (
	"net/http"
	"strings"

	"granary"
	"granary/internal/store"
)

func (c *call) groups() (answer, error) {
	switch {
	case c.r.Method == http.MethodPost && c.id == "":
		return c.createGroup()
	case c.r.Method == http.MethodGet && c.id == "":
		return c.listGroups()
	case c.id == "":
	case c.r.Method == http.MethodGet:
		return c.getGroup()
	case c.r.Method == http.MethodPut:
		return c.putGroup()
	case c.r.Method == http.MethodPatch:
		return c.patchGroup()
	case c.r.Method == http.MethodDelete:
		return c.deleteGroup()
	}
	return answer{}, &scimError{status: http.StatusMethodNotAllowed, detail: c.r.Method + " is not possible here."}
}

func noGroup(id string) error { return notFound("There is no group " + id + ".") }

func (c *call) createGroup() (answer, error) {
	o, err := c.body()
	if err != nil {
		return answer{}, err
	}
	g := &granary.Group{Store: c.center.Store, ID: granary.GroupID(granary.UUID()), DisplayName: o.text("displayName"),
		ExternalIDs: c.withExternalID(nil, o.text("externalId")), Created: c.now, CreatedBy: c.actor, Updated: c.now, UpdatedBy: c.actor}
	if err := g.Check(); err != nil {
		return answer{}, err
	}
	members, err := memberIDs(o.list("members"))
	if err != nil {
		return answer{}, err
	}
	c.id = string(g.ID)
	err = c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		if err := conflict(tx.Groups.Create(g)); err != nil {
			return err
		}
		return c.addMembers(tx, g.ID, members)
	})
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, c.groupSCIM(g, nil, true), c.base + "/Groups/" + c.id}, nil
}

// memberIDs reads members as objects with a value, or as plain ids.
func memberIDs(list []any) (out []granary.UserID, err error) {
	for _, v := range list {
		id, ok := v.(string)
		if !ok {
			id = asObject(v).text("value")
		}
		if id == "" {
			return nil, invalid("invalidValue", "A member has no value.")
		}
		out = append(out, granary.UserID(id))
	}
	return out, nil
}

// addMembers adds those who are not members yet. One that does not exist fails the whole request.
func (c *call) addMembers(tx *store.Tx, g granary.GroupID, ids []granary.UserID) error {
	for _, id := range ids {
		if _, err := tx.Memberships.Find(c.center.Store, g, id); err == nil {
			continue
		} else if !granary.Is(err, granary.NotFound) {
			return err
		}
		if _, err := tx.Users.Get(c.center.Store, id); granary.Is(err, granary.NotFound) {
			return notFound("There is no user " + string(id) + ", so nobody was added.")
		} else if err != nil {
			return err
		}
		if err := tx.Memberships.Create(&granary.Membership{Store: c.center.Store, ID: granary.UUID(), Group: g, User: id, Created: c.now}); err != nil {
			return err
		}
	}
	return nil
}

// removeMembers removes exactly those listed; who is no member is none already.
func (c *call) removeMembers(tx *store.Tx, g granary.GroupID, ids []granary.UserID) error {
	for _, id := range ids {
		m, err := tx.Memberships.Find(c.center.Store, g, id)
		if granary.Is(err, granary.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := tx.Memberships.Delete(c.center.Store, m.ID); err != nil {
			return err
		}
	}
	return nil
}

// setMembers makes exactly these the members.
func (c *call) setMembers(tx *store.Tx, g granary.GroupID, ids []granary.UserID) error {
	wanted := make(map[granary.UserID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	list, _, err := tx.Memberships.ListOfGroup(c.center.Store, g, "", 0)
	if err != nil {
		return err
	}
	for _, m := range list {
		if !wanted[m.User] {
			if err := tx.Memberships.Delete(c.center.Store, m.ID); err != nil {
				return err
			}
		}
	}
	return c.addMembers(tx, g, ids)
}

// groupSCIM is a group as SCIM shows it.
func (c *call) groupSCIM(g *granary.Group, members []*granary.Membership, omit bool) object {
	o := object{"schemas": []any{groupSchema}, "id": string(g.ID), "displayName": g.DisplayName,
		"meta": object{"resourceType": "Group", "created": stamp(g.Created), "lastModified": stamp(g.Updated), "location": c.base + "/Groups/" + string(g.ID)}}
	o.set("externalId", c.externalID(g.ExternalIDs))
	if omit {
		return o
	}
	list := []any{}
	for _, m := range members {
		list = append(list, object{"value": string(m.User), "$ref": c.base + "/Users/" + string(m.User), "type": "User"})
	}
	o["members"] = list
	return o
}

// showGroup reads a group's members as far as they are to be shown.
func (c *call) showGroup(tx *store.Tx, g *granary.Group) (object, error) {
	excluded := strings.Contains(strings.ToLower(c.r.URL.Query().Get("excludedAttributes")), "members")
	if excluded || c.HideMembers {
		return c.groupSCIM(g, nil, excluded), nil
	}
	list, _, err := tx.Memberships.ListOfGroup(c.center.Store, g.ID, "", 0)
	return c.groupSCIM(g, list, false), err
}

func (c *call) getGroup() (a answer, err error) {
	err = c.DB.View(c.r.Context(), func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		o, err := c.showGroup(tx, g)
		a = answer{status: http.StatusOK, body: c.project(o, "displayName")}
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

// putGroup replaces name and external id, and the members when the body has any.
func (c *call) putGroup() (a answer, err error) {
	o, err := c.body()
	if err != nil {
		return a, err
	}
	err = c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		g.DisplayName, g.ExternalIDs = o.text("displayName"), c.withExternalID(g.ExternalIDs, o.text("externalId"))
		if err := c.saveGroup(tx, g); err != nil {
			return err
		}
		if o.get("members") != nil {
			ids, err := memberIDs(o.list("members"))
			if err != nil {
				return err
			}
			if err := c.setMembers(tx, g.ID, ids); err != nil {
				return err
			}
		}
		shown, err := c.showGroup(tx, g)
		a = answer{status: http.StatusOK, body: shown, location: c.base + "/Groups/" + c.id}
		return err
	})
	return a, err
}

func (c *call) saveGroup(tx *store.Tx, g *granary.Group) error {
	if err := g.Check(); err != nil {
		return err
	}
	g.Updated, g.UpdatedBy = c.now, c.actor
	return conflict(tx.Groups.Update(g))
}

func (c *call) patchGroup() (answer, error) {
	body, err := c.body()
	if err != nil {
		return answer{}, err
	}
	ops, err := operations(body)
	if err != nil {
		return answer{}, err
	}
	err = c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		g, err := c.group(tx)
		if err != nil {
			return err
		}
		for _, op := range ops {
			if err := c.patchOne(tx, g, op); err != nil {
				return err
			}
		}
		return c.saveGroup(tx, g)
	})
	return answer{status: http.StatusNoContent}, err
}

func (c *call) patchOne(tx *store.Tx, g *granary.Group, op operation) error {
	if op.path == "" {
		v := asObject(op.value)
		if v == nil {
			return invalid("invalidValue", "An operation without a path needs an object of attributes as its value.")
		}
		for name, value := range v {
			switch strings.ToLower(name) {
			case "schemas", "meta":
				continue
			case "id":
				if s, _ := value.(string); s != c.id {
					return invalid("mutability", "id cannot be changed.")
				}
				continue
			}
			if err := c.patchOne(tx, g, operation{op: op.op, path: name, value: value, given: true}); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := parsePath(op.path)
	if err != nil {
		return err
	}
	text, _ := op.value.(string)
	if op.op == "remove" {
		text = ""
	}
	switch strings.ToLower(p.attr) {
	case "members":
		return c.patchMembers(tx, g, p, op)
	case "displayname":
		g.DisplayName = text
	case "externalid":
		g.ExternalIDs = c.withExternalID(g.ExternalIDs, text)
	}
	return nil // unknown attributes are ignored
}

// patchMembers reads the forms that providers send. A remove with a list removes those listed and never everybody.
func (c *call) patchMembers(tx *store.Tx, g *granary.Group, p path, op operation) error {
	list, isList := op.value.([]any)
	if !isList && op.value != nil {
		list = []any{op.value}
	}
	ids, err := memberIDs(list)
	if err != nil {
		return err
	}
	switch {
	case op.op == "add":
		return c.addMembers(tx, g.ID, ids)
	case op.op == "replace" && p.filter == nil:
		if op.value == nil {
			return invalid("invalidValue", "Replacing the members needs a list.")
		}
		return c.setMembers(tx, g.ID, ids)
	case p.filter != nil:
		e, ok := p.filter.(compExpr)
		if !ok || e.op != "eq" || !strings.EqualFold(e.attr.attr, "value") {
			return invalid("invalidFilter", "Members can be picked by value eq \"id\" only.")
		}
		return c.removeMembers(tx, g.ID, []granary.UserID{granary.UserID(e.text)})
	case op.value == nil:
		return c.setMembers(tx, g.ID, nil)
	}
	return c.removeMembers(tx, g.ID, ids)
}

func (c *call) deleteGroup() (answer, error) {
	err := c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		err := tx.Groups.Delete(c.center.Store, granary.GroupID(c.id))
		if granary.Is(err, granary.NotFound) {
			return noGroup(c.id)
		}
		return err
	})
	return answer{status: http.StatusNoContent}, err
}
