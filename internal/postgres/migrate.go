package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrate brings the tables up to date. It fails when they are of a newer release.
func (db *DB) migrate(ctx context.Context) error {
	c := db.config.Copy()
	for _, limit := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"} {
		delete(c.RuntimeParams, limit) // a migration may take long on a large table, and other nodes wait for it
	}
	pool := stdlib.OpenDB(*c)
	defer func() { _ = pool.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, pool, db.options.Migrations,
		goose.WithSessionLocker(&migrationLock{pool: pool}))
	if err != nil {
		return err
	}
	if _, err = p.Up(ctx); err != nil {
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err == nil && has > knows {
		err = fmt.Errorf("a newer release of Granary wrote it: its tables are of version %d, and this release knows %d; "+
			"start the newer one", has, knows)
	}
	return err
}

// migrationLock lets one node migrate at a time. It locks a table, which needs a privilege on it; any user who may
// connect could hold an advisory lock. It does so on a connection of its own, since migrations run in transactions of
// their own.
type migrationLock struct {
	pool *sql.DB
	tx   *sql.Tx
}

const createMigrationTable = "CREATE TABLE IF NOT EXISTS migrating (one BOOLEAN)"

// SessionLock waits for the lock, for goose.
func (m *migrationLock) SessionLock(ctx context.Context, _ *sql.Conn) (err error) {
	for range 10 { // when two nodes create the table at once, one fails
		if _, err = m.pool.ExecContext(ctx, createMigrationTable); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	if m.tx, err = m.pool.BeginTx(ctx, nil); err != nil {
		return err
	}
	if _, err = m.tx.ExecContext(ctx, "LOCK TABLE migrating IN EXCLUSIVE MODE"); err != nil {
		_ = m.tx.Rollback()
	}
	return err
}

func (m *migrationLock) SessionUnlock(context.Context, *sql.Conn) error { return m.tx.Rollback() }
