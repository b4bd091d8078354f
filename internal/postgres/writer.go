package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"granary"
)

// The advisory locks of whoever writes, and of whoever brings the tables up to date. Databases do not share locks.
const (
	lockKey    = "7021903451268893"
	migrateKey = "7021903451268894"
)

// channel is what every commit that attached something notifies.
const channel = "granary_change"

// writer is the one connection that writes, for batch.Queue. Only the queue calls it.
type writer struct {
	db      *DB
	conn    *sql.Conn // during a transaction
	ctx     context.Context
	cancel  context.CancelFunc
	timer   *time.Timer // ends a transaction whose statement is not answered
	changed bool        // something was attached
	held    bool        // a savepoint waits to be released, with the next statement: each way there and back counts
}

// Begin waits for the lock, which the transaction has until its end is seen by all: PostgreSQL lets it go after the commit shows.
// Each statement sees what was committed before it (read committed), so that with the lock held nothing changes underneath.
// A connection that broke since its last use shows only now: there is one more try then, since nothing was done.
func (w *writer) Begin(context.Context) error {
	began := time.Now()
	err := w.begin()
	if broken(err) && time.Since(began) < time.Second {
		err = w.begin()
	}
	return err
}

func (w *writer) begin() (err error) {
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.timer = time.AfterFunc(statements+patience, w.cancel)
	w.changed, w.held = false, false
	if w.conn, err = w.db.write.Conn(w.ctx); err != nil {
		w.release()
		return classify(err)
	}
	if err = w.simple("BEGIN; SELECT pg_advisory_xact_lock(" + lockKey + ")"); err != nil {
		_ = w.simple("ROLLBACK")
		w.release()
	}
	return err
}

func (w *writer) Tx() *Tx { return &Tx{Context: w.ctx, write: w} }

// Exec sends a statement that has no arguments and gives no rows in one message, unprepared.
func (w *writer) Exec(_ context.Context, statement string) error {
	switch {
	case w.conn == nil:
		return nil // Begin failed
	case statement == releaseJob:
		w.held = true
		return nil
	case statement != "COMMIT":
		return w.simple(statement)
	case w.changed:
		statement = "NOTIFY " + channel + "; COMMIT"
	}
	err := w.simple(statement)
	if broken(err) {
		return granary.Wrap(granary.Unavailable, "The connection to the state broke, and it is not known whether the change was made. Please look before you try again.", err)
	}
	return err
}

const releaseJob = "RELEASE SAVEPOINT job"

var errAborted = errors.New("the transaction was rolled back instead of committed")

func (w *writer) simple(statement string) error {
	w.watchdog()
	if w.held {
		statement, w.held = releaseJob+"; "+statement, false
	}
	return classify(w.conn.Raw(func(c any) error {
		results, err := c.(*stdlib.Conn).Conn().PgConn().Exec(w.ctx, statement).ReadAll()
		// What PostgreSQL answers to COMMIT after an error that nobody took back.
		if err == nil && strings.HasSuffix(statement, "COMMIT") && results[len(results)-1].CommandTag.String() != "COMMIT" {
			err = errAborted
		}
		return err
	}))
}

// watchdog gives the next statement its time.
func (w *writer) watchdog() { w.timer.Reset(statements + patience) }

func (w *writer) End(kept []*Tx) (settle func()) {
	w.release()
	var attached []any
	for _, tx := range kept {
		attached = append(attached, tx.attached...)
	}
	if len(attached) == 0 {
		return nil
	}
	return w.db.committed(attached)
}

func (w *writer) release() {
	w.timer.Stop()
	if w.conn != nil {
		_ = w.conn.Close() // back to the pool, which drops what is broken
		w.conn = nil
	}
	w.cancel()
}
