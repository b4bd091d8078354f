package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"granary"
)

// writer is the only connection that writes. It implements batch.Engine and is used only by the queue's goroutine.
type writer struct {
	db             *DB
	conn           *sql.Conn // nil outside of a transaction
	ctx            context.Context
	cancel         context.CancelFunc
	deadline       *time.Timer // ends the transaction when a statement is not answered
	blockedTimer   *time.Timer // logs the sessions that block a statement
	pendingRelease bool        // a savepoint is to be released together with the next statement, which saves a round trip
}

// Begin starts a transaction and waits for the lock, which the transaction holds until all nodes can see its end:
// PostgreSQL releases locks after a commit becomes visible. Each statement sees what was committed before it (read
// committed), so with the lock held nothing changes underneath. A connection that broke since its last use fails only
// now; then Begin tries once more, since nothing was done yet.
func (w *writer) Begin(context.Context) error {
	began := time.Now()
	err := w.tryBegin()
	if isConnectionError(err) && time.Since(began) < time.Second {
		err = w.tryBegin()
	}
	return err
}

// tryBegin is one attempt of Begin.
func (w *writer) tryBegin() (err error) {
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.deadline = time.AfterFunc(statementTimeout+patience, w.cancel)
	w.pendingRelease = false
	if w.conn, err = w.db.write.Conn(w.ctx); err != nil {
		w.release()
		return classify(err)
	}
	to := w.connection()
	w.blockedTimer = time.AfterFunc(blockedAfter, func() { w.db.logBlockers(to.pid) })
	if err = w.beginExclusive(to.Connection); err != nil {
		_ = w.execSimple("ROLLBACK")
		closeForGood(w.conn)
		w.conn = nil
		w.release()
	}
	return err
}

// beginExclusive begins a transaction and takes the lock, if Options.Lock is set.
func (w *writer) beginExclusive(to Connection) error {
	if w.db.options.Lock == nil {
		return w.execSimple("BEGIN")
	}
	results, err := w.execBatch("BEGIN; " + w.db.options.Lock())
	if err != nil {
		return err
	}
	var answers [][][][]byte
	for _, r := range results[1:] {
		answers = append(answers, r.Rows)
	}
	return w.db.options.Locked(w.Tx(), to, answers)
}

// writerConnection is a Connection with its process id on the server.
type writerConnection struct {
	Connection
	pid uint32
}

// connection returns what identifyServer stored with the open connection.
func (w *writer) connection() (to writerConnection) {
	_ = w.conn.Raw(func(c any) error {
		p := c.(*stdlib.Conn).Conn().PgConn()
		to.Connection, _ = p.CustomData()[connectionKey].(Connection)
		to.pid = p.PID()
		return nil
	})
	return to
}

// Tx returns the open transaction.
func (w *writer) Tx() *Tx { return &Tx{Context: w.ctx, write: w} }

// Exec runs a statement that has no arguments and returns no rows, in one message and unprepared.
func (w *writer) Exec(_ context.Context, statement string) error {
	switch {
	case w.conn == nil:
		return nil // Begin failed
	case statement == releaseJob:
		w.pendingRelease = true
		return nil
	case statement != "COMMIT":
		return w.execSimple(statement)
	}
	err := w.execSimple(statement)
	if isConnectionError(err) {
		return granary.Wrap(granary.Unavailable, "The connection to the state broke, and it is not known whether the "+
			"change was made. Please look before you try again.", err)
	}
	return err
}

const releaseJob = "RELEASE SAVEPOINT job"

var errAborted = errors.New("the transaction was rolled back instead of committed")

func (w *writer) execSimple(statement string) error {
	_, err := w.execBatch(statement)
	return err
}

// execBatch sends statements in one message and returns the answer to each.
func (w *writer) execBatch(statement string) (results []*pgconn.Result, err error) {
	w.resetTimers()
	if w.pendingRelease {
		statement, w.pendingRelease = releaseJob+"; "+statement, false
	}
	err = classify(w.conn.Raw(func(c any) error {
		results, err = c.(*stdlib.Conn).Conn().PgConn().Exec(w.ctx, statement).ReadAll()
		// PostgreSQL answers ROLLBACK to a COMMIT after an error that was not rolled back.
		if err == nil && strings.HasSuffix(statement, "COMMIT") && results[len(results)-1].CommandTag.String() != "COMMIT" {
			err = errAborted
		}
		return err
	}))
	return results, err
}

// resetTimers restarts the timers for the next statement.
func (w *writer) resetTimers() {
	w.deadline.Reset(statementTimeout + patience)
	if w.blockedTimer != nil {
		w.blockedTimer.Reset(blockedAfter)
	}
}

// End releases the connection and gives what the updates attached to Options.Committed.
func (w *writer) End(kept []*Tx) (settle func() error) {
	w.release()
	var attached []any
	for _, tx := range kept {
		attached = append(attached, tx.attached...)
	}
	if len(attached) == 0 {
		return nil
	}
	return w.db.options.Committed(attached)
}

// release stops the timers and returns the connection to the pool.
func (w *writer) release() {
	w.deadline.Stop()
	if w.blockedTimer != nil {
		w.blockedTimer.Stop()
		w.blockedTimer = nil
	}
	if w.conn != nil {
		_ = w.conn.Close() // the pool drops a broken connection
		w.conn = nil
	}
	w.cancel()
}
