package store

import (
	"fmt"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

// TestLargeGroupChangesAreCheap checks that adding and removing thousands of members takes time linear in their number,
// also when PostgreSQL made its plans while the tables were small or has no statistics. All other updates wait
// meanwhile, on every node.
func TestLargeGroupChangesAreCheap(t *testing.T) {
	for _, counted := range []bool{false, true} {
		t.Run(fmt.Sprint("counted ", counted), func(t *testing.T) {
			url := pgtest.URL(t)
			db := openStore(t, url)
			const people = 4000
			var ids []granary.UserID
			for i := range people {
				ids = append(ids, granary.UserID(fmt.Sprint(i)))
			}
			step := func(fn func(tx *Tx) error) {
				t.Helper()
				if err := db.Update(t.Context(), fn); err != nil {
					t.Fatal(err)
				}
			}
			step(func(tx *Tx) error {
				for _, id := range ids {
					if err := tx.Users.Create(newUser(string(id), string(id), string(id)+"@x")); err != nil {
						return err
					}
				}
				return tx.Groups.Create(&granary.Group{Store: "d-1", ID: "g", DisplayName: "g"})
			})
			add := func(tx *Tx, ids []granary.UserID) error {
				_, err := tx.Memberships.Add("d-1", "g", ids, time.Now())
				return err
			}
			remove := func(tx *Tx, ids []granary.UserID) error {
				_, err := tx.Memberships.Remove("d-1", "g", ids)
				return err
			}
			if counted { // while the table has one page
				step(func(tx *Tx) error { return add(tx, ids[:150]) })
				pgtest.SQL(t, url, "ANALYZE")
				for range 8 {
					step(func(tx *Tx) error { return add(tx, ids[:150]) })
					step(func(tx *Tx) error { return remove(tx, ids[:128]) })
				}
			}
			for i, change := range []func(*Tx, []granary.UserID) error{add, remove} {
				step(func(tx *Tx) error {
					if err := change(tx, ids); err != nil {
						return err
					}
					var read int
					err := tx.queryRow("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables " +
						"WHERE relname = 'membership'").Scan(&read)
					if err == nil && read > 10*people {
						t.Errorf("it %s: %d memberships were read for %d", [2]string{"grows", "shrinks"}[i], read, people)
					}
					return err
				})
			}
		})
	}
}
