package store

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

// site is two nodes at a primary that has a standby. deleted tells for each node whether the last change it saw was a
// deletion.
type site struct {
	primary *pgtest.Cluster
	standby *pgtest.Standby
	url     string
	a, b    *DB
	ways    [2]*pgtest.Proxy
	role    *granary.Role
	deleted [2]atomic.Bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{primary: pgtest.Own(t), role: &granary.Role{Account: "111122223333", Name: "app", ID: "AROA1"}}
	var err error
	if s.url, err = s.primary.Database(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	s.standby = s.primary.Standby(t)
	s.ways = [2]*pgtest.Proxy{pgtest.Through(t, s.url), pgtest.Through(t, s.url)}
	s.a, s.b = openStore(t, s.ways[0].URL), openStore(t, s.ways[1].URL)
	for i, db := range []*DB{s.a, s.b} {
		follow(t, db, 0, func(list []Change) {
			for _, c := range list {
				s.deleted[i].Store(c.Deleted)
			}
		})
	}
	if err := s.a.Update(t.Context(), func(tx *Tx) error { return tx.Roles.Create(s.role) }); err != nil {
		t.Fatal(err)
	}
	s.standby.Await(t)
	return s
}

func (s *site) rewrite(tx *Tx) error { return tx.Roles.Update(s.role) }
func (s *site) remove(tx *Tx) error  { return tx.Roles.Delete(s.role.Account, s.role.Name) }

// wouldUse reports whether a node would still decide by the role as it was before its deletion.
func (s *site) wouldUse(i int) bool {
	return !s.deleted[i].Load() && []*DB{s.a, s.b}[i].Fresh() == nil
}

// watchForStaleness watches a node for longer than it may be sure of an old state.
func (s *site) watchForStaleness(t *testing.T, i int) {
	t.Helper()
	for began := time.Now(); time.Since(began) < nodeLife; time.Sleep(time.Millisecond) {
		if s.wouldUse(i) {
			t.Fatalf("node %d would use the role %s after its deletion was acknowledged", i, time.Since(began))
		}
	}
}

// TestFailoverToStandbyThatLostAChange checks a standby that lost a change and then took another one in its place: the
// nodes that saw the lost change decide nothing any more, and the node that made it acknowledges nothing.
func TestFailoverToStandbyThatLostAChange(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby.Stream.Stall()
	if err := s.a.Update(t.Context(), s.rewrite); err != nil {
		t.Fatal(err)
	}
	s.primary.Kill()
	promoted := s.standby.Promote(t, s.url)
	s.ways[0].Lead(t, promoted)
	if err := s.a.Update(t.Context(), s.remove); !granary.Is(err, granary.Unavailable) ||
		!strings.Contains(err.Error(), "started again") {
		t.Errorf("the node whose change was lost goes on writing: %v", err)
	}
	c := openStore(t, promoted)
	if err := c.Update(t.Context(), s.remove); err != nil { // gets the same revision as the lost change
		t.Fatal(err)
	}
	if c.Revision() != 2 {
		t.Fatalf("revision %d", c.Revision())
	}
	s.ways[1].Lead(t, promoted)
	if s.wouldUse(0) {
		t.Error("the first node decides")
	}
	s.watchForStaleness(t, 1)
	for i, db := range []*DB{s.a, s.b} {
		waitUntil(t, "it says so",
			func() bool { err := db.Fresh(); return err != nil && strings.Contains(err.Error(), "started again") })
		if s.deleted[i].Load() {
			t.Errorf("node %d took in another log", i)
		}
	}
}

// TestFailoverFromDeadPrimary checks that a standby which has the whole log, but does not know all live nodes,
// acknowledges nothing while a node may still trust the old primary.
func TestFailoverFromDeadPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby.Stream.Stall()
	time.Sleep(nodeLife + heartbeatInterval) // until the heartbeats that the standby has are old
	waitUntil(t, "the node is sure", func() bool { return s.b.Age() < pollInterval })
	s.ways[1].Stall()
	s.primary.Kill()
	promoted := s.standby.Promote(t, s.url)
	s.ways[0].Lead(t, promoted)
	if s.b.Fresh() != nil {
		t.Log("the promotion took so long that the node trusts the dead primary no more: little was put to the test")
	}
	began := time.Now()
	for err := s.a.Update(t.Context(), s.remove); err != nil; err = s.a.Update(t.Context(), s.remove) {
		if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
	t.Logf("acknowledged after %s", time.Since(began))
	s.watchForStaleness(t, 1)
	s.ways[1].Lead(t, promoted)
	waitUntil(t, "the node goes on", func() bool { return s.b.Fresh() == nil && s.deleted[1].Load() })

	// The server is known now, so there is no delay.
	began = time.Now()
	if err := s.a.Update(t.Context(), func(tx *Tx) error { return tx.Roles.Create(s.role) }); err != nil ||
		time.Since(began) > MaxStaleness {
		t.Errorf("the next change: %v after %s", err, time.Since(began))
	}
}

// TestFailoverFromRunningPrimary checks that no node trusts an old primary that runs on after the promotion of a
// standby, if commits wait for the standby.
func TestFailoverFromRunningPrimary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.standby.Synchronous(t)
	waitUntil(t, "both are sure", func() bool { return s.a.Fresh() == nil && s.b.Fresh() == nil })
	promoted := s.standby.Promote(t, s.url)
	s.ways[0].Lead(t, promoted)
	if s.b.Fresh() != nil {
		t.Log("the promotion took so long that the node trusts the primary before no more: little was put to the test")
	}
	began := time.Now()
	for err := s.a.Update(t.Context(), s.remove); err != nil; err = s.a.Update(t.Context(), s.remove) {
		if time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
	t.Logf("acknowledged after %s", time.Since(began))
	s.watchForStaleness(t, 1)
	changed := make(chan error)
	go func() { changed <- s.b.Update(context.Background(), s.rewrite) }()
	time.Sleep(nodeLife)
	s.primary.Kill()
	if err := <-changed; err == nil {
		t.Error("the primary that was replaced acknowledges a change")
	}
}

// TestRestartedServerDelaysAcknowledgement checks that a new database acknowledges at once, and a restarted one after a
// delay.
func TestRestartedServerDelaysAcknowledgement(t *testing.T) {
	t.Parallel()
	c := pgtest.Own(t)
	url, err := c.Database(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	db := openStore(t, url)
	write := func(id string) time.Duration {
		began := time.Now()
		for {
			err := db.Update(context.Background(), func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) })
			if err == nil {
				return time.Since(began)
			}
			if time.Since(began) > 20*time.Second {
				t.Fatal(err)
			}
		}
	}
	if took := write("1"); took > MaxStaleness {
		t.Errorf("a new database: %s", took)
	}
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	if took := write("2"); took < MaxStaleness {
		t.Errorf("a server that was started again acknowledged after %s", took)
	}
	write("3")
	if took := write("4"); took > MaxStaleness {
		t.Errorf("afterwards: %s", took)
	}
}
