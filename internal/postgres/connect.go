package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// takesWrites refuses a connection to a standby, also when the URL names several hosts and the primary was not the first to answer:
// what is read there may be old.
func takesWrites(ctx context.Context, c *pgconn.PgConn) error {
	results, err := c.Exec(ctx, "SHOW transaction_read_only").ReadAll()
	if err != nil {
		return err
	}
	if len(results) == 1 && len(results[0].Rows) == 1 && string(results[0].Rows[0][0]) == "on" {
		return errors.New("it takes no writes: it is a standby, or read-only for this user; name the primary in the URL")
	}
	return nil
}

// durable sees that a commit is on the disk before it is acknowledged, also where the database's default is another. What
// asks for more than that stays.
func durable(ctx context.Context, c *pgconn.PgConn) error {
	_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'").ReadAll()
	return err
}

// checkEncoding demands UTF-8: elsewhere lengths and order of text are others, and some texts cannot be kept.
func (db *DB) checkEncoding(ctx context.Context) error {
	var encoding string
	if err := db.read.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return classify(err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the PostgreSQL database %s is in the encoding %s, and must be in UTF8: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", db.config.Database, encoding)
	}
	return nil
}
