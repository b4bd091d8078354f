package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// Session is one connection, and so one server, for queries that must go to the same server. It is not safe for
// concurrent use.
type Session struct{ conn *sql.Conn }

// Session returns an idle connection or opens one within a time.
func (db *DB) Session(ctx context.Context, within time.Duration) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn, err := db.nodePool.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	return &Session{conn}, nil
}

// Exec runs one statement.
func (s *Session) Exec(ctx context.Context, query string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, query, args...)
	return classify(err)
}

// Each runs one query and calls fn with every row.
func (s *Session) Each(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	return scanRows(rows, err, fn)
}

// Close ends the connection.
func (s *Session) Close() { closeForGood(s.conn) }

// closeForGood closes a connection instead of returning it to its pool.
func closeForGood(c *sql.Conn) {
	_ = c.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.Close() // always ErrConnDone
}
