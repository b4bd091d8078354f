package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"granary"
)

// Replays remembers what may be used once.
type Replays struct{ tx *Tx }

// Use marks a key used until a time, with a note of who did it. It fails with Exists when the key is used already. Of the key,
// which others wrote and may be as long as they please, the SHA-256 is kept.
func (r Replays) Use(key string, until time.Time, note string) error {
	n, err := r.tx.execCount("INSERT INTO replay (key, until, note) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING", hashed(key), until.Unix(), note)
	if err == nil && n == 0 {
		return granary.Errorf(granary.Exists, "This has been used already.")
	}
	return err
}

// Note is what was noted when a key was used, "" when it was not.
func (r Replays) Note(key string) (note string, err error) {
	err = r.tx.row("SELECT note FROM replay WHERE key = $1", hashed(key)).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return note, err
}

func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Idempotency remembers answers by the client's token, so that a retry is not a second request.
type Idempotency struct{ tx *Tx }

// Get is the answer kept under a key; ok is false when there is none.
func (i Idempotency) Get(key string) (doc string, ok bool, err error) {
	err = i.tx.row("SELECT doc FROM idempotency WHERE key = $1", key).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return doc, err == nil, err
}

// After is the answers under keys that begin with a prefix, in the order of their keys, from after one of them on.
func (i Idempotency) After(prefix, key string, limit int) (docs []string, err error) {
	err = i.tx.each("SELECT doc FROM idempotency WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3", []any{max(prefix, key), prefix + "\U0010ffff", limit}, func(r *sql.Rows) error {
		var doc string
		err := r.Scan(&doc)
		docs = append(docs, doc)
		return err
	})
	return docs, err
}

// Put keeps an answer until a time.
func (i Idempotency) Put(key, doc string, until time.Time) error {
	return i.tx.exec("INSERT INTO idempotency (key, until, doc) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET until = $2, doc = $3",
		key, until.Unix(), doc)
}
