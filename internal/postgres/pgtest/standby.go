package pgtest

import (
	"net/url"
	"testing"
	"time"
)

// Standby is a cluster that replicates another asynchronously, through a proxy.
type Standby struct {
	*Cluster
	Stream  *Proxy
	primary *Cluster
}

// Standby starts a standby of the cluster for one test.
func (c *Cluster) Standby(t testing.TB) *Standby {
	t.Helper()
	s := &Standby{Stream: Through(t, c.url("postgres")), primary: c}
	u, err := url.Parse(s.Stream.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Cluster, err = startCluster(nil, func(data string) (string, []string) {
		return "pg_basebackup", []string{"-D", data, "-h", u.Query().Get("host"), "-U", "granary", "-R", "-X", "stream", "-c",
			"fast", "--no-sync"}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Await waits until the standby has everything that the primary has.
func (s *Standby) Await(t testing.TB) {
	t.Helper()
	var lsn string
	if err := s.primary.admin.QueryRowContext(t.Context(), "SELECT pg_current_wal_insert_lsn()::text").
		Scan(&lsn); err != nil {
		t.Fatal(err)
	}
	waitFor(t, s.Cluster, "SELECT pg_last_wal_replay_lsn() >= '"+lsn+"'::pg_lsn")
}

// Synchronous makes commits on the primary wait for the standby.
func (s *Standby) Synchronous(t testing.TB) {
	t.Helper()
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := s.primary.admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, s.primary, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')")
}

// Promote makes the standby a primary, whether or not the old primary runs, and returns the URL on it of a database of
// the old primary.
func (s *Standby) Promote(t testing.TB, database string) string {
	t.Helper()
	if _, err := s.admin.ExecContext(t.Context(), "SELECT pg_promote(true, 20)"); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return s.url(u.Path[1:])
}

// waitFor waits until a query returns true, at most 30 seconds.
func waitFor(t testing.TB, c *Cluster, question string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var is bool
		err := c.admin.QueryRowContext(t.Context(), question).Scan(&is)
		if err == nil && is {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("%s: not within 30 seconds (%v)", question, err)
		}
	}
}
