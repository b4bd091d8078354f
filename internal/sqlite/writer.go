package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"time"

	"granary"
)

// job is one Update on its way through the writer.
type job struct {
	ctx      context.Context
	fn       func(*Tx) error
	err      error
	attached []any
	done     chan struct{}
}

// maxShared is how many updates share one commit at most.
const maxShared = 128

var errClosed = granary.Errorf(granary.Unavailable, "The server is stopping.")

// Update runs fn in a transaction that is durable when Update returns nil. When fn fails, nothing of it remains. fn must not
// call Update, and may not keep the Tx.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case db.jobs <- j:
	case <-db.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done: // not ctx: once begun, the caller must hear what became of it
		return j.err
	case <-db.closed:
		db.done.Wait()
		select {
		case <-j.done:
			return j.err
		default:
			return errClosed
		}
	}
}

// linger is how long the writer waits for more to share a commit, while there is more than one writing at a time: a sync
// costs the processor more than it costs the disk.
const linger = 500 * time.Microsecond

func (db *DB) writer() {
	defer db.done.Done()
	last := 0 // how many shared the last commit
	for {
		select {
		case <-db.closed:
			return
		case j := <-db.jobs:
			if last > 1 {
				time.Sleep(linger)
			}
			batch := []*job{j}
		gather:
			for len(batch) < maxShared {
				select {
				case j := <-db.jobs:
					batch = append(batch, j)
				default:
					break gather
				}
			}
			last = len(batch)
			db.commit(batch)
		}
	}
}

// commit runs a batch in one transaction, each job under a savepoint of its own, and answers them all.
func (db *DB) commit(batch []*job) {
	ctx := context.Background()
	err := db.exec(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		for _, j := range batch {
			if j.err = j.ctx.Err(); j.err == nil {
				db.run(ctx, j)
			}
		}
		if err = db.exec(ctx, "COMMIT"); err != nil {
			_ = db.exec(ctx, "ROLLBACK")
		}
	}
	var attached []any
	for _, j := range batch {
		switch {
		case err != nil && j.err == nil:
			j.err = granary.Wrap(granary.Unavailable, "The change could not be written to disk. Please try again.", err)
		case j.err == nil:
			attached = append(attached, j.attached...)
		}
	}
	if db.committed != nil && len(attached) > 0 {
		db.committed(attached)
	}
	for _, j := range batch {
		close(j.done)
	}
}

func (db *DB) run(ctx context.Context, j *job) {
	if j.err = db.exec(ctx, "SAVEPOINT job"); j.err != nil {
		return
	}
	tx := &Tx{Context: ctx, db: db, write: db.conn}
	j.err = guard(tx, j.fn)
	if j.err == nil {
		j.err = db.exec(ctx, "RELEASE job")
	}
	if j.err != nil {
		_ = db.exec(ctx, "ROLLBACK TO job")
		_ = db.exec(ctx, "RELEASE job")
		return
	}
	j.attached = tx.attached
}

// guard turns a panic of the caller's function into its error: the writer serves everyone and must go on.
func guard(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in an update: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}

func (db *DB) exec(ctx context.Context, query string) error {
	s, err := db.prepared(ctx, query)
	if err == nil {
		_, err = s.ExecContext(ctx)
	}
	return err
}

// prepared returns the writer's statement for a query. Only the writer calls it.
func (db *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := db.stmts[query]; s != nil {
		return s, nil
	}
	s, err := db.conn.PrepareContext(ctx, query)
	if err == nil {
		db.stmts[query] = s
	}
	return s, err
}
