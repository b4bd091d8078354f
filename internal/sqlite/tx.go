package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// Tx is a transaction: a view's or an update's.
type Tx struct {
	context.Context
	read     *sql.Tx
	write    *writer
	attached []any
}

// Attach leaves something for committed, if the update succeeds.
func (tx *Tx) Attach(v any) { tx.attached = append(tx.attached, v) }

// Row asks for one row.
func (tx *Tx) Row(query string, args ...any) *sql.Row {
	if tx.read != nil {
		return tx.read.QueryRowContext(tx, query, args...)
	}
	if s, err := tx.write.prepared(tx, query); err == nil {
		return s.QueryRowContext(tx, args...)
	}
	return tx.write.conn.QueryRowContext(tx, query, args...)
}

// Each calls fn with every row.
func (tx *Tx) Each(query string, args []any, fn func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if tx.read != nil {
		rows, err = tx.read.QueryContext(tx, query, args...)
	} else {
		rows, err = tx.write.conn.QueryContext(tx, query, args...)
	}
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has told by then
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec changes rows and says how many. A view cannot.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if tx.write == nil {
		return 0, errors.New("sqlite: a view cannot write")
	}
	s, err := tx.write.prepared(tx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(tx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
