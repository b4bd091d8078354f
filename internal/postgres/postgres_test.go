package postgres

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var tables = fstest.MapFS{
	"00001_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE thing (name TEXT COLLATE \"C\" PRIMARY KEY);\n")}}

func openDatabase(t *testing.T, where string) (*DB, error) {
	t.Helper()
	db, err := Open(t.Context(), where, Options{Migrations: tables, Committed: func([]any) func() error { return nil }})
	if err == nil {
		t.Cleanup(func() { db.Close() })
	}
	return db, err
}

func withParameter(where, name, value string) string {
	u, _ := url.Parse(where)
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// TestUnusableDatabases checks that a database which cannot hold the state is refused by Open, with an error that tells
// why and contains no password.
func TestUnusableDatabases(t *testing.T) {
	plain := pgtest.URL(t)
	for name, x := range map[string]struct{ where, says string }{
		"not UTF-8": {pgtest.URLWith(t, "ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"),
			"encoding SQL_ASCII, and must be in UTF8"},
		"Latin": {pgtest.URLWith(t, "ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"),
			"encoding LATIN1, and must be in UTF8"},
		"read-only":       {withParameter(plain, "default_transaction_read_only", "on"), "it takes no writes"},
		"no such schema":  {withParameter(plain, "search_path", "nowhere"), "no schema"},
		"no such user":    {withParameter(plain, "user", "stranger"), "cannot be opened"},
		"no such library": {strings.Replace(plain, "/test", "/none", 1), "cannot be opened"},
	} {
		x.where = withParameter(x.where, "password", "s3cret")
		db, err := openDatabase(t, x.where)
		if err == nil || !strings.Contains(err.Error(), x.says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, %v", name, db != nil, err)
		}
	}
}

// TestAUserWithASchemaOfItsOwn checks that a user needs nothing but a schema of any name.
func TestAUserWithASchemaOfItsOwn(t *testing.T) {
	owner := pgtest.URL(t)
	pgtest.SQL(t, owner, `DO 'BEGIN CREATE ROLE modest LOGIN NOSUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END'`,
		`CREATE SCHEMA "Odd-Name" AUTHORIZATION modest`)
	where := withParameter(owner, "user", "modest")
	if _, err := openDatabase(t, where); err == nil || !strings.Contains(err.Error(),
		"permission denied for schema public") {
		t.Errorf("in public: %v", err)
	}
	db, err := openDatabase(t, withParameter(where, "search_path", `"Odd-Name"`))
	if err != nil {
		t.Fatal(err)
	}
	insert := func(tx *Tx) error { _, err := tx.Exec("INSERT INTO thing (name) VALUES ('a')"); return err }
	if err := db.Update(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	if column, ok := db.UniqueViolation(db.Update(t.Context(), insert)); !ok || column != "name" {
		t.Errorf("made again: %q, %v", column, ok)
	}
}

// TestADatabaseOfANewerRelease checks that an older release refuses the tables of a newer one.
func TestADatabaseOfANewerRelease(t *testing.T) {
	where := pgtest.URL(t)
	newer := fstest.MapFS{"00001_first.sql": tables["00001_first.sql"],
		"00002_more.sql": {Data: []byte("-- +goose Up\nALTER TABLE thing ADD COLUMN more TEXT;\n")}}
	db, err := Open(t.Context(), where, Options{Migrations: newer})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := openDatabase(t, where); err == nil || !strings.Contains(err.Error(),
		"a newer release of Granary wrote it") {
		t.Errorf("got %v", err)
	}
}

// TestCommitsWaitForTheDisk checks that commits wait for the disk even if the database's default is that they do not.
func TestCommitsWaitForTheDisk(t *testing.T) {
	for set, want := range map[string]string{"off": "on", "remote_apply": "remote_apply"} {
		db, err := openDatabase(t, withParameter(pgtest.URL(t), "synchronous_commit", set))
		if err != nil {
			t.Fatal(err)
		}
		var is string
		if err := db.Update(t.Context(),
			func(tx *Tx) error { return tx.Row("SHOW synchronous_commit").Scan(&is) }); err != nil || is != want {
			t.Errorf("%s: %q, %v", set, is, err)
		}
	}
}

// TestViewTimeout checks that a View of a database which does not answer fails in time, and that Whole has no limit.
func TestViewTimeout(t *testing.T) {
	t.Parallel()
	way := pgtest.Through(t, pgtest.URL(t))
	db, err := openDatabase(t, way.URL)
	if err != nil {
		t.Fatal(err)
	}
	limit := func(tx *Tx) (is string) {
		if err := tx.Row("SHOW statement_timeout").Scan(&is); err != nil {
			t.Error(err)
		}
		return is
	}
	_ = db.View(t.Context(), func(tx *Tx) error {
		if is := limit(tx); is != "1min" {
			t.Errorf("a view: %s", is)
		}
		return nil
	})
	_ = db.Whole(t.Context(), func(tx *Tx) error {
		if is := limit(tx); is != "0" {
			t.Errorf("everything: %s", is)
		}
		return nil
	})
	db.viewTimeout = 200 * time.Millisecond
	way.Stall()
	began := time.Now()
	var one int
	err = db.View(t.Context(), func(tx *Tx) error { return tx.Row("SELECT 1").Scan(&one) })
	if !granary.Is(err, granary.Unavailable) || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

// TestUpdateAfterSessionsWereTerminated checks that an update succeeds on a new connection after the database ended
// every session, as a restart does.
func TestUpdateAfterSessionsWereTerminated(t *testing.T) {
	where := pgtest.URL(t)
	db, err := openDatabase(t, where)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(name string) error {
		return db.Update(t.Context(),
			func(tx *Tx) error { _, err := tx.Exec("INSERT INTO thing (name) VALUES ($1)", name); return err })
	}
	if err := insert("a"); err != nil {
		t.Fatal(err)
	}
	pgtest.SQL(t, where, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "+
		"pid <> pg_backend_pid()")
	if err := insert("b"); err != nil {
		t.Error(err)
	}
}
