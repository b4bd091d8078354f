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
	"sync"
	"sync/atomic"

	"granary/internal/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is the store. All methods are safe for concurrent use.
type DB struct {
	engine *sqlite.DB
	seal   cipher.AEAD
	closed chan struct{}
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
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	db := &DB{seal: seal, closed: make(chan struct{}), followers: map[int]func([]Change){}}
	if db.engine, err = sqlite.Open(ctx, path, files, db.committed); err != nil {
		return nil, err
	}
	var rev sql.NullInt64
	err = db.engine.View(ctx, func(tx *sqlite.Tx) error { return tx.Row("SELECT MAX(rev) FROM change").Scan(&rev) })
	if err != nil {
		return nil, errors.Join(err, db.engine.Close())
	}
	db.rev.Store(rev.Int64)
	go db.sweep()
	return db, nil
}

// Close waits for writes under way and closes the file.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.closed) })
	return db.engine.Close()
}

// Revision is the last committed change.
func (db *DB) Revision() int64 { return db.rev.Load() }

// View runs fn on a consistent snapshot.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.View(ctx, func(tx *sqlite.Tx) error { return fn(newTx(db, tx)) })
}

// Update runs fn in a transaction that is durable, and known to every follower, when Update returns nil. When fn fails,
// nothing of it remains. fn must not call Update, and may not keep the Tx.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.engine.Update(ctx, func(tx *sqlite.Tx) error { return fn(newTx(db, tx)) })
}
