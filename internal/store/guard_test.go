package store

import (
	"errors"
	"testing"

	"granary"
	"granary/internal/guard"
)

// TestBucketID checks that a bucket is told from a later one of the same name, and that a bucket from before there were
// ids has its name as its id.
func TestBucketID(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		update := func(fn func(*Tx) error) error { return db.Update(t.Context(), fn) }
		id := granary.NewBucketID()
		if err := update(func(tx *Tx) error {
			return tx.Buckets.Create(&granary.Bucket{ID: id, Name: "bucket", Owner: "111111111111"})
		}); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"deleted": update(func(tx *Tx) error { return tx.Buckets.Delete("bucket", granary.NewBucketID()) }),
			"changed": update(func(tx *Tx) error {
				return tx.Buckets.Update(&granary.Bucket{ID: granary.NewBucketID(), Name: "bucket", Owner: "222222222222"})
			}),
		} {
			if !granary.Is(err, granary.NotFound) {
				t.Errorf("another's bucket was %s: %v", what, err)
			}
		}
		if err := update(func(tx *Tx) error { return tx.Buckets.Delete("bucket", id) }); err != nil {
			t.Error(err)
		}
		err := update(func(tx *Tx) error {
			return tx.exec("INSERT INTO bucket (name, owner, doc) VALUES ($1, $2, $3)", "old", "111111111111",
				`{"Name":"old","Owner":"111111111111"}`)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := update(func(tx *Tx) error {
			b, err := tx.Buckets.Get("old")
			if err == nil && (b.ID != "old" || b.Place() != "old") {
				t.Errorf("a bucket without an id: %+v", b)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestGuardStopsUpdate checks that the guard is called in the writer's turn, when every committed change is known, and
// that its error prevents the update.
func TestGuardStopsUpdate(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		no := errors.New("no")
		ran := false
		ctx := guard.With(t.Context(), guard.Guard{Ask: func() error { return no }})
		if err := db.Update(ctx, func(*Tx) error { ran = true; return nil }); !errors.Is(err, no) || ran {
			t.Errorf("%v, and it ran: %t", err, ran)
		}
		if err := db.Update(guard.Without(ctx), func(*Tx) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
