package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

// logLines is a log that tests can read.
type logLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logLines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// asUser returns a database's URL for another user and application.
func asUser(database, user, application string) string {
	u, _ := url.Parse(database)
	q := u.Query()
	q.Set("user", user)
	q.Set("application_name", application)
	u.RawQuery = q.Encode()
	return u.String()
}

func connect(t *testing.T, where string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestUnprivilegedUserCannotBlockNodes checks that a user who may connect to the database, but has no other privilege,
// can neither hold a lock that updates wait for nor keep nodes busy.
func TestUnprivilegedUserCannotBlockNodes(t *testing.T) {
	t.Parallel()
	where := pgtest.URL(t)
	pgtest.SQL(t, where, `DO 'BEGIN CREATE ROLE stranger LOGIN NOSUPERUSER; EXCEPTION WHEN duplicate_object THEN `+
		`NULL; END'`)
	a, b := openStore(t, where), openStore(t, where)
	stranger := connect(t, asUser(where, "stranger", "psql"))
	stranger.SetMaxOpenConns(8)
	for _, key := range []string{"7021903451268893", "7021903451268894"} { // the advisory locks of an older release
		c, err := stranger.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.ExecContext(t.Context(), "SELECT pg_advisory_lock("+key+")"); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{"SELECT * FROM writing FOR UPDATE", "SELECT channel FROM writing",
		"LOCK TABLE migrating IN EXCLUSIVE MODE",
		"LOCK TABLE change IN SHARE MODE", "LOCK TABLE node IN SHARE MODE", "LOCK TABLE writing IN ACCESS SHARE MODE"} {
		tx, err := stranger.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), statement); err == nil ||
			!strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", statement, err)
		}
		tx.Rollback()
	}
	n := 0
	write := func(db *DB) {
		n++
		id := fmt.Sprint(n)
		began := time.Now()
		if err := db.Update(t.Context(), func(tx *Tx) error {
			return tx.Users.Create(newUser(id, id,
				id+"@x"))
		}); err != nil ||
			time.Since(began) > MaxStaleness {
			t.Errorf("a change: %v after %s", err, time.Since(began))
		}
	}
	write(a)
	openStore(t, where) // starts and migrates nevertheless
	ctx, stop := context.WithCancel(t.Context())
	var floods sync.WaitGroup
	for range 2 {
		floods.Go(func() {
			for ctx.Err() == nil {
				_, _ = stranger.ExecContext(ctx, "SELECT pg_notify('granary_change', repeat('x', 4000))")
			}
		})
	}
	for range 10 {
		write(a)
		write(b)
	}
	stop()
	floods.Wait()
}

// TestNotificationsAreRateLimited checks that a node which is notified without end does not run more rounds than its
// rate limit allows.
func TestNotificationsAreRateLimited(t *testing.T) {
	db := openStore(t, pgtest.URL(t))
	rounds := func() (n int64) {
		var count sql.NullInt64
		if err := db.nodes.queryValue("SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'node'", nil,
			&count); err != nil {
			t.Fatal(err)
		}
		return count.Int64
	}
	before := rounds()
	began := time.Now()
	for time.Since(began) < time.Second {
		db.nodes.wakeLoop()
	}
	time.Sleep(1200 * time.Millisecond) // until PostgreSQL updates its statistics
	if wrote := rounds() - before; wrote > 10 {
		t.Errorf("the node wrote its row %d times and nothing had changed", wrote)
	}
}

// TestLogNamesBlockingSession checks that the log names a session that holds a lock for which updates wait.
func TestLogNamesBlockingSession(t *testing.T) {
	t.Parallel()
	where := pgtest.URL(t)
	var log logLines
	db, err := Open(t.Context(), where, kek, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for i, statement := range []string{"SELECT 1 FROM writing FOR UPDATE", "LOCK TABLE directory_user IN SHARE MODE"} {
		name := fmt.Sprint("backup-tool-", i)
		holder := connect(t, asUser(where, "granary", name))
		tx, err := holder.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the log: %s", log.String())
			}
		})
		done := make(chan error, 1)
		id := fmt.Sprint(i)
		go func() {
			done <- db.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) })
		}()
		waitUntil(t, "the log names "+name, func() bool { return strings.Contains(log.String(), "application="+name+" ") })
		if text := log.String(); !strings.Contains(text, "user=granary") ||
			!strings.Contains(text, "changes wait for another session") {
			t.Errorf("the log says %s", text)
		}
		tx.Rollback()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestNewerReleaseIsReported checks that a node which cannot read a change of a newer release says so in its errors
// and, at a limited rate, in its log.
func TestNewerReleaseIsReported(t *testing.T) {
	t.Parallel()
	where := pgtest.URL(t)
	var log logLines
	db, err := Open(t.Context(), where, kek, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	pgtest.SQL(t, where, "INSERT INTO change (rev, kind, deleted, doc) VALUES (1, 'bucket_lifecycle', false, '{}')")
	began := time.Now()
	waitUntil(t, "it says so", func() bool {
		err := db.Fresh()
		return granary.Is(err, granary.Unavailable) &&
			strings.Contains(err.Error(), `the log of changes has a "bucket_lifecycle", which this release does not know`)
	})
	err = db.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser("1", "a", "a@x")) })
	if !granary.Is(err, granary.Unavailable) || !strings.Contains(err.Error(), "bucket_lifecycle") {
		t.Errorf("a change: %v", err)
	}
	said := strings.Count(log.String(), "bucket_lifecycle")
	if most := 2 + int(time.Since(began)/newFailureInterval); said < 1 || said > most {
		t.Errorf("logged %d times within %s", said, time.Since(began))
	}
	pgtest.SQL(t, where, "DELETE FROM change")
	waitUntil(t, "it goes on", func() bool { return db.Fresh() == nil })
}

// TestUpdateSeesAllCommits checks that an update reads everything that was committed before it on any node.
func TestUpdateSeesAllCommits(t *testing.T) {
	where := pgtest.URL(t)
	a, b := openStore(t, where), openStore(t, where)
	for i := range 50 {
		id := fmt.Sprint(i)
		db, other := a, b
		if i%2 == 1 {
			db, other = b, a
		}
		var rev int64
		committed := make(chan struct{})
		go func() {
			defer close(committed)
			_ = db.Update(context.Background(), func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) })
		}()
		err := other.Update(t.Context(), func(tx *Tx) error {
			var last sql.NullInt64
			if err := tx.queryRow("SELECT MAX(rev) FROM change").Scan(&last); err != nil {
				return err
			}
			if rev = other.Revision(); rev != last.Int64 {
				return fmt.Errorf("this node is at %d, and the log at %d", rev, last.Int64)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		<-committed
	}
}
