package scim

import (
	"net/http"

	"granary"
	"granary/internal/store"
)

func (c *call) users() (answer, error) {
	switch {
	case c.r.Method == http.MethodPost && c.id == "":
		return c.createUser()
	case c.r.Method == http.MethodGet && c.id == "":
		return c.listUsers()
	case c.id == "":
	case c.r.Method == http.MethodGet:
		return c.getUser()
	case c.r.Method == http.MethodPut:
		return c.changeUser(c.replaceUser)
	case c.r.Method == http.MethodPatch:
		return c.changeUser(c.patchUser)
	case c.r.Method == http.MethodDelete:
		return c.deleteUser()
	}
	return answer{}, &scimError{status: http.StatusMethodNotAllowed, detail: c.r.Method + " is not possible here."}
}

func (c *call) createUser() (answer, error) {
	o, err := c.body()
	if err != nil {
		return answer{}, err
	}
	u := &granary.User{Store: c.center.Store, ID: granary.UserID(granary.UUID()), Created: c.now, CreatedBy: c.actor, Updated: c.now, UpdatedBy: c.actor}
	if err := c.fromSCIM(o, u); err != nil {
		return answer{}, err
	}
	c.id = string(u.ID)
	if err := c.DB.Update(c.r.Context(), func(tx *store.Tx) error { return conflict(tx.Users.Create(u)) }); err != nil {
		return answer{}, err
	}
	return answer{http.StatusCreated, c.toSCIM(u), c.base + "/Users/" + string(u.ID)}, nil
}

// conflict says which attribute is taken, and not by whom.
func conflict(err error) error {
	if !granary.Is(err, granary.Exists) {
		return err
	}
	what := map[string]string{"user_name_fold": "userName", "email_fold": "emails.value", "display_name_fold": "displayName", "external_id": "externalId"}[granary.AsError(err).Detail["Unique"]]
	return &scimError{status: http.StatusConflict, scimType: "uniqueness", detail: "Another resource has this " + what + " already."}
}

func noUser(id string) error { return notFound("There is no user " + id + ".") }

func (c *call) getUser() (a answer, err error) {
	err = c.DB.View(c.r.Context(), func(tx *store.Tx) error {
		u, err := tx.Users.Get(c.center.Store, granary.UserID(c.id))
		if granary.Is(err, granary.NotFound) {
			return noUser(c.id)
		}
		if err != nil {
			return err
		}
		a = answer{status: http.StatusOK, body: c.project(c.toSCIM(u), "userName")}
		return nil
	})
	return a, err
}

// changeUser reads the body, and lets change make the new document of the old one in a transaction.
func (c *call) changeUser(change func(body, have object) (object, error)) (a answer, err error) {
	body, err := c.body()
	if err != nil {
		return a, err
	}
	err = c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		u, err := tx.Users.Get(c.center.Store, granary.UserID(c.id))
		if granary.Is(err, granary.NotFound) {
			return noUser(c.id)
		}
		if err != nil {
			return err
		}
		o, err := change(body, c.toSCIM(u))
		if err != nil {
			return err
		}
		if err := c.fromSCIM(o, u); err != nil {
			return err
		}
		u.Updated, u.UpdatedBy = c.now, c.actor
		a = answer{status: http.StatusOK, body: c.toSCIM(u), location: c.base + "/Users/" + c.id}
		return conflict(tx.Users.Update(u))
	})
	return a, err
}

// replaceUser is PUT: what the body does not have is removed, except active, which keeps its value.
func (c *call) replaceUser(body, have object) (object, error) {
	if body.get("active") == nil {
		body["active"] = have["active"]
	}
	return body, nil
}

func (c *call) patchUser(body, have object) (object, error) {
	ops, err := operations(body)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if err := patch(have, op); err != nil {
			return nil, err
		}
	}
	if have.text("userName") == "" {
		return nil, invalid("mutability", "userName cannot be removed.")
	}
	if have.get("active") == nil {
		return nil, invalid("mutability", "active cannot be removed.")
	}
	return have, nil
}

func (c *call) deleteUser() (answer, error) {
	err := c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		err := tx.Users.Delete(c.center.Store, granary.UserID(c.id))
		if granary.Is(err, granary.NotFound) {
			return noUser(c.id)
		}
		return err
	})
	return answer{status: http.StatusNoContent}, err
}
