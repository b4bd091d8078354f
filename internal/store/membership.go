package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"granary"
)

// Memberships holds who is in which group. Groups have a hundred thousand members and more: what changes some of them reads and
// writes those, and never the others.
type Memberships struct{ Set[granary.Membership] }

// Create adds a membership. It fails with Exists when the user is in the group.
func (s Memberships) Create(m *granary.Membership) error {
	if err := s.Set.Create(m); err != nil {
		return err
	}
	return s.count1(m.Store, m.Group)
}

// count1 counts one more change of a group's members.
func (s Memberships) count1(d granary.StoreID, g granary.GroupID) error {
	return s.tx.exec("UPDATE directory_group SET members = members + 1 WHERE store = $1 AND id = $2", string(d), string(g))
}

// Get looks a membership up by id.
func (s Memberships) Get(d granary.StoreID, id string) (*granary.Membership, error) {
	return s.getBy(string(d), id)
}

// Find looks the membership of a user in a group up.
func (s Memberships) Find(d granary.StoreID, g granary.GroupID, u granary.UserID) (*granary.Membership, error) {
	return s.one("SELECT doc FROM membership WHERE store = $1 AND group_id = $2 AND user_id = $3", string(d), string(g), string(u))
}

// Delete removes a membership.
func (s Memberships) Delete(d granary.StoreID, id string) error {
	m, err := s.Get(d, id)
	if err != nil {
		return err
	}
	if err := s.deleteBy(string(d), id); err != nil {
		return err
	}
	return s.count1(d, m.Group)
}

func membershipKey(m *granary.Membership) string { return m.ID }

// ListOfGroup is a group's memberships after an id.
func (s Memberships) ListOfGroup(d granary.StoreID, g granary.GroupID, after string, limit int) ([]*granary.Membership, string, error) {
	return s.page(limit, membershipKey, "SELECT doc FROM membership WHERE store = $1 AND group_id = $2 AND id > $3 ORDER BY id", string(d), string(g), after)
}

// ListOfUser is a user's memberships after an id.
func (s Memberships) ListOfUser(d granary.StoreID, u granary.UserID, after string, limit int) ([]*granary.Membership, string, error) {
	return s.page(limit, membershipKey, "SELECT doc FROM membership WHERE store = $1 AND user_id = $2 AND id > $3 ORDER BY id", string(d), string(u), after)
}

// EachMember calls fn with the id of every member of a group, in the order of ids.
func (s Memberships) EachMember(d granary.StoreID, g granary.GroupID, fn func(granary.UserID) error) error {
	return s.tx.each("SELECT user_id FROM membership WHERE store = $1 AND group_id = $2 ORDER BY user_id", []any{string(d), string(g)}, func(r *sql.Rows) error {
		var u granary.UserID
		if err := r.Scan(&u); err != nil {
			return err
		}
		return fn(u)
	})
}

// By the order of ids, which is the index by user: in any other order all memberships would be gone through.
const groupsOfUser = "SELECT group_id FROM membership WHERE store = $1 AND user_id = $2 ORDER BY id"

// GroupsOf is the ids of the groups a user is in, in the order of the memberships' ids.
func (s Memberships) GroupsOf(d granary.StoreID, u granary.UserID) (out []granary.GroupID, err error) {
	err = s.tx.each(groupsOfUser, []any{string(d), string(u)}, func(r *sql.Rows) error {
		var g granary.GroupID
		err := r.Scan(&g)
		out = append(out, g)
		return err
	})
	return out, err
}

// Add adds those of the users who are not in the group yet, and says how many. It fails with NotFound, and such an id in the
// detail "Missing", when one of them does not exist.
func (s Memberships) Add(d granary.StoreID, g granary.GroupID, ids []granary.UserID, now time.Time) (added int, err error) {
	err = chunks(ordered(ids), func(part []granary.UserID) error {
		there, err := s.among("SELECT id FROM directory_user WHERE store = $1 AND id = u", []any{string(d)}, part)
		if err != nil {
			return err
		}
		for _, u := range part {
			if there[u] == "" {
				return granary.Errorf(granary.NotFound, "There is no user %s.", u).With("Missing", string(u))
			}
		}
		in, err := s.among(membershipOf, []any{string(d), string(g)}, part)
		if err != nil {
			return err
		}
		var list []*granary.Membership
		for _, u := range part {
			if in[u] == "" {
				list = append(list, &granary.Membership{Store: d, ID: granary.TimedUUID(now), Group: g, User: u, Created: now})
			}
		}
		added += len(list)
		return s.createAll(list)
	})
	if err != nil || added == 0 {
		return 0, err
	}
	return added, s.count1(d, g)
}

func (s Memberships) createAll(list []*granary.Membership) error {
	docs := make([]string, len(list))
	values := make([]any, len(list))
	for i, m := range list {
		var err error
		if docs[i], err = s.t.encode(s.tx.db, m); err != nil {
			return err
		}
		values[i] = m // nobody else has it
	}
	for at := 0; at < len(list); {
		n := chunk(len(list) - at)
		args := make([]any, 0, 5*n)
		for i := at; i < at+n; i++ {
			m := list[i]
			args = append(args, string(m.Store), m.ID, string(m.Group), string(m.User), docs[i])
		}
		if err := s.tx.exec("INSERT INTO membership (store, id, group_id, user_id, doc) VALUES "+rows(n, 5), args...); err != nil {
			return s.clash(err)
		}
		at += n
	}
	return s.tx.changedAll(s.t.name, false, docs, values)
}

// Remove takes those of the users who are in the group out of it, and says how many.
func (s Memberships) Remove(d granary.StoreID, g granary.GroupID, ids []granary.UserID) (removed int, err error) {
	err = chunks(ordered(ids), func(part []granary.UserID) error {
		in, err := s.among(membershipOf, []any{string(d), string(g)}, part)
		if err != nil {
			return err
		}
		var list []string
		for _, u := range part {
			if id := in[u]; id != "" {
				list = append(list, id)
			}
		}
		return chunks(list, func(ids []string) error {
			var where strings.Builder // as one IN, a planner that has not counted yet would go through the store
			var args []any
			for i, id := range ids {
				fmt.Fprintf(&where, "%s(store = $%d AND id = $%d)", [2]string{"", " OR "}[min(i, 1)], 2*i+1, 2*i+2)
				args = append(args, string(d), id)
			}
			n, err := s.removeWhere(where.String(), args)
			removed += n
			return err
		})
	})
	if err != nil || removed == 0 {
		return removed, err
	}
	return removed, s.count1(d, g)
}

// Replace makes exactly these users the group's members, and says how many came or went. It fails as Add does.
func (s Memberships) Replace(d granary.StoreID, g granary.GroupID, ids []granary.UserID, now time.Time) (changed int, err error) {
	wanted := make(map[granary.UserID]bool, len(ids))
	for _, u := range ids {
		wanted[u] = true
	}
	var surplus []granary.UserID
	err = s.EachMember(d, g, func(u granary.UserID) error {
		if !wanted[u] {
			surplus = append(surplus, u)
		}
		delete(wanted, u) // a member already
		return nil
	})
	if err != nil {
		return 0, err
	}
	removed, err := s.Remove(d, g, surplus)
	if err != nil {
		return 0, err
	}
	missing := make([]granary.UserID, 0, len(wanted))
	for _, u := range ids {
		if wanted[u] {
			missing = append(missing, u)
		}
	}
	added, err := s.Add(d, g, missing, now)
	return removed + added, err
}

func (s Memberships) deleteOfUser(d granary.StoreID, u granary.UserID) error {
	groups, err := s.GroupsOf(d, u)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := s.count1(d, g); err != nil {
			return err
		}
	}
	_, err = s.removeWhere("store = $1 AND user_id = $2", []any{string(d), string(u)})
	return err
}

func (s Memberships) deleteOfGroup(d granary.StoreID, g granary.GroupID) error {
	_, err := s.removeWhere("store = $1 AND group_id = $2", []any{string(d), string(g)})
	return err
}

const membershipOf = "SELECT id FROM membership WHERE store = $1 AND group_id = $2 AND user_id = u"

// among asks a question for each of the ids, which it calls u, and says what it found. Each is looked up by a whole key: joined, or as one
// IN, PostgreSQL would rather go through all of a group as long as it has not counted how large that is.
func (s Memberships) among(question string, args []any, ids []granary.UserID) (map[granary.UserID]string, error) {
	var values strings.Builder
	for i, u := range ids {
		args = append(args, string(u))
		fmt.Fprintf(&values, "%s(CAST($%d AS TEXT))", [2]string{"", ", "}[min(i, 1)], len(args))
	}
	found := make(map[granary.UserID]string, len(ids))
	err := s.tx.each("WITH asked (u) AS (VALUES "+values.String()+") SELECT u, ("+question+") FROM asked", args, func(r *sql.Rows) error {
		var u granary.UserID
		var id sql.NullString
		err := r.Scan(&u, &id)
		found[u] = id.String
		return err
	})
	return found, err
}

// chunks gives fn the ids in parts that fit into one statement.
func chunks[T any](ids []T, fn func([]T) error) error {
	for len(ids) > 0 {
		n := chunk(len(ids))
		if err := fn(ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// ordered sorts ids and drops doubles: neighbours in the table are written one after the other.
func ordered(ids []granary.UserID) []granary.UserID {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}
