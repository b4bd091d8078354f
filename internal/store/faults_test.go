package store

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

// waitUntil waits until a condition is true.
func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for began := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

// TestLostCommitAnswer checks a commit whose answer is lost. The change was made all the same: the client learns that
// the outcome is unknown, a key that can be used once is used, and every node learns of the change, including the node
// that made it.
func TestLostCommitAnswer(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	way := pgtest.Through(t, url)
	a, b := openStore(t, way.URL), openStore(t, url)
	var seen [2]atomic.Int64
	for i, db := range []*DB{a, b} {
		follow(t, db, 0, func(list []Change) { seen[i].Add(int64(len(list))) })
	}
	once := func(tx *Tx) error {
		if err := tx.Replays.Use("token", time.Now().Add(time.Hour), ""); err != nil {
			return err
		}
		return tx.Users.Create(newUser("1", "a", "a@x"))
	}
	way.LoseAnswer("COMMIT")
	if err := a.Update(t.Context(), once); !granary.Is(err, granary.Unavailable) ||
		!strings.Contains(granary.AsError(err).Message, "not known whether") {
		t.Errorf("got %v", err)
	}
	way.Mend()
	waitUntil(t, "both nodes learn of it",
		func() bool { return seen[0].Load() == 1 && seen[1].Load() == 1 && a.Fresh() == nil && b.Fresh() == nil })
	for _, db := range []*DB{a, b} {
		if err := db.Update(t.Context(), once); !granary.Is(err, granary.Exists) {
			t.Errorf("used again: %v", err)
		}
	}
	if err := a.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser("2", "b", "b@x")) }); err != nil ||
		seen[0].Load() != 2 || seen[1].Load() != 2 {
		t.Errorf("afterwards: %v, seen %d and %d", err, seen[0].Load(), seen[1].Load())
	}
}

// TestFollowRefusesGap checks that a node does not start if the log was trimmed past the position of its snapshot.
func TestFollowRefusesGap(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		for i := range 3 {
			id := fmt.Sprint(i)
			if err := db.Update(t.Context(), func(tx *Tx) error {
				return tx.Users.Create(newUser(id, id,
					id+"@x"))
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.deleteExpired(time.Now(), 1) }); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Follow(t.Context(), Position{},
			func(list []Change) { t.Errorf("told of %d", len(list)) }); err == nil {
			t.Error("a change was passed over")
		}
		follow(t, db, 2, func([]Change) {})
	})
}

// TestRestoredDatabaseIsNoticed checks that nodes notice a database with a different past, from a backup or from a
// standby that was behind.
func TestRestoredDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	for name, past := range map[string]string{
		"others in their place": "UPDATE change SET id = 'another' WHERE rev = 3",
		"fewer":                 "DELETE FROM change WHERE rev = 3",
		"none":                  "DELETE FROM change",
	} {
		t.Run(name, func(t *testing.T) {
			url := pgtest.URL(t)
			db := openStore(t, url)
			for i := range 3 {
				id := fmt.Sprint(i)
				if err := db.Update(t.Context(), func(tx *Tx) error {
					return tx.Users.Create(newUser(id, id,
						id+"@x"))
				}); err != nil {
					t.Fatal(err)
				}
			}
			pgtest.SQL(t, url, past)
			waitUntil(t, "it says so", func() bool {
				err := db.Fresh()
				return err != nil && strings.Contains(err.Error(), "started again")
			})
		})
	}
}

// TestHeartbeatsSurviveCrash checks that a node still counts as live after a crash of the database. Otherwise other
// nodes would not wait for it while it still decides.
func TestHeartbeatsSurviveCrash(t *testing.T) {
	t.Parallel()
	lazy := []string{"-c", "wal_writer_delay=10s", "-c", "bgwriter_lru_maxpages=0"}
	c := pgtest.Own(t, lazy...)
	url, err := c.Database(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	db := openStore(t, url)
	time.Sleep(3 * heartbeatInterval)
	id := db.nodes.id
	if err := c.Crash(lazy...); err != nil {
		t.Fatal(err)
	}
	// What the row was when the database crashed. The first value seen after it may be a newer one, so its age says
	// nothing.
	waitUntil(t, "the node is back", func() bool { return db.Fresh() == nil })
	var again sql.NullInt64
	if err := db.nodes.queryValue("SELECT COUNT(*) FROM node WHERE id = $1", []any{id}, &again); err != nil ||
		again.Int64 != 1 {
		t.Errorf("%d rows, %v", again.Int64, err)
	}
}

// TestAgeAfterSleep checks that a node is not sure of anything after its machine slept, although the monotonic clock
// stood still.
func TestAgeAfterSleep(t *testing.T) {
	was := moment{running: time.Hour, wall: 100 * time.Hour}
	for _, x := range []struct {
		now  moment
		want time.Duration
	}{
		{moment{time.Hour + time.Second, 100*time.Hour + time.Second}, time.Second},
		{moment{time.Hour + time.Second, 101 * time.Hour}, time.Hour},
		{moment{time.Hour + 5*time.Second, 50 * time.Hour}, 5 * time.Second},
	} {
		if got := was.elapsed(x.now); got != x.want {
			t.Errorf("%v: %s, and not %s", x.now, got, x.want)
		}
	}
}

// TestOldNodesAreDeleted checks that the rows of nodes that crashed are deleted.
func TestOldNodesAreDeleted(t *testing.T) {
	url := pgtest.URL(t)
	db := openStore(t, url)
	pgtest.SQL(t, url, "INSERT INTO node (id, seen, at) VALUES ('old', 0, now() - interval '2 days'), ('late', 0, now() "+
		"- interval '1 hour')")
	if err := db.nodes.deleteOldNodes(); err != nil {
		t.Fatal(err)
	}
	var n sql.NullInt64
	if err := db.nodes.queryValue("SELECT COUNT(*) FROM node", nil, &n); err != nil || n.Int64 != 2 {
		t.Errorf("%d rows, %v", n.Int64, err)
	}
}

// TestPromisesHoldDuringCrashes crashes the database and terminates its sessions at random moments, also within
// updates. An acknowledged change must be there, every node that decides must know it, and a key that can be used once
// must be used once.
func TestPromisesHoldDuringCrashes(t *testing.T) {
	t.Parallel()
	c := pgtest.Own(t)
	url, err := c.Database(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	type node struct {
		db   *DB
		last atomic.Int64
		mu   sync.Mutex
		seen map[granary.UserID]int
	}
	nodes := make([]*node, 3)
	for i := range nodes {
		n := &node{db: openStore(t, url), seen: map[granary.UserID]int{}}
		follow(t, n.db, 0, func(list []Change) {
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, c := range list {
				if c.Rev != n.last.Load()+1 {
					t.Errorf("change %d after %d", c.Rev, n.last.Load())
				}
				n.last.Store(c.Rev)
				n.seen[c.Value.(*granary.User).ID]++
			}
		})
		nodes[i] = n
	}
	var mu sync.Mutex
	acknowledged := map[granary.UserID]bool{}
	used := map[string]int{}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for w := range 9 {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%d-%d", w, i)
				token := fmt.Sprintf("%d-%d", w/3, i) // of three attempts, on three nodes
				n := nodes[w%3]
				if n.db.Update(t.Context(),
					func(tx *Tx) error { return tx.Replays.Use(token, time.Now().Add(time.Hour), "") }) == nil {
					mu.Lock()
					used[token]++
					mu.Unlock()
				}
				if n.db.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) }) != nil {
					continue
				}
				for k, other := range nodes {
					other.mu.Lock()
					knows := other.seen[granary.UserID(id)] == 1
					other.mu.Unlock()
					if !knows && other.db.Fresh() == nil {
						t.Errorf("node %d would decide, and does not know %s, which node %d acknowledged", k, id, w%3)
					}
				}
				mu.Lock()
				acknowledged[granary.UserID(id)] = true
				mu.Unlock()
			}
		})
	}
	for i := range 5 {
		if i%3 == 2 {
			if err := c.Crash(); err != nil {
				t.Fatal(err)
			}
		}
		for range 40 {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			pgtest.SQL(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "+
				"pid <> pg_backend_pid() AND random() < 0.1")
		}
	}
	close(stop)
	all.Wait()
	for token, n := range used {
		if n > 1 {
			t.Errorf("%s was used %d times", token, n)
		}
	}
	for k, n := range nodes {
		waitUntil(t, "all are back", func() bool { return n.db.Fresh() == nil && n.last.Load() == nodes[0].last.Load() })
		for id := range acknowledged {
			if n.seen[id] != 1 {
				t.Errorf("node %d saw %s %d times", k, id, n.seen[id])
			}
		}
	}
	t.Logf("%d acknowledged, %d used", len(acknowledged), len(used))
	if len(acknowledged) < 50 || len(used) < 50 {
		t.Errorf("%d acknowledged, %d used: little was put to the test", len(acknowledged), len(used))
	}
}
