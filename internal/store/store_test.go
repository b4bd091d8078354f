package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

var kek = bytes.Repeat([]byte{7}, 32)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// onBoth runs a test on SQLite and on PostgreSQL, since the store makes the same promises on both.
func onBoth(t *testing.T, test func(t *testing.T, where string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "state.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.URL(t)) })
}

func openStore(t *testing.T, where string) *DB {
	t.Helper()
	db, err := Open(t.Context(), where, kek)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func follow(t *testing.T, db *DB, rev int64, fn func([]Change)) {
	t.Helper()
	from := Position{Rev: rev}
	err := db.queryAlone(t.Context(), "SELECT id FROM change WHERE rev = $1", []any{rev},
		func(r *sql.Rows) error { return r.Scan(&from.id) })
	if err != nil {
		t.Fatal(err)
	}
	stop, err := db.Follow(t.Context(), from, fn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func newUser(id, name, email string) *granary.User {
	return &granary.User{Store: "d-1", ID: granary.UserID(id), UserName: name,
		Emails:      []granary.Email{{Value: email, Primary: true}},
		ExternalIDs: []granary.ExternalID{{Issuer: "scim", ID: "ext-" + id}}}
}

func TestWritesSurviveReopeningAndReachFollowersFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		var seen []Change
		follow(t, db, 0, func(c []Change) { seen = append(seen, c...) })
		for i := range 3 {
			err := db.Update(t.Context(), func(tx *Tx) error {
				return tx.Users.Create(newUser(fmt.Sprint(i), fmt.Sprintf("User%d", i), fmt.Sprintf("u%d@x", i)))
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(seen) != i+1 || seen[i].Value.(*granary.User).UserName != fmt.Sprintf("User%d", i) {
				t.Fatalf("the follower did not see change %d before Update returned: %v", i, seen)
			}
		}
		rev := db.Revision()
		db.Close()
		db = openStore(t, where)
		if db.Revision() != rev {
			t.Errorf("revision %d after reopening, %d before", db.Revision(), rev)
		}
		var names []string
		snap, err := db.Snapshot(t.Context(), func(v any) error {
			if u, ok := v.(*granary.User); ok {
				names = append(names, u.UserName)
			}
			return nil
		})
		if err != nil || snap.Rev != rev || strings.Join(names, " ") != "User0 User1 User2" {
			t.Errorf("snapshot at %d: %v %v", snap.Rev, names, err)
		}
		var missed []Change
		follow(t, db, 1, func(c []Change) { missed = append(missed, c...) })
		if len(missed) != 2 || missed[0].Rev != 2 {
			t.Errorf("following from revision 1 gave %v", missed)
		}
	})
}

func TestUniquenessIgnoresCase(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		create := func(u *granary.User) error {
			return db.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(u) })
		}
		if err := create(newUser("1", "Ÿnes", "a@x")); err != nil {
			t.Fatal(err)
		}
		for column, u := range map[Column]*granary.User{UserNames: newUser("2", "ÿNES", "b@x"),
			Emails: newUser("3", "other", "A@X"),
			ExternalIDs: {Store: "d-1", ID: "4", UserName: "third",
				ExternalIDs: []granary.ExternalID{{Issuer: "scim", ID: "ext-1"}}}} {
			err := create(u)
			if !granary.Is(err, granary.Exists) || ClashOf(err) != column {
				t.Errorf("%s: got %v", column, err)
			}
		}
		if err := create(&granary.User{Store: "d-1", ID: "5", UserName: "no mail"}); err != nil {
			t.Error(err)
		}
		if err := create(&granary.User{Store: "d-1", ID: "6", UserName: "no mail either"}); err != nil {
			t.Errorf("two people without an address clash: %v", err)
		}
		other := newUser("1", "Ÿnes", "a@x")
		other.Store = "d-2"
		if err := create(other); err != nil {
			t.Errorf("another store's people clash: %v", err)
		}
	})
}

func TestAFailedUpdateLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		var seen int
		follow(t, db, 0, func(c []Change) { seen += len(c) })
		broken := errors.New("broken")
		if err := db.Update(t.Context(), func(tx *Tx) error {
			if err := tx.Users.Create(newUser("1", "a", "a@x")); err != nil {
				return err
			}
			return broken
		}); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(tx *Tx) error { panic("oops") }); err == nil {
			t.Fatal("a panic was no error")
		}
		err := db.View(t.Context(), func(tx *Tx) error {
			_, err := tx.Users.Get("d-1", "1")
			return err
		})
		if !granary.Is(err, granary.NotFound) || seen != 0 {
			t.Errorf("something remained: %v, %d changes", err, seen)
		}
		if err := db.View(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser("1", "a", "a@x")) }); err == nil {
			t.Error("a view wrote")
		}
	})
}

func TestManyWritersShareCommitsInOneOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		var revs []int64
		follow(t, db, 0, func(c []Change) {
			for _, c := range c {
				revs = append(revs, c.Rev)
			}
		})
		var wg sync.WaitGroup
		used := make([]int, 32)
		for w := range used {
			wg.Go(func() {
				for i := range 20 {
					err := db.Update(context.Background(), func(tx *Tx) error {
						id := fmt.Sprintf("%d-%d", w, i)
						if err := tx.Users.Create(newUser(id, id, id+"@x")); err != nil {
							return err
						}
						return tx.Replays.Use(fmt.Sprint("token", i), time.Now().Add(time.Hour), "")
					})
					if err == nil {
						used[w]++
					} else if !granary.Is(err, granary.Exists) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range used {
			total += n
		}
		if total != 20 || len(revs) != 20 {
			t.Errorf("each of 20 tokens may be used once: %d uses, %d changes", total, len(revs))
		}
		for i := 1; i < len(revs); i++ {
			if revs[i] <= revs[i-1] {
				t.Fatalf("changes came out of order: %v", revs)
			}
		}
	})
}

func TestDeletingAPersonCascades(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		err := db.Update(t.Context(), func(tx *Tx) error {
			return errors.Join(tx.Users.Create(newUser("1", "a", "a@x")),
				tx.Groups.Create(&granary.Group{Store: "d-1", ID: "g", DisplayName: "G"}),
				tx.Memberships.Create(&granary.Membership{Store: "d-1", ID: "m", Group: "g", User: "1"}),
				tx.Users.Delete("d-1", "1"))
		})
		if err != nil {
			t.Fatal(err)
		}
		db.View(t.Context(), func(tx *Tx) error {
			if _, err := tx.Memberships.Get("d-1", "m"); !granary.Is(err, granary.NotFound) {
				t.Errorf("the membership: %v", err)
			}
			return nil
		})
		if err := db.Update(t.Context(), func(tx *Tx) error {
			return tx.Users.Create(newUser("2", "a",
				"a@x"))
		}); err != nil {
			t.Errorf("the name is not free again: %v", err)
		}
	})
}

func TestSecretsAreEncryptedAtRest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	db := openStore(t, path)
	secret := granary.NewSecret()
	err := db.Update(t.Context(), func(tx *Tx) error {
		return errors.Join(tx.AccessKeys.Create(&granary.AccessKey{ID: "AKIA1", Account: "1", Secret: secret}),
			tx.Keys.Create(&Key{Purpose: "seal", ID: "k", Secret: []byte(secret)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	files, _ := filepath.Glob(path + "*")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("the secret stands in %s", f)
		}
	}
	db = openStore(t, path)
	db.View(t.Context(), func(tx *Tx) error {
		k, err := tx.AccessKeys.Get("AKIA1")
		if err != nil || k.Secret != secret {
			t.Errorf("%v %v", k, err)
		}
		return nil
	})
	db.Close()
	wrong, err := Open(t.Context(), path, bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err := wrong.Snapshot(t.Context(), func(any) error { return nil }); err == nil ||
		!strings.Contains(err.Error(), "key-encryption key") {
		t.Errorf("another key opened it: %v", err)
	}
}

func TestGrantsAreListedByFilterAndPage(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		var list []*granary.Grant
		for i := range 10 {
			list = append(list, &granary.Grant{Account: "1", Region: "r", ID: granary.GrantID(fmt.Sprint("g", i)),
				Location: "default",
				Scope:    fmt.Sprintf("s3://b/%d/*", i%2), Grantee: granary.Grantee{Type: granary.GranteeUser,
					ID: fmt.Sprint(i / 2)},
				Permission: granary.Read, Created: time.Unix(1764000000, int64(i)).UTC()})
		}
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.Grants.CreateMany(list) }); err != nil {
			t.Fatal(err)
		}
		double := *list[0]
		double.ID = "other"
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.Grants.Create(&double) }); !granary.Is(err,
			granary.Exists) {
			t.Errorf("the same grant twice: %v", err)
		}
		db.View(t.Context(), func(tx *Tx) error {
			var got []string
			for after, n := "", 0; n < 10; n++ {
				items, next, err := tx.Grants.List("1", "r", GrantFilter{Scope: "s3://b/1/*", Permission: granary.Read,
					GranteeType: granary.GranteeUser}, after, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range items {
					got = append(got, string(g.ID))
				}
				if after = next; next == "" {
					break
				}
			}
			if strings.Join(got, " ") != "g1 g3 g5 g7 g9" {
				t.Errorf("%v", got)
			}
			all, _, err := tx.Grants.List("1", "r", GrantFilter{}, "", 0)
			if err != nil || len(all) != 10 || all[4].ID != "g8" || all[5].ID != "g1" {
				t.Errorf("all, by scope and then id: %v %v", all, err)
			}
			if n, err := tx.Grants.Count("1", "r"); n != 10 || err != nil {
				t.Errorf("%d grants, %v", n, err)
			}
			return nil
		})
		loaded := map[granary.GrantID]*granary.Grant{}
		if _, err := db.Snapshot(t.Context(), func(v any) error {
			if g, ok := v.(*granary.Grant); ok {
				loaded[g.ID] = g
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, g := range list {
			if l := loaded[g.ID]; l == nil || l.Scope != g.Scope || l.Grantee != g.Grantee || l.Location != g.Location ||
				!l.Created.Equal(g.Created) {
				t.Errorf("%+v is loaded as %+v", g, l)
			}
		}
	})
}

func BenchmarkUpdateParallel(b *testing.B) {
	for name, where := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(b.TempDir(), "state.db") },
		"postgres": func() string { return pgtest.URL(b) },
	} {
		b.Run(name, func(b *testing.B) {
			db, err := Open(b.Context(), where(), kek)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			b.ResetTimer() // starting a cluster may have taken time
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					err := db.Update(context.Background(),
						func(tx *Tx) error { return tx.Replays.Use(granary.UUID(), time.Now().Add(time.Hour), "") })
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
