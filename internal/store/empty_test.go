package store

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"granary"
)

// TestEmptyDirectory checks that a directory is emptied with few statements, that followers learn of every deletion,
// and that another directory keeps its contents.
func TestEmptyDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		there := map[string]bool{}
		follow(t, db, 0, func(list []Change) {
			for _, c := range list {
				key := fmt.Sprintf("%T", c.Value)
				switch v := c.Value.(type) {
				case *granary.User:
					key += string(v.Store) + string(v.ID)
				case *granary.Group:
					key += string(v.Store) + string(v.ID)
				case *granary.Membership:
					key += string(v.Store) + v.ID
				}
				if there[key] = true; c.Deleted {
					delete(there, key)
				}
			}
		})
		const people = 300
		fill := func(d granary.StoreID) error {
			return db.Update(t.Context(), func(tx *Tx) error {
				g := &granary.Group{Store: d, ID: "g", DisplayName: "everybody",
					ExternalIDs: []granary.ExternalID{{Issuer: "i", ID: "g"}}}
				if err := tx.Groups.Create(g); err != nil {
					return err
				}
				var ids []granary.UserID
				for i := range people {
					u := newUser(fmt.Sprint(i), fmt.Sprint("u", i), fmt.Sprint("u", i, "@x"))
					u.Store = d
					u.Emails = append(u.Emails, granary.Email{Value: fmt.Sprint("other", i, "@x")})
					if err := tx.Users.Create(u); err != nil {
						return err
					}
					if err := tx.TokenSessions.Put(&granary.TokenSession{ID: fmt.Sprint(d, i), Store: d, User: u.ID,
						Ends: time.Now().Add(time.Hour)}); err != nil {
						return err
					}
					ids = append(ids, u.ID)
				}
				_, err := tx.Memberships.Add(d, "g", ids, time.Now())
				return err
			})
		}
		for _, d := range []granary.StoreID{"d-1", "d-2"} {
			if err := fill(d); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.EmptyDirectory("d-1") }); err != nil {
			t.Fatal(err)
		}
		for table, each := range map[string]int{"directory_user": people, "directory_group": 1, "membership": people,
			"external_id": people + 1, "other_email": people, "token_session": people} {
			for store, want := range map[string]int{"d-1": 0, "d-2": each} {
				var n int
				if err := db.queryAlone(t.Context(), "SELECT COUNT(*) FROM "+table+" WHERE store = $1", []any{store},
					func(r *sql.Rows) error { return r.Scan(&n) }); err != nil || n != want {
					t.Errorf("%s has %d of %s, and not %d: %v", table, n, store, want, err)
				}
			}
		}
		if len(there) != 2*people+1 {
			t.Errorf("followers know %d", len(there))
		}
		if err := fill("d-1"); err != nil {
			t.Errorf("filled again: %v", err)
		}
	})
}
