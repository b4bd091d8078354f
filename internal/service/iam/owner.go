package iam

import (
	"maps"
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// owner is a user, a group or a role as one who has policies.
type owner struct {
	noun, name string // "user", "group" or "role"
	inline     *map[string]string
	attached   *[]granary.ARN
}

// owners reads and changes owners of one noun.
type owners struct {
	s      *service
	read   func(*awsapi.Call, string) (owner, error)
	change func(*awsapi.Call, string, func(*store.Tx, owner) error) error
}

func ownersOf[T any](s *service, read func(*awsapi.Call, string) (*T, error), change func(*awsapi.Call, string, func(*store.Tx, *T) error) error, of func(*T) owner) owners {
	return owners{s, func(c *awsapi.Call, name string) (owner, error) {
		v, err := read(c, name)
		if err != nil {
			return owner{}, err
		}
		return of(v), nil
	}, func(c *awsapi.Call, name string, fn func(*store.Tx, owner) error) error {
		return change(c, name, func(tx *store.Tx, v *T) error { return fn(tx, of(v)) })
	}}
}

func (s *service) users() owners {
	return ownersOf(s, s.readUser, s.changeUser, func(u *granary.IAMUser) owner { return owner{"user", u.Name, &u.Inline, &u.Attached} })
}

func (s *service) groups() owners {
	return ownersOf(s, s.readGroup, s.changeGroup, func(g *granary.IAMGroup) owner { return owner{"group", g.Name, &g.Inline, &g.Attached} })
}

func (s *service) roles() owners {
	return ownersOf(s, s.readRole, s.changeRole, func(r *granary.Role) owner { return owner{"role", r.Name, &r.Inline, &r.Attached} })
}

func (o owners) put(c *awsapi.Call, name, policy, text string) error {
	return o.change(c, name, func(_ *store.Tx, w owner) (err error) {
		*w.inline, err = put(*w.inline, policy, text, w.noun, w.name)
		return err
	})
}

// get is an inline policy's document, and the owner's name as it is written.
func (o owners) get(c *awsapi.Call, name, policy string) (whose, text string, err error) {
	w, err := o.read(c, name)
	if err != nil {
		return "", "", err
	}
	text, err = get(*w.inline, policy, w.noun)
	return w.name, escape(text), err
}

func (o owners) remove(c *awsapi.Call, name, policy string) error {
	return o.change(c, name, func(_ *store.Tx, w owner) error {
		_, err := get(*w.inline, policy, w.noun)
		delete(*w.inline, policy)
		return err
	})
}

func (o owners) names(c *awsapi.Call, name, marker string, most *int64) (list []string, truncated *bool, next string, err error) {
	w, err := o.read(c, name)
	if err != nil {
		return nil, nil, "", err
	}
	return cut(slices.Sorted(maps.Keys(*w.inline)), itself, marker, most)
}

func (o owners) attach(c *awsapi.Call, name, arn string) error {
	return o.change(c, name, func(tx *store.Tx, w owner) (err error) {
		*w.attached, err = o.s.attach(tx, c, *w.attached, arn, w.noun)
		return err
	})
}

func (o owners) detach(c *awsapi.Call, name, arn string) error {
	return o.change(c, name, func(_ *store.Tx, w owner) (err error) {
		*w.attached, err = detach(*w.attached, arn)
		return err
	})
}

func (o owners) attached(c *awsapi.Call, name, prefix, marker string, most *int64) (list []api.AttachedPolicy, truncated *bool, next string, err error) {
	w, err := o.read(c, name)
	if err != nil {
		return nil, nil, "", err
	}
	return cut(attachedShapes(*w.attached, prefix), attachedName, marker, most)
}
