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

	doc string // as the log has it
}

func changesOf(attached []any) []Change {
	changes := make([]Change, len(attached))
	for i, c := range attached {
		changes[i] = c.(Change)
	}
	return changes
}

// committed gives a commit's changes to the followers. SQLite's writer calls it, before the updates are acknowledged.
func (db *DB) committed(attached []any) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.tell(changesOf(attached))
}

// tell gives changes to the followers. The caller holds mu.
func (db *DB) tell(changes []Change) {
	for _, f := range db.followers {
		f(changes)
	}
	last := changes[len(changes)-1]
	db.last = last.doc
	db.rev.Store(last.Rev)
}

// Follow calls fn with every change after a revision, in commit order, until stop. An Update, on whichever node, returns after
// fn has seen it.
func (db *DB) Follow(ctx context.Context, rev int64, fn func([]Change)) (stop func(), err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if has := db.rev.Load(); rev < has {
		missed, err := db.since(ctx, rev, int(has-rev))
		if err != nil {
			return nil, fmt.Errorf("the change log cannot be read: %w", err)
		}
		if len(missed) != int(has-rev) {
			return nil, fmt.Errorf("%w: of %d changes after %d it has %d", errLost, has-rev, rev, len(missed))
		}
		fn(missed)
	}
	id := db.next
	db.next++
	db.followers[id] = fn
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		delete(db.followers, id)
	}, nil
}

// since reads up to limit changes after a revision. The log has no gap. When it fails, what it has read by then is right.
func (db *DB) since(ctx context.Context, rev int64, limit int) (list []Change, err error) {
	err = db.view(ctx, "SELECT rev, kind, deleted, doc FROM change WHERE rev > $1 ORDER BY rev LIMIT $2", []any{rev, limit}, func(r *sql.Rows) error {
		var c Change
		var kind string
		if err := r.Scan(&c.Rev, &kind, &c.Deleted, &c.doc); err != nil {
			return err
		}
		t, ok := kinds[kind]
		if !ok {
			return fmt.Errorf("the change log has a %q, which this release does not know", kind)
		}
		var err error
		if c.Value, err = t.decode(db, c.doc); err == nil {
			list = append(list, c)
		}
		return err
	})
	return list, err
}

// view asks one question by itself.
func (db *DB) view(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	if db.nodes != nil {
		return db.nodes.engine.Each(ctx, query, args, fn)
	}
	return db.engine.View(ctx, func(tx session) error { return tx.Each(query, args, fn) })
}

// Snapshot calls fn with every noun that followers care about, as of the revision it returns.
func (db *DB) Snapshot(ctx context.Context, fn func(any) error) (rev int64, err error) {
	err = db.engine.Whole(ctx, func(s session) error {
		tx := newTx(db, s)
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
