package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"granary"
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	uniqueViolation     = "23505"
	notInRepertoire     = "22021" // NUL, or bytes that are not UTF-8
	untranslatable      = "22P05"
	indexRowTooLarge    = "54000" // program_limit_exceeded: a value too long for its index
	syntaxAndAccessRule = "42"    // a class: mistakes in our statements
)

// classify gives errors of the database their kind. It does not change those that callers distinguish: sql.ErrNoRows, a
// violated uniqueness, and a cancelled context.
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
		return granary.Wrap(granary.Invalid, "A name or a path is too long: what things are found by can have 2704 bytes.",
			err)
	}
	return unavailable(err)
}

// unavailable returns an Unavailable error for a failure of the database itself. The errors of pgx name user, host and
// database, but never the password.
func unavailable(err error) error {
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}

// isConnectionError reports whether an error is one of the connection: there was no answer to the statement, or the
// server ends the session.
func isConnectionError(err error) bool {
	var e *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, errAborted):
		return false
	case errors.As(err, &e):
		return e.Code[:3] == "57P" || e.Code[:2] == "08"
	}
	return true
}

// UniqueViolation returns the last column of the unique index that an error says is violated. ok is false for any other
// error.
func (db *DB) UniqueViolation(err error) (column string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != uniqueViolation {
		return "", false
	}
	return db.lastColumns[e.ConstraintName], true
}
