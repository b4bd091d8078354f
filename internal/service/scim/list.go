package scim

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"granary"
	"granary/internal/store"
)

const (
	usualCount = 100
	maxCount   = 1000      // resources in an answer
	maxShown   = 250_000   // members of groups in an answer
	maxSorted  = 200_000   // resources that are put into another order than that of creation
	maxKeys    = 32 << 20  // bytes of the values that a list is ordered by
	maxFound   = 1_000_000 // resources that a look-up finds
	atOnce     = 500       // read from the store
)

// listing is one list request: a window over the resources that match, in the order of their creation unless sorted.
type listing struct {
	filter expr
	start  int    // counted from 1
	count  int    // at most
	paged  bool   // by cursor
	after  *place // the cursor; nil: from the start
	sort   *path
	down   bool // sorted in descending order
}

// place is a cursor: the list, and the position at which it goes on.
type place struct {
	List    string
	Created int64
	ID      string
}

// here is what a cursor belongs to.
func (c *call) here() string { return c.kind + "\x00" + c.query.Get("filter") }

func (c *call) listing() (*listing, error) {
	q := c.query
	l := &listing{start: 1, count: usualCount, paged: q.Has("cursor")}
	var err error
	if f := q.Get("filter"); f != "" {
		if l.filter, err = parseFilter(f); err != nil {
			return nil, err
		}
	}
	for name, v := range map[string]*int{"startindex": &l.start, "count": &l.count} {
		if s := q.Get(name); s != "" {
			if *v, err = strconv.Atoi(s); err != nil {
				return nil, invalid("invalidValue", name+" must be a whole number.")
			}
		}
	}
	l.start, l.count = max(l.start, 1), min(max(l.count, 0), maxCount)
	if s := q.Get("sortby"); s != "" {
		p, err := parsePath(s)
		if err != nil {
			return nil, err
		}
		l.sort, l.down = &p, strings.EqualFold(q.Get("sortorder"), "descending")
	}
	if !l.paged {
		return l, nil
	}
	if l.sort != nil || l.count == 0 {
		return nil, invalid("invalidValue", "A list that is read by cursor is in the order of creation, and has a count of "+
			"1 at least.")
	}
	return l, c.readCursor(l)
}

// goesThrough reports whether everything on some shelf must be gone through to answer.
func (l *listing) goesThrough(shelves []*shelf) bool {
	return (l.filter != nil || l.sort != nil) &&
		slices.ContainsFunc(shelves, func(s *shelf) bool { return s.lookUp(l.filter) == nil })
}

func (c *call) readCursor(l *listing) error {
	text := c.query.Get("cursor")
	if text == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &l.after) != nil || l.after == nil || l.after.List != c.here() {
		return invalid("invalidValue", "The cursor is not one that this list with this filter gave.")
	}
	return nil
}

// list answers a list of the resources of some shelves.
func (c *call) list(shelves ...*shelf) (answer, error) {
	l, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	if l.goesThrough(shelves) {
		if err := c.scans.enter(c.ctx, c.center.Store); err != nil {
			return answer{}, err
		}
		defer c.scans.leave(c.center.Store)
	}
	body := map[string]any{"schemas": []string{listSchema}, "Resources": []any{}}
	err = c.DB.View(c.ctx, func(tx *store.Tx) error {
		if err := c.knowMembers(tx, l.filter); err != nil {
			return err
		}
		found, total, err := c.find(tx, l, shelves)
		if err != nil {
			return err
		}
		if l.paged && len(found) > l.count {
			found = found[:l.count]
			p := found[len(found)-1].place()
			b, err := json.Marshal(place{c.here(), p.Created, p.ID})
			if err != nil {
				return err
			}
			body["nextCursor"] = base64.RawURLEncoding.EncodeToString(b)
		}
		if !l.paged {
			body["totalResults"], body["startIndex"] = total, l.start
		}
		body["itemsPerPage"] = len(found)
		body["Resources"], err = c.show(tx, found)
		return err
	})
	return answer{status: http.StatusOK, body: body}, err
}

// find returns a window of the resources that match, and their total. A list by cursor gets one resource more than the
// window has, when there is one.
func (c *call) find(tx *store.Tx, l *listing, shelves []*shelf) (found []item, total int, err error) {
	w := &window{listing: l}
	for n, s := range shelves {
		w.shelf = n
		switch look := s.lookUp(l.filter); {
		case l.filter == nil && l.sort == nil && !l.paged:
			err = w.skim(tx, s)
		case look != nil:
			err = c.visit(tx, w, s, look)
		default:
			err = c.walk(tx, w, s)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	if l.sort != nil {
		err = w.order(tx, shelves)
	}
	return w.found, w.total, err
}

// begin is the place after which the list goes on.
func (l *listing) begin() store.Place {
	if l.after != nil {
		return store.Place{Created: l.after.Created, ID: l.after.ID}
	}
	return store.Place{Created: -1 << 62}
}

// matches reports whether a resource is asked for, and what filters see of it.
func (c *call) matches(tx *store.Tx, l *listing, i item) (object, bool, error) {
	o, err := c.facts(tx, i, l.filter)
	return o, err == nil && (l.filter == nil || l.filter.match(o)), err
}

// walk goes through everything, in the order of creation, in parts.
func (c *call) walk(tx *store.Tx, w *window, s *shelf) error {
	for after := w.begin(); ; {
		list, err := s.page(tx, after, atOnce)
		if err != nil {
			return err
		}
		for _, i := range list {
			o, ok, err := c.matches(tx, w.listing, i)
			switch {
			case err != nil:
				return err
			case !ok:
			case w.sort != nil:
				if err := w.note(i, o); err != nil {
					return err
				}
			case !w.take(i):
				return nil
			}
		}
		if len(list) < atOnce {
			return nil
		}
		after = list[len(list)-1].place()
	}
}

// visit goes through what a look-up finds.
func (c *call) visit(tx *store.Tx, w *window, s *shelf, look func(*store.Tx, visit) error) error {
	before := len(w.entries)
	err := look(tx, func(i item) error {
		if comparePlaces(i.place(), w.begin()) <= 0 {
			return nil
		}
		o, ok, err := c.matches(tx, w.listing, i)
		if err != nil || !ok {
			return err
		}
		return w.note(i, o)
	})
	if err != nil || w.sort != nil {
		return err
	}
	list := w.entries[before:]
	slices.SortFunc(list, func(a, b entry) int { return comparePlaces(a.place, b.place) })
	w.entries = w.entries[:before]
	for _, e := range list {
		var i item
		if w.shows() { // what is only counted need not be read again
			if err := s.get(tx, e.place.ID, func(found item) error { i = found; return nil }); err != nil {
				return err
			}
		}
		if !w.take(i) {
			break
		}
	}
	return nil
}

func comparePlaces(a, b store.Place) int {
	switch {
	case a.Created < b.Created:
		return -1
	case a.Created > b.Created:
		return 1
	}
	return strings.Compare(a.ID, b.ID)
}

// facts is a resource as filters see it.
func (c *call) facts(tx *store.Tx, i item, filter expr) (object, error) {
	if i.user != nil {
		o := c.toSCIM(i.user)
		if mentions(filter, "groups") != nil {
			return o, c.addGroups(tx, o, i.user.ID)
		}
		return o, nil
	}
	o := c.groupSCIM(i.group)
	asked := append(mentions(filter, "members"), mentions(filter, "member")...)
	if len(asked) == 0 {
		return o, nil
	}
	list, err := c.membersAsked(tx, i.group.ID, asked)
	o["members"], o["member"] = list, list
	return o, err
}

// membersAsked are the members that a filter's comparisons are about: those named, or one when that is all that
// matters, unless it asks for more.
func (c *call) membersAsked(tx *store.Tx, g granary.GroupID, asked []compExpr) ([]any, error) {
	list := []any{}
	for _, e := range asked {
		ids, named := membersNamed(e)
		if !named {
			return c.membersOf(tx, g, len(asked) == 1 && e.attr.filter == nil && (e.op == "pr" || e.null))
		}
		for _, id := range ids {
			_, err := tx.Memberships.Find(c.center.Store, g, id)
			if granary.Is(err, granary.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			list = append(list, object{"value": string(id), "type": "User"})
		}
	}
	return list, nil
}

var errEnough = errors.New("enough")

// membersOf are the members of a group, or any one of them.
func (c *call) membersOf(tx *store.Tx, g granary.GroupID, anyOne bool) (list []any, err error) {
	list = []any{}
	err = tx.Memberships.EachMember(c.center.Store, g, func(u granary.UserID) error {
		if list = append(list, object{"value": string(u), "type": "User"}); anyOne {
			return errEnough
		}
		if len(list) > maxShown {
			return invalid("tooMany", "A group has more than 250000 members, too many to go through: ask for members by eq.")
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return list, err
}

// membersNamed are the members that a comparison names; ok is false when it is about others too.
func membersNamed(e compExpr) (ids []granary.UserID, ok bool) {
	switch {
	case e.attr.filter != nil:
		ids, ok, err := picks(e.attr.filter)
		return ids, ok && err == nil && e.op == "pr"
	case e.op == "eq" && !e.null && (e.attr.sub == "" || strings.EqualFold(e.attr.sub, "value")):
		return []granary.UserID{granary.UserID(e.text)}, true
	}
	return nil, false
}

// mentions are a filter's comparisons that are about an attribute.
func mentions(filter expr, name string) (out []compExpr) {
	if filter == nil {
		return nil
	}
	filter.each(func(e compExpr) {
		if strings.EqualFold(e.attr.attr, name) && !e.attr.extension {
			out = append(out, e)
		}
	})
	return out
}

// knowMembers refuses the question for the groups of somebody who does not exist, as AWS does. Whether somebody is in
// one group is another question: who does not exist is in none.
func (c *call) knowMembers(tx *store.Tx, filter expr) error {
	e, ok := filter.(compExpr)
	if !ok || c.kind != "Groups" || e.op != "eq" || !strings.EqualFold(e.attr.attr, "members") &&
		!strings.EqualFold(e.attr.attr, "member") {
		return nil
	}
	_, err := tx.Users.Get(c.center.Store, granary.UserID(e.text))
	if granary.Is(err, granary.NotFound) {
		return noUser(e.text)
	}
	return err
}

// show is the resources of an answer.
func (c *call) show(tx *store.Tx, list []item) ([]any, error) {
	out := make([]any, 0, len(list))
	members := 0 // and groups of users
	for _, i := range list {
		if i.user != nil {
			o := c.toSCIM(i.user)
			if c.wants("groups", false) {
				if err := c.addGroups(tx, o, i.user.ID); err != nil {
					return nil, err
				}
				if members += len(o.list("groups")); members > maxShown {
					return nil,
						invalid("tooMany", "These people are in more than 250000 groups: ask for fewer people at once, or without "+
							"their groups.")
				}
			}
			out = append(out, c.project(o, "userName"))
			continue
		}
		a, err := c.groupAnswer(tx, http.StatusOK, i.group, true)
		if err != nil {
			return nil, err
		}
		o, _ := a.body.(object)
		if m, ok := o["members"].([]member); ok {
			members += len(m)
		}
		if members > maxShown {
			return nil, invalid("tooMany", "These groups have more than 250000 members: ask with excludedAttributes=members, "+
				"or for fewer groups at once.")
		}
		out = append(out, o)
	}
	return out, nil
}
