// Package sqlite is the embedded database engine: one file, one writer whose commits are shared and durable, and many
// readers with a consistent snapshot each. It knows no table; package store and the embedded object store bring theirs.
//
//	Update ─▶ batch.Queue ─▶ writer: BEGIN, a savepoint for each update, COMMIT, fsync ─▶ committed ─▶ answers
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"granary"
	"granary/internal/batch"
)

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	read      *sql.DB
	write     *sql.DB
	writer    writer
	queue     *batch.Queue[*Tx]
	reads     sync.Map // query → *sql.Stmt on a reader connection
	committed func([]any)
}

// Open opens a file, and creates and migrates it as needed. committed, which may be nil, is called by the writer after
// each commit with what the updates attached, before the updates return.
func Open(ctx context.Context, path string, migrations fs.FS, committed func([]any)) (*DB, error) {
	db := &DB{committed: committed}
	db.writer = writer{db: db, stmts: map[string]*sql.Stmt{}}
	if err := db.connect(ctx, path, migrations); err != nil {
		return nil, errors.Join(err, db.closeFiles())
	}
	db.queue = batch.New(&db.writer)
	return db, nil
}

// connect migrates the file and opens the pools.
func (db *DB) connect(ctx context.Context, path string, migrations fs.FS) (err error) {
	// SQLite would create a file that others may read. The files of its log and index get the mode of this one. An
	// existing file is not opened here: closing it would release the locks that this process has on it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s cannot be made: %w", path, err)
	}
	dsn := func(pragmas ...string) string {
		v := url.Values{}
		for _, p := range append(pragmas, "busy_timeout(10000)", "foreign_keys(1)") {
			v.Add("_pragma", p)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
	}
	// synchronous=FULL: in WAL mode a commit returns when the log is on disk. SQLite keeps the journal for savepoints in
	// temporary files once it is large; in memory it would walk all of it after each statement, which is quadratic in a
	// large transaction.
	if db.write, err = sql.Open("sqlite",
		dsn("journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16000)")); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, migrations)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("%s could not be brought up to date: %w", path, err)
	}
	if has, knows, err := p.GetVersions(ctx); err != nil || has > knows {
		return errors.Join(err,
			fmt.Errorf("a newer release of Granary wrote %s: its tables are of version %d, and this release knows %d; start "+
				"the newer one", path, has, knows))
	}
	if db.writer.conn, err = db.write.Conn(ctx); err != nil {
		return err
	}
	if db.read, err = sql.Open("sqlite", dsn("query_only(1)", "cache_size(-4000)")); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(8)
	db.read.SetMaxIdleConns(8)
	return nil
}

// Close waits for updates in progress and closes the file.
func (db *DB) Close() error {
	db.queue.Close()
	return db.closeFiles()
}

func (db *DB) closeFiles() error {
	var errs []error
	for _, s := range db.writer.stmts {
		errs = append(errs, s.Close())
	}
	db.reads.Range(func(_, s any) bool {
		errs = append(errs, s.(*sql.Stmt).Close())
		return true
	})
	if db.writer.conn != nil {
		errs = append(errs, db.writer.conn.Close())
	}
	for _, p := range []*sql.DB{db.read, db.write} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// View runs fn on a consistent snapshot. fn must not keep the Tx.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Unavailable(err)
	}
	defer tx.Rollback()
	return fn(&Tx{Context: ctx, read: tx})
}

// Update runs fn in a transaction that is durable when Update returns nil. When fn fails, nothing is changed. fn must
// not call Update or keep the Tx.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error { return db.queue.Run(ctx, fn) }

// QueryRow runs a query for one row outside of a transaction, with a statement that stays prepared. It is for hot
// paths.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) (*sql.Row, error) {
	if s, ok := db.reads.Load(query); ok {
		return s.(*sql.Stmt).QueryRowContext(ctx, args...), nil
	}
	s, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, Unavailable(err)
	}
	if have, loaded := db.reads.LoadOrStore(query, s); loaded {
		_ = s.Close()
		s = have.(*sql.Stmt)
	}
	return s.QueryRowContext(ctx, args...), nil
}

// Unavailable returns an Unavailable error for a failure of the database itself.
func Unavailable(err error) error {
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}

// UniqueViolation returns the last column of the uniqueness that an error says is violated. ok is false for any other
// error.
func UniqueViolation(err error) (column string, ok bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code() != lib.SQLITE_CONSTRAINT_UNIQUE && e.Code() != lib.SQLITE_CONSTRAINT_PRIMARYKEY {
		return "", false
	}
	text := e.Error()
	text = text[strings.LastIndexByte(text, '.')+1:]
	column, _, _ = strings.Cut(text, " ")
	return column, true
}
