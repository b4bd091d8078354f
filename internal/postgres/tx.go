package postgres

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

// Row is the result of a query for one row.
type Row struct{ result *sql.Row }

// Scan reads the row. It fails with sql.ErrNoRows when there is none.
func (r Row) Scan(dest ...any) error { return classify(r.result.Scan(dest...)) }

// Attach passes a value to Options.Committed if the update is committed.
func (tx *Tx) Attach(v any) { tx.attached = append(tx.attached, v) }

// Row runs a query for one row. Its errors are those of Scan.
func (tx *Tx) Row(query string, args ...any) Row {
	if tx.read != nil {
		return Row{tx.read.QueryRowContext(tx, query, args...)}
	}
	tx.write.resetTimers()
	return Row{tx.write.conn.QueryRowContext(tx, query, args...)}
}

// Each runs a query and calls fn with every row until fn fails.
func (tx *Tx) Each(query string, args []any, fn func(*sql.Rows) error) error {
	if tx.read != nil {
		rows, err := tx.read.QueryContext(tx, query, args...)
		return scanRows(rows, err, fn)
	}
	tx.write.resetTimers()
	rows, err := tx.write.conn.QueryContext(tx, query, args...)
	return scanRows(rows, err, fn)
}

// EachWith is Each with the signature of Session.Each.
func (tx *Tx) EachWith(_ context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	return tx.Each(query, args, fn)
}

// scanRows calls fn with every row and closes rows.
func scanRows(rows *sql.Rows, err error, fn func(*sql.Rows) error) error {
	if err != nil {
		return classify(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err has returned any error
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return classify(rows.Err())
}

// Exec runs a statement and returns the number of rows it changed. It fails in a view.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if tx.write == nil {
		return 0, errors.New("postgres: a view cannot write")
	}
	tx.write.resetTimers()
	r, err := tx.write.conn.ExecContext(tx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	return r.RowsAffected()
}
