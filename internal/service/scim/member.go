package scim

import (
	"errors"
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
	list := asList(unquoted(members))
	out = make([]granary.UserID, 0, len(list))
	for _, v := range list {
		v = unquoted(v)
		id, ok := v.(string)
		if o := anObject(v); o != nil {
			id, ok = o.get("value").(string)
		}
		if !ok {
			return nil, invalid("invalidValue", "A member has no value, or one that is not a text.")
		}
		if out, err = withMember(out, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// withMember adds an id to a list. What cannot be one is refused, so that nobody believes that a removal was done
// because there was nobody of that name.
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

// add adds the users who are not members yet. A user who does not exist fails the whole request.
func (m *members) add(ids []granary.UserID) error {
	n, err := m.tx.Memberships.Add(m.group.Store, m.group.ID, ids, m.c.now)
	m.changes += n
	return nobodyAdded(err)
}

// remove removes the listed members. It ignores users who are not members.
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

// nobodyAdded says that a user who does not exist kept all others out.
func nobodyAdded(err error) error {
	var unknown *store.UnknownUser
	if !errors.As(err, &unknown) {
		return err
	}
	return notFound("There is no user " + string(unknown.ID) + ", so nothing was changed.")
}

// patchOne applies one operation to a group.
func (c *call) patchOne(u *understood, g *granary.Group, m *members, op operation, implied bool) error {
	if op.path == "" {
		return op.parts("", func(op operation) error {
			if op.value == nil && strings.EqualFold(op.path, "members") {
				u.names++
				return nil // null is absent
			}
			return c.patchOne(u, g, m, op, true)
		})
	}
	t, ok, err := u.find(op, implied)
	if err != nil || !ok {
		return err
	}
	if t.attr.name == "members" {
		return m.patch(t, op)
	}
	text := "" // displayName or externalId
	if op.op != "remove" {
		v, err := t.value(op, implied)
		if err != nil {
			return err
		}
		if v == nil && op.op == "add" {
			return nil // there is nothing to add
		}
		text, _ = v.(string)
	}
	if t.attr.name == "displayName" {
		g.DisplayName = text
	} else {
		g.ExternalIDs = c.withExternalID(g.ExternalIDs, text)
	}
	return nil
}

// patch reads the forms that providers send. A remove with a list removes those listed and never everybody.
func (m *members) patch(t target, op operation) error {
	if t.sub != nil && t.sub.name != "value" {
		return nil // nothing else of a member is kept
	}
	ids, err := memberIDs(op.value)
	if err != nil {
		return err
	}
	if t.filter != nil {
		return m.patchPicked(t.path, op, ids)
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
	case len(ids) == 0:
		return invalid("invalidValue", "Adding or replacing a member needs a value.")
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
		if saysUser(e.a) {
			return picks(e.b)
		}
		if saysUser(e.b) {
			return picks(e.a)
		}
	}
	return nil, false, nil
}

// saysUser reports whether a filter says no more than that a member is a user.
func saysUser(e expr) bool {
	c, ok := e.(compExpr)
	return ok && c.op == "eq" && !c.null && strings.EqualFold(c.attr.attr, "type") && strings.EqualFold(c.text, "User")
}
