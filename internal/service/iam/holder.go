package iam

import (
	"maps"
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// holder is a user, group or role as an entity that has policies.
type holder struct {
	noun     string // "user", "group" or "role"
	name     string
	inline   map[string]string
	attached []granary.ARN
	save     func(*holder) error // writes inline and attached back
}

// holders reads and changes the policies of entities of one noun, which find looks up by name in the caller's account.
type holders struct {
	*service
	find func(*store.Tx, *awsapi.Call, string) (*holder, error)
}

func (s users) policies() holders  { return holders{s.service, findUserHolder} }
func (s groups) policies() holders { return holders{s.service, findGroupHolder} }
func (s roles) policies() holders  { return holders{s.service, findRoleHolder} }

func findUserHolder(tx *store.Tx, c *awsapi.Call, name string) (*holder, error) {
	u, err := findUser(tx, c, name)
	if err != nil {
		return nil, err
	}
	return &holder{"user", u.Name, u.Inline, u.Attached, func(h *holder) error {
		u.Inline, u.Attached = h.inline, h.attached
		return tx.IAMUsers.Update(u)
	}}, nil
}

func findGroupHolder(tx *store.Tx, c *awsapi.Call, name string) (*holder, error) {
	g, err := findGroup(tx, c, name)
	if err != nil {
		return nil, err
	}
	return &holder{"group", g.Name, g.Inline, g.Attached, func(h *holder) error {
		g.Inline, g.Attached = h.inline, h.attached
		return tx.IAMGroups.Update(g)
	}}, nil
}

func findRoleHolder(tx *store.Tx, c *awsapi.Call, name string) (*holder, error) {
	r, err := findRole(tx, c, name)
	if err != nil {
		return nil, err
	}
	return &holder{"role", r.Name, r.Inline, r.Attached, func(h *holder) error {
		r.Inline, r.Attached = h.inline, h.attached
		return tx.Roles.Update(r)
	}}, nil
}

// change reads, changes and writes a holder in one transaction.
func (s holders) change(c *awsapi.Call, name string, change func(*store.Tx, *holder) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		h, err := s.find(tx, c, name)
		if err != nil {
			return err
		}
		if err := change(tx, h); err != nil {
			return err
		}
		return h.save(h)
	})
}

func (s holders) view(c *awsapi.Call, name string) (h *holder, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		h, err = s.find(tx, c, name)
		return err
	})
	return h, err
}

func (s holders) putInline(c *awsapi.Call, name, policy, document string) error {
	return s.change(c, name, func(_ *store.Tx, h *holder) error {
		if err := checkInlineDocument(h, policy, document); err != nil {
			return err
		}
		h.inline = maps.Clone(h.inline)
		if h.inline == nil {
			h.inline = map[string]string{}
		}
		h.inline[policy] = document
		return nil
	})
}

// getInline returns the document of an inline policy, escaped, and the holder's name as it is written.
func (s holders) getInline(c *awsapi.Call, name, policy string) (holder, document string, err error) {
	h, err := s.view(c, name)
	if err != nil {
		return "", "", err
	}
	document, err = h.inlineDocument(policy)
	return h.name, escapeDocument(document), err
}

func (h *holder) inlineDocument(policy string) (string, error) {
	document, ok := h.inline[policy]
	if !ok {
		return "", granary.Errorf(granary.NotFound, "The %s policy with name %s cannot be found.", h.noun, policy)
	}
	return document, nil
}

func (s holders) deleteInline(c *awsapi.Call, name, policy string) error {
	return s.change(c, name, func(_ *store.Tx, h *holder) error {
		_, err := h.inlineDocument(policy)
		delete(h.inline, policy)
		return err
	})
}

// listInline lists the names of the inline policies.
func (s holders) listInline(c *awsapi.Call, name, marker string, maxItems *int64) (names []string, truncated *bool,
	next string, err error) {
	h, err := s.view(c, name)
	if err != nil {
		return nil, nil, "", err
	}
	return paginate(slices.Sorted(maps.Keys(h.inline)), itself, marker, maxItems)
}

func (s holders) attach(c *awsapi.Call, name, arn string) error {
	return s.change(c, name, func(tx *store.Tx, h *holder) (err error) {
		h.attached, err = attachPolicy(tx, c, h, arn)
		return err
	})
}

func (s holders) detach(c *awsapi.Call, name, arn string) error {
	return s.change(c, name, func(_ *store.Tx, h *holder) (err error) {
		h.attached, err = detachPolicy(h.attached, arn)
		return err
	})
}

func (s holders) listAttached(c *awsapi.Call, name, prefix, marker string, maxItems *int64) (
	list []api.AttachedPolicy, truncated *bool, next string, err error) {
	h, err := s.view(c, name)
	if err != nil {
		return nil, nil, "", err
	}
	return paginate(attachedShapes(h.attached, prefix), attachedName, marker, maxItems)
}
