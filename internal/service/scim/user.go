package scim

import (
	"net/http"
	"reflect"

	"granary"
	"granary/internal/store"
)

func (c *call) users() (answer, error) {
	switch {
	case c.id == ".search":
		return c.search(c.peopleShelf())
	case c.method == http.MethodPost && c.id == "":
		return c.createUser()
	case c.method == http.MethodGet && c.id == "":
		return c.list(c.peopleShelf())
	case c.id == "":
		return answer{}, c.notAllowed("GET, POST")
	case c.method == http.MethodGet:
		return c.getUser()
	case c.method == http.MethodPut:
		return c.changeUser(ofUser, c.replaceUser)
	case c.method == http.MethodPatch:
		return c.changeUser(ofUserPatch, c.patchUser)
	case c.method == http.MethodDelete:
		return c.deleteUser()
	}
	return answer{}, c.notAllowed("GET, PUT, PATCH, DELETE")
}

// resource is the request's body when that is a whole user or group.
func (c *call) resource(w *want, r resource) (object, error) {
	o, err := c.payload(w)
	if err != nil {
		return nil, err
	}
	return whole(o, r)
}

// whole is a document of a whole resource, checked.
func whole(o object, r resource) (object, error) {
	o, err := o.plain()
	if err != nil {
		return nil, err
	}
	return o, r.check(o)
}

// fresh returns the id of the resource that the request makes.
func (c *call) fresh() string {
	if c.newID != "" {
		return c.newID
	}
	return granary.UUID()
}

func (c *call) createUser() (answer, error) {
	o, err := c.resource(ofUser, userResource)
	if err != nil {
		return answer{}, err
	}
	c.nameAll(o)
	u := &granary.User{Store: c.center.Store, ID: granary.UserID(c.fresh()), Created: c.now, CreatedBy: c.actor,
		Updated: c.now, UpdatedBy: c.actor}
	if err := c.fromSCIM(o, nil, u); err != nil {
		return answer{}, err
	}
	c.id = string(u.ID)
	err = c.DB.Update(c.ctx, func(tx *store.Tx) error {
		if err := tx.IdentityCenters.ConfirmStore(u.Store); err != nil {
			return err
		}
		return conflict(tx.Users.Create(u))
	})
	if err != nil {
		return answer{}, err
	}
	return c.shown(http.StatusCreated, u), nil
}

// shown answers with a user.
func (c *call) shown(status int, u *granary.User) answer {
	a := answer{status: status, body: c.project(c.toSCIM(u), "userName"), location: c.base + "/Users/" + string(u.ID)}
	if c.ETags {
		a.etag = userTag(u)
	}
	return a
}

// conflict says which attribute is taken, and not by whom.
func conflict(err error) error {
	if !granary.Is(err, granary.Exists) {
		return err
	}
	what := map[store.Column]string{store.UserNames: "userName", store.Emails: "emails.value",
		store.DisplayNames: "displayName", store.ExternalIDs: "externalId"}[store.ClashOf(err)]
	return &scimError{status: http.StatusConflict, scimType: "uniqueness", detail: "Another resource has this " + what +
		" already."}
}

func noUser(id string) error { return notFound("There is no user " + id + ".") }

func (c *call) user(tx *store.Tx) (*granary.User, error) {
	u, err := tx.Users.Get(c.center.Store, granary.UserID(c.id))
	if granary.Is(err, granary.NotFound) {
		return nil, noUser(c.id)
	}
	return u, err
}

func (c *call) getUser() (a answer, err error) {
	err = c.DB.View(c.ctx, func(tx *store.Tx) error {
		u, err := c.user(tx)
		if err != nil {
			return err
		}
		if c.known(userTag(u)) {
			a = answer{status: http.StatusNotModified, etag: userTag(u)}
			return nil
		}
		o := c.toSCIM(u)
		if c.wants("groups", false) {
			if err := c.addGroups(tx, o, u.ID); err != nil {
				return err
			}
		}
		a = c.shown(http.StatusOK, u)
		a.body = c.project(o, "userName")
		return nil
	})
	return a, err
}

// addGroups adds the groups of a user to the answer. It does so only when the request names the attribute, because AWS
// never shows it.
func (c *call) addGroups(tx *store.Tx, o object, u granary.UserID) error {
	ids, err := tx.Memberships.GroupsOf(c.center.Store, u)
	list := []any{}
	for _, g := range ids {
		list = append(list, object{"value": string(g), "$ref": c.base + "/Groups/" + string(g), "type": "direct"})
	}
	o["groups"] = list
	return err
}

// changeUser reads the body, and lets change make the new document from the old one, in a transaction. It writes
// nothing when the user stays the same.
func (c *call) changeUser(w *want, change func(body, have object) (object, error)) (a answer, err error) {
	body, err := c.payload(w)
	if err != nil {
		return a, err
	}
	err = c.DB.Update(c.ctx, func(tx *store.Tx) error {
		u, err := c.user(tx)
		if err != nil {
			return err
		}
		if err := c.unchanged(userTag(u)); err != nil {
			return err
		}
		o, err := change(body, c.toSCIM(u))
		if err != nil {
			return err
		}
		old := *u
		if err := c.fromSCIM(o, c.toSCIM(&old), u); err != nil {
			return err
		}
		if !reflect.DeepEqual(old, *u) {
			u.Updated, u.UpdatedBy = c.now, c.actor
			err = conflict(tx.Users.Update(u))
		}
		a = c.shown(http.StatusOK, u)
		return err
	})
	return a, err
}

// replaceUser is PUT: what the body does not have is removed, except active, which keeps its value.
func (c *call) replaceUser(body, have object) (object, error) {
	body, err := whole(body, userResource)
	if err != nil {
		return nil, err
	}
	c.nameAll(body)
	if a := body.get("active"); a == nil || a == "" {
		body[body.key("active")] = have["active"]
	}
	return body, nil
}

func (c *call) patchUser(body, have object) (object, error) {
	ops, err := operations(body)
	if err != nil {
		return nil, err
	}
	x := &patcher{understood{resource: userResource, id: have.text("id")}, c.KeepAll}
	for _, op := range ops {
		c.nameOperation(op)
		if err := x.patch(have, op, false); err != nil {
			return nil, err
		}
		switch active := have.get("active"); { // of each operation by itself: a later one may hide what was wrong
		case have.text("userName") == "":
			return nil, invalid("mutability", "userName cannot be removed.")
		case active == nil:
			return nil, invalid("mutability", "active cannot be removed.")
		default:
			if _, ok := boolean(active); !ok {
				return nil, invalid("invalidValue", "active must be true or false")
			}
		}
	}
	return have, x.done()
}

// nameOperation remembers the attributes an operation changes.
func (c *call) nameOperation(op operation) {
	if op.path == "" {
		for k := range asObject(op.value) {
			c.nameOperation(operation{path: k, value: asObject(op.value)[k]})
		}
		return
	}
	if p, err := parsePath(op.path); err == nil {
		c.name(p.attr)
		if p.attr == enterpriseSchema {
			c.nameAll(asObject(op.value))
		}
	}
}

func (c *call) deleteUser() (answer, error) {
	err := c.DB.Update(c.ctx, func(tx *store.Tx) error {
		u, err := c.user(tx)
		if err != nil {
			return err
		}
		if err := c.unchanged(userTag(u)); err != nil {
			return err
		}
		return tx.Users.Delete(u.Store, u.ID)
	})
	return answer{status: http.StatusNoContent}, err
}
