package store

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary"
)

// TestReplays checks that a used key is used for all nodes at once, and stays so until its time is over, also after the
// store was closed and opened again.
func TestReplays(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		until := time.Now().Add(time.Hour)
		use := func(db *DB, key string) error {
			return db.Update(context.Background(), func(tx *Tx) error { return tx.Replays.Use(key, until, "") })
		}
		db := openStore(t, where)
		var first atomic.Int32
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				switch err := use(db, "a"); {
				case err == nil:
					first.Add(1)
				case !granary.Is(err, granary.Exists):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 {
			t.Errorf("it was used %d times", first.Load())
		}
		// A transaction that fails does not use its keys.
		_ = db.Update(context.Background(), func(tx *Tx) error {
			if err := tx.Replays.Use("b", until, ""); err != nil {
				t.Error(err)
			}
			return granary.Errorf(granary.Denied, "no")
		})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = openStore(t, where)
		if err := use(db, "a"); !granary.Is(err, granary.Exists) {
			t.Errorf("after opening it again: %v", err)
		}
		if err := use(db, "b"); err != nil {
			t.Errorf("what failed was used all the same: %v", err)
		}
		for _, x := range []struct {
			at   time.Time
			gone bool
		}{{until.Add(maxClockDifference - time.Second), false}, {until.Add(maxClockDifference + time.Second), true}} {
			// a node with a fast clock must not forget what another still accepts
			if err := db.Update(context.Background(), func(tx *Tx) error { return tx.deleteExpired(x.at, 0) }); err != nil {
				t.Fatal(err)
			}
			if err := use(db, "a"); (err == nil) != x.gone {
				t.Errorf("swept at %s: %v", x.at, err)
			}
		}
	})
}
