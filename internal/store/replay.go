package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"granary"
)

// Replays holds the keys of things that may be used only once, such as a token's id.
type Replays struct{ tx *Tx }

// Use marks a key as used until a time, with a note about its use. It fails with Exists when the key is used already.
// It stores the SHA-256 of the key, because clients choose keys of any length.
func (r Replays) Use(key string, until time.Time, note string) error {
	n, err := r.tx.execCount("INSERT INTO replay (key, until, note) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
		hashKey(key), until.Unix(), note)
	if err == nil && n == 0 {
		return granary.Errorf(granary.Exists, "This has been used already.")
	}
	return err
}

// Note returns the note that Use stored for a key, "" when the key was not used.
func (r Replays) Note(key string) (note string, err error) {
	err = r.tx.queryRow("SELECT note FROM replay WHERE key = $1", hashKey(key)).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return note, err
}

func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Idempotency holds answers by the client's token, so that a retry gets the first answer instead of acting again.
type Idempotency struct{ tx *Tx }

// Get returns the answer stored under a key; ok is false when there is none.
func (i Idempotency) Get(key string) (doc string, ok bool, err error) {
	err = i.tx.queryRow("SELECT doc FROM idempotency WHERE key = $1", key).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return doc, err == nil, err
}

// After returns the answers under keys that begin with a prefix, in the order of their keys, from after key.
func (i Idempotency) After(prefix, key string, limit int) (docs []string, err error) {
	err = i.tx.queryEach("SELECT doc FROM idempotency WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3",
		[]any{max(prefix, key), prefix + "\U0010ffff", limit}, func(r *sql.Rows) error {
			var doc string
			err := r.Scan(&doc)
			docs = append(docs, doc)
			return err
		})
	return docs, err
}

// Put stores an answer until a time.
func (i Idempotency) Put(key, doc string, until time.Time) error {
	return i.tx.exec("INSERT INTO idempotency (key, until, doc) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET "+
		"until = $2, doc = $3",
		key, until.Unix(), doc)
}
