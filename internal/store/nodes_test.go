package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary"
	"granary/internal/postgres/pgtest"
)

// TestBothSchemasHaveTheSameColumns checks that both engines have the same tables and columns.
func TestBothSchemasHaveTheSameColumns(t *testing.T) {
	url := pgtest.URL(t)
	columns := func(db *DB, query string) (out []string) {
		err := db.engine.View(t.Context(), func(tx session) error {
			return tx.Each(query, nil, func(r *sql.Rows) error {
				var table, column string
				err := r.Scan(&table, &column)
				if table != "goose_db_version" && table != "sqlite_sequence" &&
					!slices.Contains([]string{"node", "writing", "migrating"}, table) {
					out = append(out, table+"."+column)
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	lite := columns(openStore(t, filepath.Join(t.TempDir(), "state.db")),
		"SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'")
	post := columns(openStore(t, url), "SELECT table_name, column_name FROM information_schema.columns "+
		"WHERE table_schema = current_schema()")
	if len(lite) < 100 || !slices.Equal(lite, post) {
		t.Errorf("SQLite has %d columns:\n%s\nPostgreSQL %d:\n%s", len(lite), strings.Join(lite, " "), len(post),
			strings.Join(post, " "))
	}
}

// TestPostgresComparesTextByBytes checks that columns which are looked up, ordered or unique are compared by bytes,
// whatever the locale of the database.
func TestPostgresComparesTextByBytes(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/postgres/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	db := openStore(t, pgtest.URL(t))
	err = db.engine.View(t.Context(), func(tx session) error {
		return tx.Each(`SELECT table_name, column_name, COALESCE(collation_name, '') FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type = 'text' AND column_name NOT IN ('doc', 'kind', 'note')`, nil,
			func(r *sql.Rows) error {
				var table, column, collation string
				err := r.Scan(&table, &column, &collation)
				if collation != "C" && table != "goose_db_version" && table != "change" {
					t.Errorf("%s.%s is compared by %q", table, column, collation)
				}
				return err
			})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryNodeKnowsBeforeAnUpdateIsAcknowledged checks that, when an update returns on one node, every node knows the
// change, in one order without gaps, with many concurrent writers.
func TestEveryNodeKnowsBeforeAnUpdateIsAcknowledged(t *testing.T) {
	url := pgtest.URL(t)
	type node struct {
		db   *DB
		mu   sync.Mutex
		seen map[granary.UserID]bool
		revs []int64
	}
	nodes := make([]*node, 3)
	for i := range nodes {
		n := &node{db: openStore(t, url), seen: map[granary.UserID]bool{}}
		follow(t, n.db, 0, func(list []Change) {
			n.mu.Lock()
			defer n.mu.Unlock()
			for _, c := range list {
				n.seen[c.Value.(*granary.User).ID] = true
				n.revs = append(n.revs, c.Rev)
			}
		})
		nodes[i] = n
	}
	var all sync.WaitGroup
	for w := range 12 {
		all.Go(func() {
			for i := range 25 {
				id := fmt.Sprintf("%d-%d", w, i)
				if err := nodes[w%3].db.Update(context.Background(),
					func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) }); err != nil {
					t.Error(err)
					return
				}
				for k, n := range nodes {
					n.mu.Lock()
					if !n.seen[granary.UserID(id)] && n.db.Fresh() == nil {
						t.Errorf("node %d did not know %s when node %d acknowledged it", k, id, w%3)
					}
					n.mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	for k, n := range nodes {
		if len(n.revs) != 300 {
			t.Errorf("node %d saw %d changes of 300", k, len(n.revs))
		}
		for i, rev := range n.revs {
			if rev != int64(i+1) {
				t.Fatalf("node %d: change %d came in place %d", k, rev, i+1)
			}
		}
	}
}

// TestReplaysAcrossNodes checks that a key can be used once even if several nodes try at the same time.
func TestReplaysAcrossNodes(t *testing.T) {
	url := pgtest.URL(t)
	nodes := []*DB{openStore(t, url), openStore(t, url), openStore(t, url)}
	for round := range 20 {
		key := fmt.Sprintf("issuer\x00token %d", round)
		var first atomic.Int32
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				err := nodes[i%3].Update(context.Background(),
					func(tx *Tx) error { return tx.Replays.Use(key, time.Now().Add(time.Hour), "") })
				switch {
				case err == nil:
					first.Add(1)
				case !granary.Is(err, granary.Exists):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 {
			t.Errorf("token %d was used %d times", round, first.Load())
		}
	}
}

// TestRevocationDuringNetworkFaults breaks connections between nodes and database in all ways. When an update returns,
// each other node must know the change or refuse to decide.
func TestRevocationDuringNetworkFaults(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	way := pgtest.Through(t, url)
	a, b := openStore(t, url), openStore(t, way.URL)
	var seen atomic.Int64
	follow(t, b, 0, func(list []Change) { seen.Store(list[len(list)-1].Rev) })
	slow, unsure := 0, 0
	for i := range 6 {
		go func() {
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
			switch i % 3 {
			case 1:
				way.Stall()
			case 2:
				way.Cut()
			}
		}()
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		for k := range 3 {
			id := fmt.Sprintf("%d-%d", i, k)
			began := time.Now()
			if err := a.Update(t.Context(), func(tx *Tx) error {
				return tx.Users.Create(newUser(id, id,
					id+"@x"))
			}); err != nil {
				t.Fatal(err)
			}
			if fresh, last := b.Fresh(), seen.Load(); fresh == nil && last < a.Revision() {
				t.Errorf("%s was acknowledged at %d after %s, and the other node, at %d, would go on deciding", id, a.Revision(),
					time.Since(began), last)
			} else if fresh != nil {
				unsure++
				if !granary.Is(fresh, granary.Unavailable) {
					t.Error(fresh)
				}
			}
			if time.Since(began) > MaxStaleness/2 {
				slow++
			}
		}
		way.Mend()
		for began := time.Now(); b.Fresh() != nil || seen.Load() < a.Revision(); time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > 20*time.Second {
				t.Fatalf("the node did not come back: %v, at %d of %d", b.Fresh(), seen.Load(), a.Revision())
			}
		}
	}
	if slow == 0 || unsure == 0 {
		t.Errorf("nothing was put to the test: %d updates waited, the node was unsure %d times", slow, unsure)
	}
}

// TestBrokenConnectionUndoesUpdate checks that a connection which breaks within an update undoes the update, makes it
// fail, and is replaced.
func TestBrokenConnectionUndoesUpdate(t *testing.T) {
	t.Parallel()
	way := pgtest.Through(t, pgtest.URL(t))
	db := openStore(t, way.URL)
	err := db.Update(t.Context(), func(tx *Tx) error {
		if err := tx.Users.Create(newUser("1", "a", "a@x")); err != nil {
			return err
		}
		way.Cut()
		return tx.Users.Create(newUser("2", "b", "b@x"))
	})
	if !granary.Is(err, granary.Unavailable) {
		t.Errorf("got %v", err)
	}
	if err := db.View(t.Context(), func(tx *Tx) error { _, err := tx.Users.Get("d-1", "1"); return err }); !granary.Is(err,
		granary.Unavailable) {
		t.Errorf("a question without a database: %v", err)
	}
	way.Mend()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := db.Update(context.Background(), func(tx *Tx) error { return tx.Users.Create(newUser("1", "a", "a@x")) })
		if err == nil {
			break
		}
		if !granary.Is(err, granary.Unavailable) || time.Since(began) > 20*time.Second {
			t.Fatal(err)
		}
	}
}

// TestTextThatPostgresCannotStore checks that text which PostgreSQL cannot store is refused with a message, in queries
// and in updates.
func TestTextThatPostgresCannotStore(t *testing.T) {
	db := openStore(t, pgtest.URL(t))
	if err := db.View(t.Context(),
		func(tx *Tx) error { _, err := tx.Users.ByName("d-1", "a\x00b"); return err }); !granary.Is(err, granary.Invalid) {
		t.Errorf("asked for NUL: %v", err)
	}
	if err := db.Update(t.Context(),
		func(tx *Tx) error { return tx.Users.Create(newUser("1", "a\x00b", "a@x")) }); !granary.Is(err, granary.Invalid) {
		t.Errorf("wrote NUL: %v", err)
	}
	if err := db.View(t.Context(),
		func(tx *Tx) error { _, err := tx.Locations.ByScope("1", "r", "s3://b/\xff/*"); return err }); !granary.Is(err,
		granary.Invalid) {
		t.Errorf("asked for what is no UTF-8: %v", err)
	}
}

// TestNodeBehindTrimmedLog checks that a node which was disconnected for longer than the log reaches back says that it
// must be restarted.
func TestNodeBehindTrimmedLog(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	way := pgtest.Through(t, url)
	a, b := openStore(t, url), openStore(t, way.URL)
	way.Cut()
	for i := range 3 {
		id := fmt.Sprint(i)
		if err := a.Update(t.Context(), func(tx *Tx) error { return tx.Users.Create(newUser(id, id, id+"@x")) }); err != nil {
			t.Fatal(err)
		}
	}
	if rev, err := a.nodes.lastTrimmable(3); err != nil || rev != 0 {
		t.Errorf("a change that a node away for a moment needs could be trimmed: up to %d, %v", rev, err)
	}
	if err := a.Update(t.Context(), func(tx *Tx) error { return tx.deleteExpired(time.Now(), 2) }); err != nil {
		t.Fatal(err)
	}
	way.Mend()
	for began := time.Now(); b.Fresh() == nil ||
		!strings.Contains(b.Fresh().Error(), "started again"); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%v", b.Fresh())
		}
	}
}
