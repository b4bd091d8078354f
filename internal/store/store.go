// Package store keeps the state: every noun in SQL, each write durable before it is acknowledged, and one log of
// changes in commit order that the index follows.
//
//	Update ─▶ writer (one at a time, commits shared) ─▶ tables + change log ─▶ disk ─▶ followers, on every node ─▶ answer
//	View   ─▶ readers (a consistent snapshot each)
//
// The state is a SQLite file, or a PostgreSQL database that several nodes share; the statements are the same. nodes.go
// explains how nodes stay in step. Package store knows no policy and no wire format. The packages above decide what a
// noun means; here a noun is unique, ordered and complete, or it is refused.
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
	"log/slog"
	"sync"
	"sync/atomic"

	"granary/internal/guard"
	"granary/internal/postgres"
	"granary/internal/sqlite"
)

//go:embed migrations
var migrations embed.FS

// IsShared reports whether a state's address is that of a database that several nodes can share.
func IsShared(where string) bool { return postgres.IsURL(where) }

// CheckURL returns an error if the URL of a shared state cannot be used. The error never contains the password.
func CheckURL(where string) error { return postgres.Check(where) }

// DB is the store. All methods are safe for concurrent use.
type DB struct {
	engine engine
	nodes  *nodes // the other nodes on the same PostgreSQL; nil on SQLite
	seal   cipher.AEAD
	log    *slog.Logger
	closed chan struct{}
	once   sync.Once

	settings  settings
	at        atomic.Pointer[Position] // followers have every change up to here; written under mu
	mu        sync.Mutex               // serialises delivery to followers, in commit order
	followers map[int]func([]Change)
	next      int
}

// Open opens the state at a file path or a postgres:// URL, and creates and migrates it as needed. kek is the 32-byte
// key-encryption key for secrets at rest. log, which may be nil, gets warnings about the database.
func Open(ctx context.Context, where string, kek []byte, log ...*slog.Logger) (*DB, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("the key-encryption key must be 32 bytes: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	db := &DB{seal: seal, log: slog.New(slog.DiscardHandler), closed: make(chan struct{}),
		followers: map[int]func([]Change){}}
	for _, l := range log {
		db.log = l
	}
	if err := db.connect(ctx, where); err != nil {
		return nil, err
	}
	var at Position
	err = db.queryAlone(ctx, "SELECT rev, id FROM change ORDER BY rev DESC LIMIT 1", nil, func(r *sql.Rows) error {
		return r.Scan(&at.Rev, &at.id)
	})
	db.at.Store(&at)
	if err != nil {
		return nil, errors.Join(err, db.engine.Close())
	}
	if db.nodes != nil {
		if err := db.nodes.start(ctx); err != nil {
			return nil, errors.Join(err, db.engine.Close())
		}
	}
	go db.sweep()
	return db, nil
}

// connect opens the engine for the address and migrates its tables.
func (db *DB) connect(ctx context.Context, where string) error {
	if !postgres.IsURL(where) {
		files, err := fs.Sub(migrations, "migrations/sqlite")
		if err != nil {
			return err
		}
		e, err := sqlite.Open(ctx, where, files, db.deliverCommit)
		db.engine = sqliteEngine{e}
		return err
	}
	files, err := fs.Sub(migrations, "migrations/postgres")
	if err != nil {
		return err
	}
	db.nodes = newNodes(db)
	db.nodes.engine, err = postgres.Open(ctx, where, postgres.Options{Migrations: files, Lock: db.nodes.lockStatements,
		Locked:    db.nodes.onLocked,
		Committed: db.nodes.deliverCommit, Log: db.log})
	db.engine = postgresEngine{db.nodes.engine}
	return err
}

// Close waits for updates in progress and closes the state. It may be called more than once.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.closed) })
	if db.nodes != nil {
		db.nodes.leave()
	}
	return db.engine.Close()
}

// Revision returns the revision of the last change that this process's followers have seen.
func (db *DB) Revision() int64 { return db.at.Load().Rev }

// View runs fn on a consistent snapshot. fn must not keep the Tx.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.View(ctx, func(tx session) error { return fn(newTx(db, tx)) })
}

// Update runs fn in a transaction. When Update returns nil, the changes are durable, and every follower on every node
// has seen them. When fn fails, nothing is changed. fn must not call Update or keep the Tx. A Create or Update that
// breaks a uniqueness fails the whole transaction, so fn must look first if it wants to continue. The guard of ctx is
// called before fn, while no other update can run and followers have every committed change; its error becomes
// Update's.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.Update(ctx, func(s session) error {
		if guard.Guarded(ctx) {
			if err := db.Fresh(); err != nil {
				return err
			}
			if err := guard.Ask(ctx); err != nil {
				return err
			}
		}
		tx := newTx(db, s)
		if err := fn(tx); err != nil {
			return err
		}
		return tx.failed // PostgreSQL refuses every statement after one that failed; SQLite must behave alike
	})
}
