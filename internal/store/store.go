// Package store keeps the truth: every noun in SQL, each write durable before it is acknowledged, and one log of changes in
// commit order that the index follows.
//
//	Update ─▶ writer (one at a time, commits shared) ─▶ tables + change log ─▶ disk ─▶ followers, on every node ─▶ answer
//	View   ─▶ readers (a consistent snapshot each)
//
// The state is a SQLite file, or a PostgreSQL database that any number of nodes share; the statements are the same. It knows no
// policy and no wire. What a noun means is decided above; here it is unique, ordered and complete, or refused.
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
	"sync"
	"sync/atomic"

	"granary/internal/postgres"
	"granary/internal/sqlite"
)

//go:embed migrations
var migrations embed.FS

// IsShared reports whether a state is a database that nodes can share.
func IsShared(where string) bool { return postgres.IsURL(where) }

// CheckURL says in a sentence, which tells no password, what is wrong with the URL of a shared state.
func CheckURL(where string) error { return postgres.Check(where) }

// DB is the store. All methods are safe for concurrent use.
type DB struct {
	engine engine
	nodes  *nodes // the others on the same PostgreSQL; nil on SQLite
	seal   cipher.AEAD
	closed chan struct{}
	once   sync.Once

	rev       atomic.Int64 // the followers have everything up to it
	last      string       // the document of that change; under mu
	mu        sync.Mutex   // delivery to followers, in commit order
	followers map[int]func([]Change)
	next      int
}

// Open opens the state, making and migrating it as needed: a file, or the database at a postgres:// URL. kek is the 32-byte key
// that encrypts secrets at rest.
func Open(ctx context.Context, where string, kek []byte) (*DB, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("the key-encryption key must be 32 bytes: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	db := &DB{seal: seal, closed: make(chan struct{}), followers: map[int]func([]Change){}}
	if err := db.connect(ctx, where); err != nil {
		return nil, err
	}
	err = db.view(ctx, "SELECT rev, doc FROM change ORDER BY rev DESC LIMIT 1", nil, func(r *sql.Rows) error {
		var rev int64
		err := r.Scan(&rev, &db.last)
		db.rev.Store(rev)
		return err
	})
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

func (db *DB) connect(ctx context.Context, where string) error {
	if !postgres.IsURL(where) {
		files, err := fs.Sub(migrations, "migrations/sqlite")
		if err != nil {
			return err
		}
		e, err := sqlite.Open(ctx, where, files, db.committed)
		db.engine = sqliteEngine{e}
		return err
	}
	files, err := fs.Sub(migrations, "migrations/postgres")
	if err != nil {
		return err
	}
	db.nodes = newNodes(db)
	db.nodes.engine, err = postgres.Open(ctx, where, files, db.nodes.committed)
	db.engine = postgresEngine{db.nodes.engine}
	return err
}

// Close waits for writes under way and closes the state.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.closed) })
	if db.nodes != nil {
		db.nodes.stop()
	}
	return db.engine.Close()
}

// Revision is the last committed change that followers here have.
func (db *DB) Revision() int64 { return db.rev.Load() }

// View runs fn on a consistent snapshot.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.View(ctx, func(tx session) error { return fn(newTx(db, tx)) })
}

// Update runs fn in a transaction that is durable, and known to every follower on every node, when Update returns nil. When fn
// fails, nothing of it remains. fn must not call Update, and may not keep the Tx. It fails with Exists and its like: whether
// something is there it asks first.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.Update(ctx, func(s session) error {
		tx := newTx(db, s)
		if err := fn(tx); err != nil {
			return err
		}
		return tx.failed // PostgreSQL refuses everything after a failed statement, and so SQLite does here
	})
}
