package scim

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"granary"
	"granary/internal/store"
)

const (
	usualCount = 100
	maxCount   = 1000
)

// listing is one list request: a window over the resources that match.
type listing struct {
	filter expr
	start  int // counted from 1
	count  int
	cursor *string // not nil: cursor paging
	found  []any
	total  int
	next   string
}

func (c *call) listing() (*listing, error) {
	q := c.r.URL.Query()
	l := &listing{start: 1, count: usualCount, found: []any{}}
	if f := q.Get("filter"); f != "" {
		var err error
		if l.filter, err = parseFilter(f); err != nil {
			return nil, err
		}
	}
	number := func(name string, v *int) error {
		if s := q.Get(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return invalid("invalidValue", name+" must be a number.")
			}
			*v = n
		}
		return nil
	}
	if err := number("startIndex", &l.start); err != nil {
		return nil, err
	}
	if err := number("count", &l.count); err != nil {
		return nil, err
	}
	l.start, l.count = max(l.start, 1), min(max(l.count, 0), maxCount)
	if q.Has("cursor") {
		b, err := base64.RawURLEncoding.DecodeString(q.Get("cursor"))
		after, ok := strings.CutPrefix(string(b), q.Get("filter")+"\x00")
		if q.Get("cursor") != "" && (err != nil || !ok) {
			return nil, invalid("invalidValue", "The cursor is not one that this list with this filter gave.")
		}
		l.cursor = &after
	}
	return l, nil
}

// take offers a resource that matched; it says whether more are wanted.
func (l *listing) take(id string, show func() (object, error)) (more bool, err error) {
	if l.cursor != nil && len(l.found) == l.count {
		l.next = "more"
		return false, nil
	}
	l.total++
	if l.cursor == nil && (l.total < l.start || len(l.found) >= l.count) {
		return true, nil
	}
	o, err := show()
	if err != nil {
		return false, err
	}
	l.found = append(l.found, o)
	return true, nil
}

func (c *call) listed(l *listing) answer {
	body := map[string]any{"schemas": []string{listSchema}, "itemsPerPage": len(l.found), "Resources": l.found}
	if l.cursor == nil {
		body["totalResults"], body["startIndex"] = l.total, l.start
	} else if l.next != "" && len(l.found) > 0 {
		last := l.found[len(l.found)-1].(object).text("id")
		body["nextCursor"] = base64.RawURLEncoding.EncodeToString([]byte(c.r.URL.Query().Get("filter") + "\x00" + last))
	}
	return answer{status: http.StatusOK, body: body}
}

// only finds "attr eq text" when that is the whole filter: such a list is a look-up.
func only(e expr, attr, sub string) (string, bool) {
	x, ok := e.(compExpr)
	if !ok || x.op != "eq" || x.attr.extension || x.attr.filter != nil || !strings.EqualFold(x.attr.attr, attr) {
		return "", false
	}
	return x.text, x.attr.sub == "" || strings.EqualFold(x.attr.sub, sub)
}

func (c *call) listUsers() (answer, error) {
	l, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	err = c.DB.View(c.r.Context(), func(tx *store.Tx) error {
		return c.eachUser(tx, l, func(u *granary.User) (bool, error) {
			o := c.toSCIM(u)
			if l.filter != nil && !l.filter.match(o) {
				return true, nil
			}
			return l.take(string(u.ID), func() (object, error) { return c.project(o, "userName"), nil })
		})
	})
	return c.listed(l), err
}

// eachUser looks the users up where the filter names one attribute that is one user's, and else walks them in pages.
func (c *call) eachUser(tx *store.Tx, l *listing, fn func(*granary.User) (bool, error)) error {
	d := c.center.Store
	one := func(u *granary.User, err error) error {
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = fn(u)
		return err
	}
	if name, ok := only(l.filter, "userName", ""); ok {
		return one(tx.Users.ByName(d, name))
	}
	if email, ok := only(l.filter, "emails", "value"); ok {
		return one(tx.Users.ByEmail(d, email))
	}
	if id, ok := only(l.filter, "id", ""); ok {
		return one(tx.Users.Get(d, granary.UserID(id)))
	}
	if id, ok := only(l.filter, "externalId", ""); ok {
		list, err := tx.Users.ByExternalID(d, c.issuer, id)
		if err != nil || len(list) == 0 {
			return err
		}
		return one(list[0], nil)
	}
	after := ""
	if l.cursor != nil {
		after = *l.cursor
	}
	for {
		list, next, err := tx.Users.List(d, granary.UserID(after), 500)
		if err != nil {
			return err
		}
		for _, u := range list {
			if more, err := fn(u); err != nil || !more {
				return err
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}

func (c *call) listGroups() (answer, error) {
	l, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	err = c.DB.View(c.r.Context(), func(tx *store.Tx) error {
		return c.eachGroup(tx, l, func(g *granary.Group) (bool, error) {
			return l.take(string(g.ID), func() (object, error) {
				o, err := c.showGroup(tx, g)
				return c.project(o, "displayName"), err
			})
		})
	})
	return c.listed(l), err
}

// eachGroup is eachUser for groups. "id eq … and members eq …" asks whether somebody is in a group, once for each person
// in every cycle of some providers: it is a look-up too.
func (c *call) eachGroup(tx *store.Tx, l *listing, fn func(*granary.Group) (bool, error)) error {
	d := c.center.Store
	one := func(g *granary.Group, err error) error {
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = fn(g)
		return err
	}
	if group, user, ok := membershipQuestion(l.filter); ok {
		if _, err := tx.Memberships.Find(d, group, user); granary.Is(err, granary.NotFound) {
			return nil
		} else if err != nil {
			return err
		}
		return one(tx.Groups.Get(d, group))
	}
	if name, ok := only(l.filter, "displayName", ""); ok {
		return one(tx.Groups.ByName(d, name))
	}
	if id, ok := only(l.filter, "id", ""); ok {
		return one(tx.Groups.Get(d, granary.GroupID(id)))
	}
	if id, ok := only(l.filter, "externalId", ""); ok {
		list, err := tx.Groups.ByExternalID(d, c.issuer, id)
		if err != nil || len(list) == 0 {
			return err
		}
		return one(list[0], nil)
	}
	if user, ok := only(l.filter, "members", "value"); ok {
		return c.groupsOf(tx, granary.UserID(user), fn)
	}
	after := ""
	if l.cursor != nil {
		after = *l.cursor
	}
	for {
		list, next, err := tx.Groups.List(d, granary.GroupID(after), 500)
		if err != nil {
			return err
		}
		for _, g := range list {
			if l.filter != nil {
				members, _, err := tx.Memberships.ListOfGroup(d, g.ID, "", 0)
				if err != nil {
					return err
				}
				if !l.filter.match(c.groupSCIM(g, members, false)) {
					continue
				}
			}
			if more, err := fn(g); err != nil || !more {
				return err
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}

func (c *call) groupsOf(tx *store.Tx, id granary.UserID, fn func(*granary.Group) (bool, error)) error {
	if _, err := tx.Users.Get(c.center.Store, id); granary.Is(err, granary.NotFound) {
		return noUser(string(id))
	}
	list, _, err := tx.Memberships.ListOfUser(c.center.Store, id, "", 0)
	if err != nil {
		return err
	}
	for _, m := range list {
		g, err := tx.Groups.Get(c.center.Store, m.Group)
		if err != nil {
			return err
		}
		if more, err := fn(g); err != nil || !more {
			return err
		}
	}
	return nil
}

func membershipQuestion(e expr) (g granary.GroupID, u granary.UserID, ok bool) {
	a, ok := e.(andExpr)
	if !ok {
		return "", "", false
	}
	for _, x := range [][2]expr{{a.a, a.b}, {a.b, a.a}} {
		id, isID := only(x[0], "id", "")
		member, isMember := only(x[1], "members", "value")
		if !isMember {
			member, isMember = only(x[1], "member", "value")
		}
		if isID && isMember {
			return granary.GroupID(id), granary.UserID(member), true
		}
	}
	return "", "", false
}

// project honours attributes and excludedAttributes; id, schemas and the name always stay.
func (c *call) project(o object, name string) object {
	q := c.r.URL.Query()
	always := map[string]bool{"id": true, "schemas": true, strings.ToLower(name): true}
	split := func(s string) map[string]bool {
		out := map[string]bool{}
		for a := range strings.SplitSeq(s, ",") {
			a, _, _ = strings.Cut(strings.TrimSpace(a), ".")
			if a != "" {
				out[strings.ToLower(a)] = true
			}
		}
		return out
	}
	wanted, excluded := split(q.Get("attributes")), split(q.Get("excludedAttributes"))
	for k := range o {
		f := strings.ToLower(k)
		if !always[f] && (len(wanted) > 0 && !wanted[f] || excluded[f]) {
			delete(o, k)
		}
	}
	return o
}
