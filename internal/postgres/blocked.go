package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// blockedAfter is how long a statement of the writer's may wait before the sessions that block it are logged.
const blockedAfter = 2 * time.Second

// logBlockers logs the sessions that hold a lock for which a session waits. PostgreSQL shows the address and state of
// other users' sessions only to roles that may read all statistics.
func (db *DB) logBlockers(pid uint32) {
	ctx, cancel := context.WithTimeout(db.ctx, time.Second)
	defer cancel()
	err := db.Each(ctx, `SELECT a.pid, COALESCE(a.usename, ''), a.application_name, COALESCE(host(a.client_addr), ''),
		COALESCE(a.state, '')
		FROM unnest(pg_blocking_pids($1)) AS b (pid) JOIN pg_stat_activity a ON a.pid = b.pid`, []any{int64(pid)},
		func(r *sql.Rows) error {
			var pid int64
			var user, application, address, state string
			if err := r.Scan(&pid, &user, &application, &address, &state); err != nil {
				return err
			}
			db.options.Log.Warn("changes wait for another session of the database", "pid", pid, "user", user,
				"application", application, "address", address, "state", state, "waiting", blockedAfter, "to_end_it",
				"SELECT pg_terminate_backend(pid)")
			return nil
		})
	if err != nil {
		db.options.Log.Warn("changes wait for another session of the database, and it is not known which", "error",
			errors.Unwrap(err))
	}
}
