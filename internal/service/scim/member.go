package scim

import (
	"strings"

	"granary"
	"granary/internal/store"
)

// members are a group's while it is changed.
type members struct {
	c       *call
	tx      *store.Tx
	group   *granary.Group
	changes int // how many came and went
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

// add adds those who are not members yet. One that does not exist fails the whole request.
func (m *members) add(ids []granary.UserID) error {
	n, err := m.tx.Memberships.Add(m.group.Store, m.group.ID, ids, m.c.now)
	m.changes += n
	return nobodyAdded(err)
}

// remove removes exactly those listed; who is no member is none already.
func (m *members) remove(ids []granary.UserID) error {
	n, err := m.tx.Memberships.Remove(m.group.Store, m.group.ID, ids)
	m.changes += n
	return err
}

// replace makes exactly these the members.
func (m *members) replace(ids []granary.UserID) error {
	n, err := m.tx.Memberships.Replace(m.group.Store, m.group.ID, ids, m.c.now)
	m.changes += n
	return nobodyAdded(err)
}

func nobodyAdded(err error) error {
	if !granary.Is(err, granary.NotFound) {
		return err
	}
	return notFound("There is no user " + granary.AsError(err).Detail["Missing"] + ", so nothing was changed.")
}

// patchOne applies one operation to a group. Attributes that a group does not have are ignored.
func (c *call) patchOne(g *granary.Group, m *members, op operation) error {
	if op.path == "" {
		return op.flat(string(g.ID), func(op operation) error {
			if op.value == nil && strings.EqualFold(op.path, "members") {
				return nil // null is absent
			}
			return c.patchOne(g, m, op)
		})
	}
	p, err := parsePath(op.path)
	if err != nil {
		return err
	}
	switch strings.ToLower(p.attr) {
	case "id", "meta":
		return invalid("mutability", p.attr+" cannot be changed.")
	case "members":
		return m.patch(p, op)
	case "displayname", "externalid":
		text, ok := asText(op.value)
		if op.op == "remove" {
			text = ""
		} else if !ok {
			return invalid("invalidValue", p.attr+" must be a text")
		}
		if strings.EqualFold(p.attr, "displayName") {
			g.DisplayName = text
		} else {
			g.ExternalIDs = c.withExternalID(g.ExternalIDs, text)
		}
	}
	return nil
}

// patch reads the forms that providers send. A remove with a list removes those listed and never everybody.
func (m *members) patch(p path, op operation) error {
	ids, err := memberIDs(asList(op.value))
	if err != nil {
		return err
	}
	if p.filter != nil {
		return m.patchPicked(p, op, ids)
	}
	switch {
	case op.op == "add":
		return m.add(ids)
	case op.op == "replace" && op.value == nil:
		return invalid("invalidValue", "Replacing the members needs a list.")
	case op.op == "replace" || op.value == nil:
		return m.replace(ids)
	}
	return m.remove(ids)
}

// patchPicked changes the member that a filter names.
func (m *members) patchPicked(p path, op operation, ids []granary.UserID) error {
	e, ok := p.filter.(compExpr)
	if !ok || e.op != "eq" || e.null || !strings.EqualFold(e.attr.attr, "value") {
		return invalid("invalidFilter", "Members can be picked by value eq \"id\" only.")
	}
	picked := []granary.UserID{granary.UserID(e.text)}
	switch {
	case p.sub != "" && !strings.EqualFold(p.sub, "value"):
		return nil // nothing else of a member is kept
	case op.op == "remove":
		return m.remove(picked)
	case op.op == "replace" && op.value == nil:
		return invalid("invalidValue", "Replacing a member needs a value.")
	case len(ids) == 0:
		return m.add(picked)
	case op.op == "replace":
		if err := m.remove(picked); err != nil {
			return err
		}
	}
	return m.add(ids)
}
