package scim

import (
	"fmt"
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
func memberIDs(members any) (out []granary.UserID, err error) {
	for _, v := range asList(unquoted(members)) {
		v = unquoted(v)
		id, ok := v.(string)
		if !ok {
			id = asObject(v).text("value")
		}
		if out, err = withMember(out, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// withMember adds an id to a list. What cannot be one is refused, so that nobody believes that a removal was done because there was
// nobody of that name.
func withMember(list []granary.UserID, id string) ([]granary.UserID, error) {
	if id == "" {
		return nil, invalid("invalidValue", "A member has no value.")
	}
	if strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) {
		return nil, invalid("invalidValue", fmt.Sprintf("A member's value is the id of a user, which %.60q is not.", id))
	}
	return append(list, granary.UserID(strings.ToLower(id))), nil
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
	switch strings.ToLower(p.sub) {
	case "", "value":
	case "display", "displayname", "type", "$ref":
		return nil // nothing of these is kept
	default:
		return invalid("invalidPath", "A member has no "+p.sub+".")
	}
	ids, err := memberIDs(op.value)
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

// patchPicked changes the members that a filter names.
func (m *members) patchPicked(p path, op operation, ids []granary.UserID) error {
	picked, ok, err := picks(p.filter)
	switch {
	case err != nil:
		return err
	case !ok:
		return invalid("invalidFilter", "Members can be picked by value eq \"id\" only.")
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

// picks are the ids that a filter names: one, or one of several; that a member is a user goes without saying.
func picks(e expr) (ids []granary.UserID, ok bool, err error) {
	switch e := e.(type) {
	case compExpr:
		if e.op != "eq" || e.null || !strings.EqualFold(e.attr.attr, "value") {
			return nil, false, nil
		}
		ids, err = withMember(nil, e.text)
		return ids, true, err
	case orExpr:
		ids, ok, err = picks(e.a)
		if ok && err == nil {
			var more []granary.UserID
			more, ok, err = picks(e.b)
			ids = append(ids, more...)
		}
		return ids, ok, err
	case andExpr:
		if ofUsers(e.a) {
			return picks(e.b)
		}
		if ofUsers(e.b) {
			return picks(e.a)
		}
	}
	return nil, false, nil
}

// ofUsers reports whether a filter says no more than that a member is a user.
func ofUsers(e expr) bool {
	c, ok := e.(compExpr)
	return ok && c.op == "eq" && !c.null && strings.EqualFold(c.attr.attr, "type") && strings.EqualFold(c.text, "User")
}
