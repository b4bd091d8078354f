package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen calls fn when a channel is notified, and each time the connection was lost and is back, until Close. fn must
// return quickly. Notifications can be lost, so callers must also poll.
func (db *DB) Listen(channel string, fn func()) {
	db.done.Go(func() {
		for db.ctx.Err() == nil {
			db.listen(channel, fn)
			select {
			case <-db.ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
}

// listen listens on one connection until it breaks.
func (db *DB) listen(channel string, fn func()) {
	conn, err := pgx.ConnectConfig(db.ctx, db.config)
	if err != nil {
		return // the caller's polling reports the failure
	}
	defer func() { _ = conn.Close(context.WithoutCancel(db.ctx)) }()
	if _, err := conn.Exec(db.ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return
	}
	for {
		fn()
		if _, err := conn.WaitForNotification(db.ctx); err != nil {
			return
		}
	}
}
