package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"granary"
)

// Memberships holds the memberships of users in groups. A group can have a hundred thousand members, so a change of
// some memberships reads and writes only those.
type Memberships struct{ Set[granary.Membership] }

// Create adds a membership. It fails with Exists when the user is in the group already.
func (s Memberships) Create(m *granary.Membership) error {
	if err := s.Set.Create(m); err != nil {
		return err
	}
	return s.countChange(m.Store, m.Group)
}

// countChange increments the group's count of membership changes, which is part of SCIM's entity tags.
func (s Memberships) countChange(d granary.StoreID, g granary.GroupID) error {
	return s.tx.exec("UPDATE directory_group SET members = members + 1 WHERE store = $1 AND id = $2", string(d), string(g))
}

// Get returns the membership with an id. It fails with NotFound when there is none.
func (s Memberships) Get(d granary.StoreID, id string) (*granary.Membership, error) {
	return s.getByKey(string(d), id)
}

// Find returns the membership of a user in a group. It fails with NotFound when there is none.
func (s Memberships) Find(d granary.StoreID, g granary.GroupID, u granary.UserID) (*granary.Membership, error) {
	return s.queryOne("SELECT doc FROM membership WHERE store = $1 AND group_id = $2 AND user_id = $3", string(d),
		string(g),
		string(u))
}

// Delete removes a membership.
func (s Memberships) Delete(d granary.StoreID, id string) error {
	m, err := s.Get(d, id)
	if err != nil {
		return err
	}
	if err := s.deleteByKey(string(d), id); err != nil {
		return err
	}
	return s.countChange(d, m.Group)
}

func membershipKey(m *granary.Membership) string { return m.ID }

// ListOfGroup returns a group's memberships in the order of their ids, from after one of them.
func (s Memberships) ListOfGroup(d granary.StoreID, g granary.GroupID, after string, limit int) ([]*granary.Membership,
	string, error) {
	return s.queryPage(limit, membershipKey, "SELECT doc FROM membership WHERE store = $1 AND group_id = $2 AND id > $3 "+
		"ORDER BY id", string(d), string(g), after)
}

// ListOfUser returns a user's memberships in the order of their ids, from after one of them.
func (s Memberships) ListOfUser(d granary.StoreID, u granary.UserID, after string, limit int) ([]*granary.Membership,
	string, error) {
	return s.queryPage(limit, membershipKey, "SELECT doc FROM membership WHERE store = $1 AND user_id = $2 AND id > $3 "+
		"ORDER BY id", string(d), string(u), after)
}

// EachMember calls fn with the id of every member of a group, in the order of ids.
func (s Memberships) EachMember(d granary.StoreID, g granary.GroupID, fn func(granary.UserID) error) error {
	return s.tx.queryEach("SELECT user_id FROM membership WHERE store = $1 AND group_id = $2 ORDER BY user_id",
		[]any{string(d), string(g)}, func(r *sql.Rows) error {
			var u granary.UserID
			if err := r.Scan(&u); err != nil {
				return err
			}
			return fn(u)
		})
}

// groupsOfUser orders by id because the index by user does; any other order would make PostgreSQL read all memberships.
const groupsOfUser = "SELECT group_id FROM membership WHERE store = $1 AND user_id = $2 ORDER BY id"

// GroupsOf returns the ids of the groups that a user is in, in the order of the memberships' ids.
func (s Memberships) GroupsOf(d granary.StoreID, u granary.UserID) (out []granary.GroupID, err error) {
	err = s.tx.queryEach(groupsOfUser, []any{string(d), string(u)}, func(r *sql.Rows) error {
		var g granary.GroupID
		err := r.Scan(&g)
		out = append(out, g)
		return err
	})
	return out, err
}

// Add adds users to a group, except those who are in it already, and returns the number added. It fails with NotFound
// when one of the users does not exist. The error's cause is an *UnknownUser.
func (s Memberships) Add(d granary.StoreID, g granary.GroupID, ids []granary.UserID, now time.Time) (added int,
	err error) {
	err = eachChunk(sortUnique(ids), func(part []granary.UserID) error {
		there, err := s.lookUpEach("SELECT id FROM directory_user WHERE store = $1 AND id = u", []any{string(d)}, part)
		if err != nil {
			return err
		}
		for _, u := range part {
			if there[u] == "" {
				return granary.Wrap(granary.NotFound, "There is no user "+string(u)+".", &UnknownUser{u})
			}
		}
		in, err := s.lookUpEach(membershipOfUser, []any{string(d), string(g)}, part)
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
	return added, s.countChange(d, g)
}

// createAll adds memberships that do not exist yet, with few statements.
func (s Memberships) createAll(list []*granary.Membership) error {
	docs := make([]string, len(list))
	values := make([]any, len(list))
	for i, m := range list {
		var err error
		if docs[i], err = s.table.encode(s.tx.db, m); err != nil {
			return err
		}
		values[i] = m // no other code has a pointer to it
	}
	for at := 0; at < len(list); {
		n := chunkSize(len(list) - at)
		args := make([]any, 0, 5*n)
		for i := at; i < at+n; i++ {
			m := list[i]
			args = append(args, string(m.Store), m.ID, string(m.Group), string(m.User), docs[i])
		}
		if err := s.tx.exec("INSERT INTO membership (store, id, group_id, user_id, doc) VALUES "+placeholderRows(n, 5),
			args...); err != nil {
			return s.existsError(err)
		}
		at += n
	}
	return s.tx.logChanges(s.table.name, false, docs, values)
}

// Remove removes users from a group, except those who are not in it, and returns the number removed.
func (s Memberships) Remove(d granary.StoreID, g granary.GroupID, ids []granary.UserID) (removed int, err error) {
	err = eachChunk(sortUnique(ids), func(part []granary.UserID) error {
		in, err := s.lookUpEach(membershipOfUser, []any{string(d), string(g)}, part)
		if err != nil {
			return err
		}
		var list []string
		for _, u := range part {
			if id := in[u]; id != "" {
				list = append(list, id)
			}
		}
		return eachChunk(list, func(ids []string) error {
			var where strings.Builder // with one IN clause, PostgreSQL scans the table as long as it has no statistics
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
	return removed, s.countChange(d, g)
}

// Replace makes exactly these users the group's members and returns how many were added or removed. It fails as Add
// does.
func (s Memberships) Replace(d granary.StoreID, g granary.GroupID, ids []granary.UserID, now time.Time) (changed int,
	err error) {
	wanted := make(map[granary.UserID]bool, len(ids))
	for _, u := range ids {
		wanted[u] = true
	}
	var surplus []granary.UserID
	err = s.EachMember(d, g, func(u granary.UserID) error {
		if !wanted[u] {
			surplus = append(surplus, u)
		}
		delete(wanted, u) // already a member
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

// deleteOfUser removes a user's memberships and counts the change in each of the groups.
func (s Memberships) deleteOfUser(d granary.StoreID, u granary.UserID) error {
	groups, err := s.GroupsOf(d, u)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := s.countChange(d, g); err != nil {
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

// membershipOfUser is a question for lookUpEach: the id of a user's membership in a group.
const membershipOfUser = "SELECT id FROM membership WHERE store = $1 AND group_id = $2 AND user_id = u"

// lookUpEach runs a subquery for each of the ids, which the subquery calls u, and returns each result by id, "" for no
// row. Each id is looked up by a whole key: with a join or one IN clause, PostgreSQL reads a whole group as long as it
// has no statistics.
func (s Memberships) lookUpEach(question string, args []any, ids []granary.UserID) (map[granary.UserID]string, error) {
	var values strings.Builder
	for i, u := range ids {
		args = append(args, string(u))
		fmt.Fprintf(&values, "%s(CAST($%d AS TEXT))", [2]string{"", ", "}[min(i, 1)], len(args))
	}
	found := make(map[granary.UserID]string, len(ids))
	err := s.tx.queryEach("WITH asked (u) AS (VALUES "+values.String()+") SELECT u, ("+question+") FROM asked", args,
		func(r *sql.Rows) error {
			var u granary.UserID
			var id sql.NullString
			err := r.Scan(&u, &id)
			found[u] = id.String
			return err
		})
	return found, err
}

// eachChunk calls fn with parts of ids that fit into one statement.
func eachChunk[T any](ids []T, fn func([]T) error) error {
	for len(ids) > 0 {
		n := chunkSize(len(ids))
		if err := fn(ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// sortUnique sorts ids and drops duplicates, so that neighbouring rows of the table are written one after the other.
func sortUnique(ids []granary.UserID) []granary.UserID {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}
