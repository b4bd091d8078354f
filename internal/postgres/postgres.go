// Package postgres is the database engine for more than one machine: any number of nodes on one PostgreSQL. It knows no table;
// package store brings its own. One node writes at a time, whichever holds the lock, and commits are shared as on one machine, so
// that what was written for one writer stays right, and the log of changes has no gap and one order.
//
//	Update ─▶ batch.Queue ─▶ writer: BEGIN, lock, a savepoint for each update, NOTIFY, COMMIT ─▶ committed ─▶ answers
//	View   ─▶ readers: a repeatable-read transaction each
//	Listen ◀─ the NOTIFY of any node
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"granary/internal/batch"
)

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	config    *pgx.ConnConfig
	read      *sql.DB
	write     *sql.DB
	watch     *sql.DB // for what a node says and asks about nodes: it waits for no reader
	writer    writer
	queue     *batch.Queue[*Tx]
	unique    map[string]string // name of a unique index → its last column
	committed func([]any) (settle func())
	looking   time.Duration // for a view

	ctx    context.Context // until Close
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// IsURL reports whether a text names a PostgreSQL database.
func IsURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// Limits on what a broken network or a stopped node can hold up. The first is the server's as well: what a node holds that
// went away without a word is free again after it.
const (
	patience   = 10 * time.Second // for the lock, and between two statements of a transaction
	statements = time.Minute      // for one statement
	readers    = 8                // connections, beside the watchers, one that writes and one that listens
	watchers   = 3
)

// Check says in a sentence, which tells no password, what is wrong with a URL.
func Check(url string) error {
	_, err := config(url)
	return err
}

func config(url string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database cannot be read; it looks like postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	ms := func(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "granary"
	}
	maps.Copy(c.RuntimeParams, map[string]string{"timezone": "UTC", "client_encoding": "UTF8", "default_transaction_isolation": "read committed",
		"lock_timeout": ms(patience), "idle_in_transaction_session_timeout": ms(patience), "statement_timeout": ms(statements), "idle_session_timeout": "0"})
	// All is looked up by keys. A plan is made once, maybe while a table is empty or nobody has counted it, and must hold when it is large.
	maps.Copy(c.RuntimeParams, map[string]string{"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"})
	c.ValidateConnect, c.AfterConnect = takesWrites, durable
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}}
	dialer.Control = giveUp
	c.DialFunc = dialer.DialContext
	return c, nil
}

// Open opens the database at a URL and brings it up to date with the migrations; of nodes that do so at once, one does.
// committed is called by the writer after each commit with what the updates attached; they are acknowledged after the settle
// it returns, which may be nil.
func Open(ctx context.Context, url string, migrations fs.FS, committed func([]any) (settle func())) (*DB, error) {
	c, err := config(url)
	if err != nil {
		return nil, err
	}
	db := &DB{config: c, committed: committed, looking: 15 * time.Second, unique: map[string]string{}}
	db.ctx, db.cancel = context.WithCancel(context.Background())
	db.writer.db = db
	if err := db.connect(ctx, migrations); err != nil {
		return nil, errors.Join(err, db.closePools())
	}
	db.queue = batch.New(&db.writer)
	return db, nil
}

func (db *DB) connect(ctx context.Context, migrations fs.FS) error {
	db.read, db.write = stdlib.OpenDB(*db.config), stdlib.OpenDB(*db.config)
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	db.write.SetMaxOpenConns(1)
	db.watch = stdlib.OpenDB(*db.config)
	db.watch.SetMaxOpenConns(watchers)
	db.watch.SetMaxIdleConns(watchers)
	if err := db.read.PingContext(ctx); err != nil {
		return fmt.Errorf("the PostgreSQL database %s at %s cannot be opened: %s", db.config.Database, db.config.Host, strings.Join(strings.Fields(err.Error()), " "))
	}
	if err := db.checkEncoding(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx, migrations); err != nil {
		return fmt.Errorf("the PostgreSQL database %s could not be brought up to date: %w", db.config.Database, err)
	}
	return db.learnUnique(ctx)
}

func (db *DB) migrate(ctx context.Context, migrations fs.FS) error {
	c := db.config.Copy()
	for _, limit := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"} {
		delete(c.RuntimeParams, limit) // a table takes as long as it is long, and the other nodes wait
	}
	pool := stdlib.OpenDB(*c)
	defer func() { _ = pool.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, pool, migrations, goose.WithSessionLocker(migrating{}))
	if err != nil {
		return err
	}
	if _, err = p.Up(ctx); err != nil {
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err == nil && has > knows {
		err = fmt.Errorf("a newer release of Granary wrote it: its tables are of version %d, and this release knows %d; start the newer one", has, knows)
	}
	return err
}

// migrating lets one node migrate at a time.
type migrating struct{}

func (migrating) SessionLock(ctx context.Context, c *sql.Conn) error {
	_, err := c.ExecContext(ctx, "SELECT pg_advisory_lock("+migrateKey+")")
	return err
}

func (migrating) SessionUnlock(ctx context.Context, c *sql.Conn) error {
	_, err := c.ExecContext(ctx, "SELECT pg_advisory_unlock("+migrateKey+")")
	return err
}

// learnUnique reads which column each uniqueness ends with: that is what the store names it by.
func (db *DB) learnUnique(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, `SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.indnkeyatts - 1]
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisunique AND n.nspname = current_schema()`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var index, column string
		if err := rows.Scan(&index, &column); err != nil {
			return err
		}
		db.unique[index] = column
	}
	return rows.Err()
}

// Close waits for updates under way and closes the connections.
func (db *DB) Close() error {
	db.queue.Close()
	db.cancel()
	db.done.Wait()
	return db.closePools()
}

func (db *DB) closePools() error {
	db.cancel()
	var errs []error
	for _, p := range []*sql.DB{db.read, db.write, db.watch} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// View runs fn on a consistent snapshot, for a page of a list and its like: it fails with Unavailable when the database does not
// answer in time.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.looking)
	defer cancel()
	return db.view(ctx, fn)
}

// Whole is a View that may take as long as there is much.
func (db *DB) Whole(ctx context.Context, fn func(*Tx) error) error {
	return db.view(ctx, func(tx *Tx) error {
		if _, err := tx.read.ExecContext(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
			return classify(err)
		}
		return fn(tx)
	})
}

func (db *DB) view(ctx context.Context, fn func(*Tx) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	defer tx.Rollback()
	return fn(&Tx{Context: ctx, read: tx})
}

// Update runs fn in a transaction that is durable when Update returns nil, and alone: nobody writes beside it on any node. When
// fn fails, nothing of it remains. fn must not call Update, and may not keep the Tx.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error { return db.queue.Run(ctx, fn) }

// Exec runs one statement by itself, outside the order of updates: for what a node says about itself.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := db.watch.ExecContext(ctx, query, args...)
	return classify(err)
}

// Each asks one question by itself and calls fn with every row.
func (db *DB) Each(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := db.watch.QueryContext(ctx, query, args...)
	return each(rows, err, fn)
}
