package store

import (
	"context"
	"database/sql"

	"granary/internal/postgres"
	"granary/internal/sqlite"
)

// row is the result of a query for one row.
type row interface{ Scan(dest ...any) error }

// session is a transaction of either engine. The SQL statements are the same for both.
type session interface {
	Row(query string, args ...any) row
	Each(query string, args []any, fn func(*sql.Rows) error) error
	Exec(query string, args ...any) (int64, error)
	Attach(v any)
}

// engine is a database engine: SQLite in a file for one machine, or PostgreSQL for several.
type engine interface {
	View(ctx context.Context, fn func(session) error) error
	Whole(ctx context.Context, fn func(session) error) error // a View without a time limit
	Update(ctx context.Context, fn func(session) error) error
	UniqueViolation(err error) (column string, ok bool)
	Close() error
}

type sqliteEngine struct{ *sqlite.DB }

func (e sqliteEngine) View(ctx context.Context, fn func(session) error) error {
	return e.DB.View(ctx, func(tx *sqlite.Tx) error { return fn(sqliteSession{tx}) })
}

func (e sqliteEngine) Whole(ctx context.Context, fn func(session) error) error {
	return e.View(ctx, fn)
}

func (e sqliteEngine) Update(ctx context.Context, fn func(session) error) error {
	return e.DB.Update(ctx, func(tx *sqlite.Tx) error { return fn(sqliteSession{tx}) })
}

func (e sqliteEngine) UniqueViolation(err error) (string, bool) { return sqlite.UniqueViolation(err) }

type sqliteSession struct{ *sqlite.Tx }

func (s sqliteSession) Row(query string, args ...any) row { return s.Tx.Row(query, args...) }

type postgresEngine struct{ *postgres.DB }

func (e postgresEngine) View(ctx context.Context, fn func(session) error) error {
	return e.DB.View(ctx, func(tx *postgres.Tx) error { return fn(postgresSession{tx}) })
}

func (e postgresEngine) Whole(ctx context.Context, fn func(session) error) error {
	return e.DB.Whole(ctx, func(tx *postgres.Tx) error { return fn(postgresSession{tx}) })
}

func (e postgresEngine) Update(ctx context.Context, fn func(session) error) error {
	return e.DB.Update(ctx, func(tx *postgres.Tx) error { return fn(postgresSession{tx}) })
}

type postgresSession struct{ *postgres.Tx }

func (s postgresSession) Row(query string, args ...any) row { return s.Tx.Row(query, args...) }
