package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"granary"
)

// requirePrimary refuses a connection to a standby, from which reads may be stale. A URL that names several hosts may
// lead to a standby when the primary is not the first to answer.
func requirePrimary(ctx context.Context, c *pgconn.PgConn) error {
	results, err := c.Exec(ctx, "SHOW transaction_read_only").ReadAll()
	if err != nil {
		return err
	}
	if len(results) == 1 && len(results[0].Rows) == 1 && string(results[0].Rows[0][0]) == "on" {
		return errors.New("it takes no writes: it is a standby, or read-only for this user; name the primary in the URL")
	}
	return nil
}

// requireDurability makes commits wait for the disk, even if the database's default is that they do not. A stronger
// setting stays.
func requireDurability(ctx context.Context, c *pgconn.PgConn) error {
	_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE "+
		"current_setting('synchronous_commit') = 'off'").ReadAll()
	return err
}

// checkEncoding requires UTF-8. In other encodings lengths and order of text differ, and some texts cannot be stored.
func (db *DB) checkEncoding(ctx context.Context) error {
	var encoding string
	if err := db.read.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return classify(err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the PostgreSQL database %s is in the encoding %s, and must be in UTF8: make one with CREATE "+
			"DATABASE … ENCODING 'UTF8' TEMPLATE template0", db.config.Database, encoding)
	}
	return nil
}

// Connection describes the writer's connection.
type Connection struct {
	Server string    // a name that is unique to this server since it was last promoted, restored or started
	Since  time.Time // a time at which the server took writes
}

const connectionKey = "granary connection"

// identifyServer finds out which server a new connection of the writer leads to. A server that does not tell gets a new
// name for each connection.
func identifyServer(ctx context.Context, c *pgx.Conn) error {
	to := Connection{Since: time.Now(), Server: granary.UUID()}
	var name string
	err := c.QueryRow(ctx, `SELECT system_identifier || ' ' || left(pg_walfile_name(pg_current_wal_insert_lsn()),
		8) || ' ' ||
		extract(epoch FROM pg_postmaster_start_time()) FROM pg_control_system()`).Scan(&name)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		to.Server = name
	case !errors.As(err, &refused):
		return err
	}
	c.PgConn().CustomData()[connectionKey] = to
	return nil
}
