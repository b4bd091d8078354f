package store

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"granary"
)

func userIDs(n int) (ids []granary.UserID) {
	for i := range n {
		ids = append(ids, granary.UserID(fmt.Sprintf("u%04d", i)))
	}
	return ids
}

// crowdedStore returns a store with n users and one group.
func crowdedStore(t *testing.T, where string, n int) *DB {
	db := openStore(t, where)
	err := db.Update(t.Context(), func(tx *Tx) error {
		for _, id := range userIDs(n) {
			if err := tx.Users.Create(newUser(string(id), string(id), string(id)+"@x")); err != nil {
				return err
			}
		}
		return tx.Groups.Create(&granary.Group{Store: "d-1", ID: "g", DisplayName: "G"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestMembersInBulk checks that Add, Remove and Replace change exactly the memberships they should, that followers get
// the same changes, and that each call counts as one change of the group.
func TestMembersInBulk(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := crowdedStore(t, where, 500)
		all := userIDs(500)
		told := map[granary.UserID]bool{}
		follow(t, db, db.Revision(), func(list []Change) {
			for i, c := range list {
				m := c.Value.(*granary.Membership)
				if told[m.User] == !c.Deleted || m.Group != "g" || m.ID == "" {
					t.Errorf("change %d of %s, deleted %v, tells nothing new", c.Rev, m.User, c.Deleted)
				}
				if i > 0 && c.Rev <= list[i-1].Rev {
					t.Errorf("revisions fall: %d after %d", c.Rev, list[i-1].Rev)
				}
				told[m.User] = !c.Deleted
			}
		})
		now := time.Now().UTC()
		changes := int64(0)
		step := func(name string, want []granary.UserID, wantN int, fn func(tx *Tx) (int, error)) {
			t.Helper()
			err := db.Update(t.Context(), func(tx *Tx) error {
				n, err := fn(tx)
				if n != wantN {
					t.Errorf("%s: %d changes, want %d", name, n, wantN)
				}
				return err
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var have []granary.UserID
			err = db.View(t.Context(), func(tx *Tx) error {
				n, err := tx.Groups.MemberChanges("d-1", "g")
				if err != nil || (n > changes) != (wantN > 0) {
					t.Errorf("%s: members changed %d times (%v), and %d before", name, n, err, changes)
				}
				changes = n
				return tx.Memberships.EachMember("d-1", "g", func(u granary.UserID) error { have = append(have, u); return nil })
			})
			if err != nil || !slices.Equal(have, want) {
				t.Errorf("%s: %d members, want %d (%v)", name, len(have), len(want), err)
			}
			for _, u := range all {
				if told[u] != slices.Contains(want, u) {
					t.Fatalf("%s: followers believe %v of %s", name, told[u], u)
				}
			}
		}
		add := func(ids ...granary.UserID) func(*Tx) (int, error) {
			return func(tx *Tx) (int, error) { return tx.Memberships.Add("d-1", "g", ids, now) }
		}
		remove := func(ids ...granary.UserID) func(*Tx) (int, error) {
			return func(tx *Tx) (int, error) { return tx.Memberships.Remove("d-1", "g", ids) }
		}
		set := func(ids ...granary.UserID) func(*Tx) (int, error) {
			return func(tx *Tx) (int, error) { return tx.Memberships.Replace("d-1", "g", ids, now) }
		}
		step("add", all[:300], 300, add(append(all[:300:300], all[:10]...)...))
		step("add again", all[:300], 0, add(all[:300]...))
		step("add more", all, 200, add(all[200:]...))
		step("remove", all[150:], 150, remove(append(all[:150:150], "nobody", all[0])...))
		step("remove again", all[150:], 0, remove(all[:150]...))
		step("replace", all[100:200], 350, set(all[100:200]...))
		step("replace by the same", all[100:200], 0, set(all[100:200]...))
		step("replace by nobody", nil, 100, set())
		step("fill", all, 500, set(all...))

		err := db.Update(t.Context(), func(tx *Tx) error {
			_, err := tx.Memberships.Replace("d-1", "g", []granary.UserID{"u0001", "ghost"}, now)
			return err
		})
		var unknown *UnknownUser
		if !granary.Is(err, granary.NotFound) || !errors.As(err, &unknown) || unknown.ID != "ghost" {
			t.Errorf("somebody who does not exist: %v", err)
		}
		step("after the refusal", all, 0, func(*Tx) (int, error) { return 0, nil })
		step("a person leaves", all[1:], 1,
			func(tx *Tx) (int, error) { return 1, tx.Memberships.deleteOfUser("d-1", all[0]) })
	})
}

func TestOrderOfCreation(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		err := db.Update(t.Context(), func(tx *Tx) error {
			for i, id := range []string{"z", "b", "a", "y", "c"} {
				u := newUser(id, "name-"+id, id+"@x")
				if u.Created = began.Add(time.Duration(i) * time.Microsecond); id == "a" {
					u.Created = began.Add(time.Microsecond) // at the same time as b
				}
				u.Emails = append(u.Emails, granary.Email{Value: "Shared@x"}, granary.Email{Value: "shared@X"})
				if err := tx.Users.Create(u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ids := func(list []*granary.User, err error) (out string) {
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range list {
				out += string(u.ID)
			}
			return out
		}
		err = db.View(t.Context(), func(tx *Tx) error {
			if got := ids(tx.Users.Window("d-1", 1, 3)); got != "aby" {
				t.Errorf("window: %s", got)
			}
			if got := ids(tx.Users.Page("d-1", Place{began.UnixMicro() + 1, "a"}, 2)); got != "by" {
				t.Errorf("page: %s", got)
			}
			if got := sortedLetters(ids(tx.Users.ByAnyEmail("d-1", "SHARED@x"))); got != "abcyz" {
				t.Errorf("by any address: %s", got)
			}
			if got := ids(tx.Users.ByAnyEmail("d-1", "Y@x")); got != "y" {
				t.Errorf("by the primary address: %s", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(t.Context(), func(tx *Tx) error {
			u, err := tx.Users.Get("d-1", "y")
			if err != nil {
				return err
			}
			u.Emails = u.Emails[:1]
			if err := tx.Users.Update(u); err != nil {
				return err
			}
			if u.Version != 1 {
				t.Errorf("version %d", u.Version)
			}
			if got := sortedLetters(ids(tx.Users.ByAnyEmail("d-1", "shared@x"))); got != "abcz" {
				t.Errorf("after the address went: %s", got)
			}
			return tx.Users.Delete("d-1", "z")
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func sortedLetters(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// TestDirectoryQueriesUseIndexes checks that frequent queries do not read the whole directory.
func TestDirectoryQueriesUseIndexes(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "state.db"))
	const byExternalID = "PRIMARY KEY (store=? AND kind=? AND issuer=? AND value=?)"
	for _, x := range []struct {
		query, want string
		args        []any
	}{
		{groupsOfUser, "membership_of_user (store=? AND user_id=?)", []any{"d", "u"}},
		{usersByAnyEmail, "(store=? AND email_fold=?)", []any{"d", "e"}},
		{usersByExternalID, byExternalID, []any{"d", "i", "e"}},
		{groupsByExternalID, byExternalID, []any{"d", "i", "e"}},
	} {
		query, want := x.query, x.want
		err := db.View(t.Context(), func(tx *Tx) error {
			searches := 0
			err := tx.queryEach("EXPLAIN QUERY PLAN "+query, x.args, func(r *sql.Rows) error {
				var a, b, c int
				var step string
				err := r.Scan(&a, &b, &c, &step)
				if strings.Contains(step, want) {
					searches++
				}
				if strings.HasPrefix(step, "SCAN") || strings.HasSuffix(step, "(store=?)") {
					t.Errorf("%s: %s", query, step)
				}
				return err
			})
			if searches == 0 {
				t.Errorf("%s: no search by %s", query, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestMigrationOfCreationOrder checks the migration of users that existed before the order of creation was stored.
func TestMigrationOfCreationOrder(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "state.db"))
	u := newUser("z", "z", "z@x")
	u.Created = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	err := db.Update(t.Context(), func(tx *Tx) error {
		var created int64
		if err := tx.Users.Create(u); err != nil {
			return err
		}
		row := tx.queryRow("SELECT CAST(unixepoch(json_extract(doc, '$.Created'), 'subsec') * 1000000 AS INTEGER) FROM " +
			"directory_user WHERE id = 'z'")
		if err := row.Scan(&created); err != nil || created != u.Created.UnixMicro() {
			t.Errorf("migrated: %d, want %d (%v)", created, u.Created.UnixMicro(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
