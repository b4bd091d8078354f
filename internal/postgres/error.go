package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"granary"
)

// SQLSTATE codes, PostgreSQL's appendix A.
const (
	uniqueViolation     = "23505"
	notInRepertoire     = "22021" // NUL, or bytes that are no UTF-8
	untranslatable      = "22P05"
	indexRowTooLarge    = "54000" // program_limit_exceeded: a value too long for its index
	syntaxAndAccessRule = "42"    // class: our own mistake, not the database's state
)

// classify gives errors of the database their kind. Those that callers tell apart stay as they are: no row, a broken uniqueness.
func classify(err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &e):
		return unavailable(err)
	case e.Code == uniqueViolation, e.Code[:2] == syntaxAndAccessRule:
		return err
	case e.Code == notInRepertoire, e.Code == untranslatable:
		return granary.Wrap(granary.Invalid, "A text has a NUL character or is not UTF-8, and cannot be kept.", err)
	case e.Code == indexRowTooLarge:
		return granary.Wrap(granary.Invalid, "A name or a path is too long: what things are found by can have 2704 bytes.", err)
	}
	return unavailable(err)
}

// unavailable is a failure of the database itself. What pgx says of it names user, host and database, and never the password.
func unavailable(err error) error {
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}

// broken reports whether an error is of the connection: nothing was heard of the statement, or that the server ends the session.
func broken(err error) bool {
	var e *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, errAborted):
		return false
	case errors.As(err, &e):
		return e.Code[:3] == "57P" || e.Code[:2] == "08"
	}
	return true
}

// UniqueViolation names the last column of the uniqueness an error says is broken.
func (db *DB) UniqueViolation(err error) (column string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != uniqueViolation {
		return "", false
	}
	return db.unique[e.ConstraintName], true
}
