package postgres

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

// Row is one row to come.
type Row struct{ row *sql.Row }

// Scan reads the row. It fails with sql.ErrNoRows when there is none.
func (r Row) Scan(dest ...any) error { return classify(r.row.Scan(dest...)) }

// Attach leaves something for committed, if the update succeeds.
func (tx *Tx) Attach(v any) {
	tx.attached = append(tx.attached, v)
	tx.write.changed = true
}

// Row asks for one row.
func (tx *Tx) Row(query string, args ...any) Row {
	if tx.read != nil {
		return Row{tx.read.QueryRowContext(tx, query, args...)}
	}
	tx.write.watchdog()
	return Row{tx.write.conn.QueryRowContext(tx, query, args...)}
}

// Each calls fn with every row.
func (tx *Tx) Each(query string, args []any, fn func(*sql.Rows) error) error {
	if tx.read != nil {
		rows, err := tx.read.QueryContext(tx, query, args...)
		return each(rows, err, fn)
	}
	tx.write.watchdog()
	rows, err := tx.write.conn.QueryContext(tx, query, args...)
	return each(rows, err, fn)
}

func each(rows *sql.Rows, err error, fn func(*sql.Rows) error) error {
	if err != nil {
		return classify(err)
	}
	defer func() { _ = rows.Close() }() // Err has told by then
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return classify(rows.Err())
}

// Exec changes rows and says how many. A view cannot.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if tx.write == nil {
		return 0, errors.New("postgres: a view cannot write")
	}
	tx.write.watchdog()
	r, err := tx.write.conn.ExecContext(tx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	return r.RowsAffected()
}
