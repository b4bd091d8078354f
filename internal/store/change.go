package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Change is one noun that was written or, when Deleted, removed. Value is a pointer to the noun as it is or last was; it is
// shared by all followers and must not be changed.
type Change struct {
	Rev     int64
	Deleted bool
	Value   any
}

// committed gives a commit's changes to the followers. The engine's writer calls it, before the updates are acknowledged.
func (db *DB) committed(attached []any) {
	changes := make([]Change, len(attached))
	for i, c := range attached {
		changes[i] = c.(Change)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, f := range db.followers {
		f(changes)
	}
	db.rev.Store(changes[len(changes)-1].Rev)
}

// Follow calls fn with every change after a revision, in commit order, until stop. An Update returns after fn has seen it.
func (db *DB) Follow(rev int64, fn func([]Change)) (stop func()) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if missed, err := db.since(rev); err != nil {
		panic(fmt.Sprintf("store: the change log cannot be read: %v", err)) // the file is broken: nothing may go on from here
	} else if len(missed) > 0 {
		fn(missed)
	}
	id := db.next
	db.next++
	db.followers[id] = fn
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		delete(db.followers, id)
	}
}

// since reads the change log after a revision.
func (db *DB) since(rev int64) (list []Change, err error) {
	if rev >= db.rev.Load() {
		return nil, nil
	}
	err = db.View(context.Background(), func(tx *Tx) error {
		return tx.each("SELECT rev, kind, deleted, doc FROM change WHERE rev > $1 ORDER BY rev", []any{rev}, func(r *sql.Rows) error {
			var c Change
			var kind, doc string
			if err := r.Scan(&c.Rev, &kind, &c.Deleted, &doc); err != nil {
				return err
			}
			t, ok := kinds[kind]
			if !ok {
				return fmt.Errorf("the change log has a %q, which this release does not know", kind)
			}
			var err error
			c.Value, err = t.decode(tx.db, doc)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// Snapshot calls fn with every noun that followers care about, as of the revision it returns.
func (db *DB) Snapshot(ctx context.Context, fn func(any) error) (rev int64, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		var last sql.NullInt64
		if err := tx.row("SELECT MAX(rev) FROM change").Scan(&last); err != nil {
			return err
		}
		rev = last.Int64
		for _, name := range order {
			if err := kinds[name].all(tx, fn); err != nil {
				return err
			}
		}
		return nil
	})
	return rev, err
}
