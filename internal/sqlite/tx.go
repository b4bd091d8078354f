package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// Tx is the transaction of a view or an update. It must not be used after the function that got it returns.
type Tx struct {
	context.Context
	read     *sql.Tx
	write    *writer
	attached []any
}

// Attach passes a value to committed if the update is committed.
func (tx *Tx) Attach(v any) { tx.attached = append(tx.attached, v) }

// Row runs a query for one row. Its errors are those of Scan.
func (tx *Tx) Row(query string, args ...any) *sql.Row {
	if tx.read != nil {
		return tx.read.QueryRowContext(tx, query, args...)
	}
	if s, err := tx.write.prepared(tx, query); err == nil {
		return s.QueryRowContext(tx, args...)
	}
	return tx.write.conn.QueryRowContext(tx, query, args...)
}

// Each runs a query and calls fn with every row until fn fails.
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
	defer func() { _ = rows.Close() }() // rows.Err has returned any error
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec runs a statement and returns the number of rows it changed. It fails in a view.
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
