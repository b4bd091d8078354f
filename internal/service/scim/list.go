package scim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"granary"
	"granary/internal/store"
)

const (
	usualCount = 100
	maxCount   = 1000    // resources in an answer
	maxShown   = 250_000 // members of groups in an answer
	maxSorted  = 200_000 // resources that are put into another order than that of creation
	atOnce     = 500     // read from the store
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

// place is a cursor: where a list goes on, and of what list.
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
		return nil, invalid("invalidValue", "A list that is read by cursor is in the order of creation, and has a count of 1 at least.")
	}
	return l, c.readCursor(l)
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

// list answers a list of what stands on some shelves.
func (c *call) list(shelves ...*shelf) (answer, error) {
	l, err := c.listing()
	if err != nil {
		return answer{}, err
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

// find is the window of what matches, and how many there are in all. By cursor it is one more, when there is more.
func (c *call) find(tx *store.Tx, l *listing, shelves []*shelf) (found []item, total int, err error) {
	w := &window{listing: l}
	for _, s := range shelves {
		if l.filter == nil && l.sort == nil && !l.paged {
			err = w.skim(tx, s)
		} else {
			err = c.walk(tx, l, s, w.take)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return w.result(), w.total, nil
}

// window collects what a list answers with.
type window struct {
	*listing
	total int
	found []item
	keys  []string // of found, when it is to be sorted
}

// skim takes the window of a list that has no filter, without reading what comes before it.
func (w *window) skim(tx *store.Tx, s *shelf) error {
	n, err := s.count(tx)
	if err != nil {
		return err
	}
	from := max(w.start-1-w.total, 0)
	w.total += n
	if want := w.count - len(w.found); want > 0 && from < n {
		list, err := s.window(tx, from, want)
		w.found = append(w.found, list...)
		return err
	}
	return nil
}

// take is offered an item that matches; it says whether it wants more.
func (w *window) take(i item, o object) (more bool, err error) {
	w.total++
	switch {
	case w.sort != nil:
		if w.total > maxSorted {
			return false, invalid("tooMany", "More than 200000 resources match, too many to sort: narrow the filter, or leave sortBy out.")
		}
		key := ""
		if v := w.sort.values(o); len(v) > 0 {
			if key = v[0]; !exact[strings.ToLower(w.sort.attr)] {
				key = store.Fold(key)
			}
		}
		w.found, w.keys = append(w.found, i), append(w.keys, key)
	case w.paged:
		w.found = append(w.found, i)
		return len(w.found) <= w.count, nil
	case w.total >= w.start && len(w.found) < w.count:
		w.found = append(w.found, i)
	}
	return true, nil
}

func (w *window) result() []item {
	if w.sort == nil {
		return w.found
	}
	order := make([]int, len(w.found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		n := compareKeys(w.keys[a], w.keys[b])
		if w.down {
			n = -n
		}
		return n
	})
	out := []item{}
	for _, i := range order[min(w.start-1, len(order)):min(w.start-1+w.count, len(order))] {
		out = append(out, w.found[i])
	}
	return out
}

// compareKeys puts what has no value last (RFC 7644 §3.4.2.3).
func compareKeys(a, b string) int {
	if (a == "") != (b == "") {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// walk gives fn what matches the filter: by look-up when it can, else going through everything in parts.
func (c *call) walk(tx *store.Tx, l *listing, s *shelf, fn func(item, object) (bool, error)) error {
	offer := func(i item) (bool, error) {
		o, err := c.facts(tx, i, l.filter)
		if err != nil || l.filter != nil && !l.filter.match(o) {
			return true, err
		}
		return fn(i, o)
	}
	after := store.Place{Created: -1 << 62}
	if l.after != nil {
		after = store.Place{Created: l.after.Created, ID: l.after.ID}
	}
	list, ok, err := s.lookUp(tx, l.filter)
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b item) int { return comparePlaces(a.place(), b.place()) })
	for {
		if !ok {
			if list, err = s.page(tx, after, atOnce); err != nil {
				return err
			}
		}
		for _, i := range list {
			if comparePlaces(i.place(), after) <= 0 {
				continue
			}
			if more, err := offer(i); err != nil || !more {
				return err
			}
		}
		if ok || len(list) < atOnce {
			return nil
		}
		after = list[len(list)-1].place()
	}
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

// membersAsked are the members that a filter's comparisons are about: those named, unless it asks for more than equality.
func (c *call) membersAsked(tx *store.Tx, g granary.GroupID, asked []compExpr) ([]any, error) {
	list := []any{}
	for _, e := range asked {
		if e.op == "eq" && !e.null && e.attr.filter == nil {
			_, err := tx.Memberships.Find(c.center.Store, g, granary.UserID(e.text))
			if granary.Is(err, granary.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			list = append(list, object{"value": e.text})
			continue
		}
		list = list[:0]
		err := tx.Memberships.EachMember(c.center.Store, g, func(u granary.UserID) error {
			list = append(list, object{"value": string(u), "type": "User"})
			return nil
		})
		return list, err
	}
	return list, nil
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

// knowMembers refuses the question for the groups of somebody who does not exist, as AWS does. Whether somebody is in one group is
// another question: who does not exist is in none.
func (c *call) knowMembers(tx *store.Tx, filter expr) error {
	e, ok := filter.(compExpr)
	if !ok || c.kind != "Groups" || e.op != "eq" || !strings.EqualFold(e.attr.attr, "members") && !strings.EqualFold(e.attr.attr, "member") {
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
	members := 0
	for _, i := range list {
		if i.user != nil {
			o := c.toSCIM(i.user)
			if c.wants("groups", false) {
				if err := c.addGroups(tx, o, i.user.ID); err != nil {
					return nil, err
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
			return nil, invalid("tooMany", "These groups have more than 250000 members: ask with excludedAttributes=members, or for fewer groups at once.")
		}
		out = append(out, o)
	}
	return out, nil
}
