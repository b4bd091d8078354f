package store

import (
	"context"
	"time"
)

// clocks is how far the clocks of nodes may be apart before one of them forgets what another would still take: what was used
// once is kept for longer than it is good for.
const clocks = time.Hour

// keepChanges is how many of the latest changes the log keeps: followers are seldom behind.
const keepChanges = 100_000

// sweep removes what has had its time: used tokens, ended sessions, idempotency records, old changes.
func (db *DB) sweep() {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-db.closed:
			return
		case now := <-t.C:
			upTo, err := db.trimmable()
			if err == nil && db.nodes != nil {
				err = db.nodes.forget()
			}
			if err == nil {
				_ = db.Update(context.Background(), func(tx *Tx) error { return tx.expire(now, upTo) })
			}
		}
	}
}

// trimmable is the last change that nobody needs.
func (db *DB) trimmable() (rev int64, err error) {
	rev = db.Revision() - keepChanges
	if db.nodes != nil {
		return db.nodes.trimmable(rev)
	}
	return rev, nil
}

func (tx *Tx) expire(now time.Time, upTo int64) error {
	for _, q := range []string{"DELETE FROM replay WHERE until < $1", "DELETE FROM idempotency WHERE until < $1",
		"DELETE FROM token_session WHERE until < $1"} {
		if err := tx.exec(q, now.Add(-clocks).Unix()); err != nil {
			return err
		}
	}
	return tx.exec("DELETE FROM change WHERE rev <= $1", upTo)
}
