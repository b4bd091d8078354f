// Package postgres is the database engine for several machines: any number of nodes on one PostgreSQL. It knows no
// table; package store brings its own. Only the node that holds the lock writes, and commits are shared as on one
// machine. So code written for a single writer is correct here too, and the log of changes has no gap and one order.
//
//	Update  ─▶ batch.Queue ─▶ writer: BEGIN, lock, a savepoint for each update, COMMIT ─▶ committed ─▶ answers
//	View    ─▶ readers: a repeatable-read transaction each
//	Session ─▶ one connection, for several queries that must go to one server
//	Listen  ◀─ a NOTIFY of any node
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"granary/internal/batch"
)

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	config      *pgx.ConnConfig
	options     Options
	read        *sql.DB
	write       *sql.DB
	nodePool    *sql.DB // for Exec, Each and Session, which must not wait for readers
	writer      writer
	queue       *batch.Queue[*Tx]
	lastColumns map[string]string // unique index → its last column
	viewTimeout time.Duration     // limit of a View

	ctx    context.Context // cancelled by Close
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Options holds what package store brings.
type Options struct {
	Migrations fs.FS
	// Lock returns the statements sent at the beginning of an update: they take the writer's lock and query what the
	// update must know. Locked gets the answers, a list of rows for each statement. When it fails, nothing is written and
	// the connection is closed. Both may be nil.
	Lock   func() string
	Locked func(tx *Tx, c Connection, answers [][][][]byte) error
	// Committed is called by the writer after each commit with what the updates attached. The updates return after the
	// settle function that it returns, which may be nil.
	Committed func([]any) (settle func() error)
	Log       *slog.Logger // may be nil
}

// IsURL reports whether a text is the URL of a PostgreSQL database.
func IsURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// Limits on how long a broken network or a stopped node can hold others up. The server enforces patience and
// statementTimeout too, so that it releases the locks of a node that vanished.
const (
	patience         = 10 * time.Second // for the lock, and between two statements of a transaction
	statementTimeout = time.Minute      // for one statement
	maxReaders       = 8                // connections for views
	maxNodeConns     = 4                // connections for Exec, Each and Session
)

// Check returns an error if a URL cannot be used. The error never contains the password.
func Check(url string) error {
	_, err := parseConfig(url)
	return err
}

// parseConfig converts a URL to the configuration of a connection.
func parseConfig(url string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil,
			errors.New("the URL of the PostgreSQL database cannot be read; it looks like " +
				"postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	ms := func(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }
	if c.RuntimeParams["application_name"] == "" {
		host, _ := os.Hostname()
		// identifies the node to an administrator who looks for a blocking session
		c.RuntimeParams["application_name"] = fmt.Sprintf("granary %.40s %d", host, os.Getpid())
	}
	maps.Copy(c.RuntimeParams, map[string]string{"timezone": "UTC", "client_encoding": "UTF8",
		"default_transaction_isolation": "read committed",
		"lock_timeout":                  ms(patience), "idle_in_transaction_session_timeout": ms(patience),
		"statement_timeout": ms(statementTimeout), "idle_session_timeout": "0"})
	// All queries look up rows by keys. PostgreSQL may plan a query while a table is empty or has no statistics, and the
	// plan must still be good when the table is large.
	maps.Copy(c.RuntimeParams, map[string]string{"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off",
		"jit": "off"})
	c.ValidateConnect, c.AfterConnect = requirePrimary, requireDurability
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 5 * time.Second
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second,
		Interval: 2 * time.Second, Count: 3}}
	dialer.Control = limitUnacknowledged
	c.DialFunc = dialer.DialContext
	return c, nil
}

// Open opens the database at a URL and migrates it. If several nodes do so at once, one of them migrates.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	c, err := parseConfig(url)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{config: c, options: o, viewTimeout: 15 * time.Second, lastColumns: map[string]string{}}
	db.ctx, db.cancel = context.WithCancel(context.Background())
	db.writer.db = db
	if err := db.connect(ctx); err != nil {
		return nil, errors.Join(err, db.closePools())
	}
	db.queue = batch.New(&db.writer)
	return db, nil
}

// connect opens the pools, checks the database and migrates it.
func (db *DB) connect(ctx context.Context) error {
	db.read, db.write = stdlib.OpenDB(*db.config), stdlib.OpenDB(*db.config, stdlib.OptionAfterConnect(identifyServer))
	db.read.SetMaxOpenConns(maxReaders)
	db.read.SetMaxIdleConns(maxReaders)
	db.write.SetMaxOpenConns(1)
	db.nodePool = stdlib.OpenDB(*db.config)
	db.nodePool.SetMaxOpenConns(maxNodeConns)
	db.nodePool.SetMaxIdleConns(maxNodeConns)
	if err := db.read.PingContext(ctx); err != nil {
		return fmt.Errorf("the PostgreSQL database %s at %s cannot be opened: %s", db.config.Database, db.config.Host,
			strings.Join(strings.Fields(err.Error()), " "))
	}
	if err := db.checkEncoding(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx); err != nil {
		return fmt.Errorf("the PostgreSQL database %s could not be brought up to date: %w", db.config.Database, err)
	}
	return db.loadUniqueIndexes(ctx)
}

// loadUniqueIndexes reads the last column of each unique index, by which the store names a violated uniqueness.
func (db *DB) loadUniqueIndexes(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, `SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c
		ON c.oid = i.indexrelid
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
		db.lastColumns[index] = column
	}
	return rows.Err()
}

// Close waits for updates in progress and closes the connections.
func (db *DB) Close() error {
	db.queue.Close()
	db.cancel()
	db.done.Wait()
	return db.closePools()
}

func (db *DB) closePools() error {
	db.cancel()
	var errs []error
	for _, p := range []*sql.DB{db.read, db.write, db.nodePool} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// View runs fn on a consistent snapshot. It fails with Unavailable when the database does not answer within
// viewTimeout.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.viewTimeout)
	defer cancel()
	return db.viewSnapshot(ctx, fn)
}

// Whole is View without a time limit, for reading everything.
func (db *DB) Whole(ctx context.Context, fn func(*Tx) error) error {
	return db.viewSnapshot(ctx, func(tx *Tx) error {
		if _, err := tx.read.ExecContext(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
			return classify(err)
		}
		return fn(tx)
	})
}

// viewSnapshot runs fn in a read-only transaction of one snapshot.
func (db *DB) viewSnapshot(ctx context.Context, fn func(*Tx) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	defer tx.Rollback()
	return fn(&Tx{Context: ctx, read: tx})
}

// Update runs fn in a transaction that is durable when Update returns nil. No other update runs meanwhile on any node.
// When fn fails, nothing is changed. fn must not call Update or keep the Tx.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error { return db.queue.Run(ctx, fn) }

// Exec runs one statement outside the order of updates. A node records facts about itself with it.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := db.nodePool.ExecContext(ctx, query, args...)
	return classify(err)
}

// Each runs one query and calls fn with every row.
func (db *DB) Each(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := db.nodePool.QueryContext(ctx, query, args...)
	return scanRows(rows, err, fn)
}
