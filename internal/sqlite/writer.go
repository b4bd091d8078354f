package sqlite

import (
	"context"
	"database/sql"
)

// writer is the only connection that writes. It implements batch.Engine and is used only by the queue's goroutine.
type writer struct {
	db    *DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// Begin starts a transaction with the write lock.
func (w *writer) Begin(ctx context.Context) error { return w.Exec(ctx, "BEGIN IMMEDIATE") }

// Tx returns the open transaction.
func (w *writer) Tx() *Tx { return &Tx{Context: context.Background(), write: w} }

// Exec runs a statement that has no arguments and returns no rows.
func (w *writer) Exec(ctx context.Context, statement string) error {
	s, err := w.prepared(ctx, statement)
	if err == nil {
		_, err = s.ExecContext(ctx)
	}
	return err
}

// End gives what the updates attached to committed.
func (w *writer) End(kept []*Tx) (settle func() error) {
	var attached []any
	for _, tx := range kept {
		attached = append(attached, tx.attached...)
	}
	if w.db.committed != nil && len(attached) > 0 {
		w.db.committed(attached)
	}
	return nil
}

// prepared returns the writer's prepared statement for a query.
func (w *writer) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}
