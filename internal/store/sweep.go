package store

import (
	"context"
	"time"
)

// maxClockDifference is the allowed difference between the clocks of two nodes. Records of what was used once are kept
// for longer than their validity by this much, so that no node forgets one that another would still accept.
const maxClockDifference = time.Hour

// keepChanges is the number of changes that the log keeps at least. Followers are seldom behind by more.
const keepChanges = 100_000

// sweep deletes once a minute what has expired: used tokens, ended sessions, idempotency records and old changes.
func (db *DB) sweep() {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-db.closed:
			return
		case now := <-t.C:
			upTo, err := db.lastTrimmable()
			if err == nil && db.nodes != nil {
				err = db.nodes.deleteOldNodes()
			}
			if err == nil {
				_ = db.Update(context.Background(), func(tx *Tx) error { return tx.deleteExpired(now, upTo) })
			}
		}
	}
}

// lastTrimmable returns the revision of the last change that no node needs.
func (db *DB) lastTrimmable() (rev int64, err error) {
	rev = db.Revision() - keepChanges
	if db.nodes != nil {
		return db.nodes.lastTrimmable(rev)
	}
	return rev, nil
}

func (tx *Tx) deleteExpired(now time.Time, upTo int64) error {
	for _, q := range []string{"DELETE FROM replay WHERE until < $1", "DELETE FROM idempotency WHERE until < $1",
		"DELETE FROM token_session WHERE until < $1"} {
		if err := tx.exec(q, now.Add(-maxClockDifference).Unix()); err != nil {
			return err
		}
	}
	return tx.exec("DELETE FROM change WHERE rev <= $1", upTo)
}
