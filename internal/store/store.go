// Package store keeps the truth: every noun in SQL, each write durable before it is acknowledged, and one log of changes in
// commit order that the index follows.
//
//	Update ─▶ writer (one at a time, commits shared) ─▶ tables + change log ─▶ fsync ─▶ followers ─▶ answer
//	View   ─▶ readers (a consistent snapshot each)
//
// It knows no policy and no wire. What a noun means is decided above; here it is unique, ordered and complete, or refused.
package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver

	"granary"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is the store. All methods are safe for concurrent use.
type DB struct {
	read   *sql.DB
	write  *sql.DB
	conn   *sql.Conn // the one writer's
	stmts  map[string]*sql.Stmt
	seal   cipher.AEAD
	jobs   chan *job
	closed chan struct{}
	done   sync.WaitGroup
	once   sync.Once

	rev       atomic.Int64
	mu        sync.Mutex // delivery to followers, in commit order
	followers map[int]func([]Change)
	next      int
}

// Open opens the database file, making and migrating it as needed. kek is the 32-byte key that encrypts secrets at rest.
func Open(ctx context.Context, path string, kek []byte) (*DB, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("the key-encryption key must be 32 bytes: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	db := &DB{seal: seal, jobs: make(chan *job, 256), closed: make(chan struct{}), followers: map[int]func([]Change){},
		stmts: map[string]*sql.Stmt{}}
	if err := db.connect(ctx, path); err != nil {
		db.closeFiles()
		return nil, err
	}
	db.done.Add(2)
	go db.writer()
	go db.sweep()
	return db, nil
}

func (db *DB) connect(ctx context.Context, path string) (err error) {
	dsn := func(pragmas ...string) string {
		v := url.Values{}
		for _, p := range append(pragmas, "busy_timeout(10000)", "foreign_keys(1)") {
			v.Add("_pragma", p)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
	}
	// synchronous=FULL: in WAL mode a commit returns when the log is on disk.
	if db.write, err = sql.Open("sqlite", dsn("journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16000)")); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db.write, files)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("the state %s could not be brought up to date: %w", path, err)
	}
	if db.conn, err = db.write.Conn(ctx); err != nil {
		return err
	}
	if db.read, err = sql.Open("sqlite", dsn("query_only(1)", "cache_size(-4000)")); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(8)
	var rev sql.NullInt64
	if err := db.conn.QueryRowContext(ctx, "SELECT MAX(rev) FROM change").Scan(&rev); err != nil {
		return err
	}
	db.rev.Store(rev.Int64)
	return nil
}

// Close waits for writes under way and closes the files.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.closed) })
	db.done.Wait()
	return db.closeFiles()
}

func (db *DB) closeFiles() error {
	var errs []error
	for _, s := range db.stmts {
		errs = append(errs, s.Close())
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
	}
	for _, p := range []*sql.DB{db.read, db.write} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// Revision is the last committed change.
func (db *DB) Revision() int64 { return db.rev.Load() }

// View runs fn on a consistent snapshot.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	sqlTx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return unavailable(err)
	}
	defer sqlTx.Rollback()
	return fn(newTx(ctx, db, sqlTx, nil))
}

func unavailable(err error) error {
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}
