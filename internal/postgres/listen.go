package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen calls fn whenever a node's commit has attached something, and after each time that the connection was lost and is back, until
// Close. fn must return quickly.
func (db *DB) Listen(fn func()) {
	db.done.Go(func() {
		for db.ctx.Err() == nil {
			db.listen(fn)
			select {
			case <-db.ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
}

func (db *DB) listen(fn func()) {
	conn, err := pgx.ConnectConfig(db.ctx, db.config)
	if err != nil {
		return // whoever polls will say so
	}
	defer func() { _ = conn.Close(context.WithoutCancel(db.ctx)) }()
	if _, err := conn.Exec(db.ctx, "LISTEN "+channel); err != nil {
		return
	}
	for {
		fn()
		if _, err := conn.WaitForNotification(db.ctx); err != nil {
			return
		}
	}
}
