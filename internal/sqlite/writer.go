package sqlite

import (
	"context"
	"database/sql"
)

// writer is the one connection that writes, for batch.Queue. Only the queue calls it.
type writer struct {
	db    *DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (w *writer) Begin(ctx context.Context) error { return w.Exec(ctx, "BEGIN IMMEDIATE") }

func (w *writer) Tx() *Tx { return &Tx{Context: context.Background(), write: w} }

func (w *writer) Exec(ctx context.Context, statement string) error {
	s, err := w.prepared(ctx, statement)
	if err == nil {
		_, err = s.ExecContext(ctx)
	}
	return err
}

func (w *writer) End(kept []*Tx) (settle func()) {
	var attached []any
	for _, tx := range kept {
		attached = append(attached, tx.attached...)
	}
	if w.db.committed != nil && len(attached) > 0 {
		w.db.committed(attached)
	}
	return nil
}

// prepared returns the writer's statement for a query.
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
