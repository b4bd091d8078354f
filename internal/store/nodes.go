package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"granary"
	"granary/internal/postgres"
)

// MaxStaleness is how old what a node knows may be. A node that was not sure of the log's end for longer refuses to decide anything.
const MaxStaleness = 2 * time.Second

// A node counts until it has not said for nodeLife that it is there: then an update waits for it no longer.
const (
	nodeLife  = MaxStaleness + time.Second
	heartbeat = 400 * time.Millisecond
	ask       = time.Second // one question to the database about the log or the nodes
)

// nodes keeps this node in step with the others. It follows the log, and says in the table node how far it is; an update is
// acknowledged when every node that counts is past it. So what was acknowledged holds everywhere: a key that was revoked on one
// node opens nothing on another.
//
// Why that is so, when messages are lost and nobody compares clocks: a node is sure of a state when it asked for the log, took
// what was new, and said so, and counted all the while. Were a change committed after it asked, then whoever committed it sees
// the node count, and waits until it has the change, or for MaxStaleness; and by then it is sure of a newer state, or of none.
//
// A database that dies forgets what was not on its disk. So every heartbeat is written there, and what is said between may be
// lost: the node counts for nodeLife from a heartbeat on, which is longer than it can be sure by what it said after that.
type nodes struct {
	db     *DB
	engine *postgres.DB
	id     string
	wake   chan struct{}
	sure   atomic.Pointer[moment] // since when; nil: not at all
	said   time.Time              // before the row was written last; the loop's
	kept   time.Time              // before it was last written to the database's disk
	lost   atomic.Bool            // the log does not go on from what this node has
	epoch  time.Time
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newNodes(db *DB) *nodes {
	return &nodes{db: db, id: granary.UUID(), wake: make(chan struct{}, 1), epoch: time.Now()}
}

// moment is a time by two clocks: one stands still while the machine sleeps, the other can be set.
type moment struct{ running, wall time.Duration }

func (n *nodes) at(t time.Time) moment {
	return moment{t.Sub(n.epoch), time.Duration(t.UnixNano())}
}

// age is by the clock that has gone further.
func (m moment) age(now moment) time.Duration { return max(now.running-m.running, now.wall-m.wall) }

// Fresh says whether what this process knows is new enough to decide by. It fails with Unavailable.
func (db *DB) Fresh() error {
	n := db.nodes
	switch {
	case n == nil:
		return nil // the only one who writes
	case n.lost.Load():
		return granary.Errorf(granary.Unavailable, "The log of changes does not go on from what this node knows: the node was away for too long, or the database was set back. The node must be started again.")
	}
	if db.Age() > MaxStaleness {
		return granary.Errorf(granary.Unavailable, "This node has no word from the database and does not know what is allowed now. Please try again.")
	}
	return nil
}

// Age is for how long this process has not been sure of what it knows: 0 on SQLite, since nobody else writes.
func (db *DB) Age() time.Duration {
	if db.nodes == nil {
		return 0
	}
	sure := db.nodes.sure.Load()
	if sure == nil {
		return math.MaxInt64
	}
	return sure.age(db.nodes.at(time.Now()))
}

// start begins to follow. When it returns nil, this node counts, and is sure.
func (n *nodes) start(ctx context.Context) error {
	for {
		again, err := n.round(ctx)
		if err != nil {
			return err
		}
		if !again {
			break
		}
	}
	ctx, n.cancel = context.WithCancel(context.Background())
	n.engine.Listen(func() {
		select {
		case n.wake <- struct{}{}:
		default:
		}
	})
	n.done.Go(func() { n.loop(ctx) })
	return nil
}

// stop takes this node out of the list, so that nobody waits for it.
func (n *nodes) stop() {
	if n.cancel == nil {
		return // never started
	}
	n.cancel()
	n.done.Wait()
	n.sure.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), ask)
	defer cancel()
	_ = n.engine.Exec(ctx, "DELETE FROM node WHERE id = $1", n.id) // else it ends counting by itself
}

func (n *nodes) loop(ctx context.Context) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		if again, _ := n.round(ctx); again { // what failed makes this node less and less sure
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-tick.C:
		}
	}
}

// round asks for the log, takes what is new, and says so. A node that did not count all the while is not sure of what it was
// told, and must ask again.
func (n *nodes) round(ctx context.Context) (again bool, err error) {
	asked := time.Now()
	if err := n.db.catchUp(ctx); err != nil {
		if errors.Is(err, errLost) {
			n.lost.Store(true)
		}
		return false, err
	}
	before, say := n.said, time.Now()
	keep := say.Sub(n.kept) >= heartbeat
	if err := n.say(ctx, keep); err != nil {
		return false, err
	}
	n.said = say
	if keep {
		n.kept = say
	}
	if before.IsZero() || time.Since(before) >= MaxStaleness {
		return true, nil
	}
	sure := n.at(asked)
	n.sure.Store(&sure)
	return false, nil
}

// say writes how far this node is. The connection does not wait for the disk, unless it is told to for this statement.
func (n *nodes) say(ctx context.Context, keep bool) error {
	ctx, cancel := context.WithTimeout(ctx, ask)
	defer cancel()
	commit := "off"
	if keep {
		commit = "local"
	}
	return n.engine.Exec(ctx, `INSERT INTO node (id, seen, at) SELECT $1::text, $2::bigint, now() FROM set_config('synchronous_commit', $3, true)
		ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, at = excluded.at`, n.id, n.db.rev.Load(), commit)
}

// committed gives a commit's changes to the followers here, and returns what waits for those elsewhere. The writer calls it.
func (n *nodes) committed(attached []any) (settle func()) {
	changes := changesOf(attached)
	last := changes[len(changes)-1].Rev
	n.db.mu.Lock()
	if changes[0].Rev == n.db.rev.Load()+1 {
		n.db.tell(changes)
	}
	n.db.mu.Unlock()
	return func() { n.settle(last) }
}

// settle waits until all who count have a revision that was committed a moment ago, this node among them.
func (n *nodes) settle(rev int64) {
	for began, wait := time.Now(), time.Millisecond; time.Since(began) < MaxStaleness; wait = min(2*wait, 50*time.Millisecond) {
		if n.db.rev.Load() < rev { // another node's changes stand between: they come by the log
			_ = n.db.catchUp(context.Background())
		}
		var least sql.NullInt64
		err := n.one("SELECT MIN(seen) FROM node WHERE at > now() - make_interval(secs => $1) AND id <> $2", []any{nodeLife.Seconds(), n.id}, &least)
		if err == nil && n.db.rev.Load() >= rev && (!least.Valid || least.Int64 >= rev) {
			return
		}
		time.Sleep(wait)
	}
}

func (n *nodes) one(query string, args []any, dest any) error {
	ctx, cancel := context.WithTimeout(context.Background(), ask)
	defer cancel()
	return n.engine.Each(ctx, query, args, func(r *sql.Rows) error { return r.Scan(dest) })
}

// trimmable is the last change that no node needs: none that said something within the last minutes is behind it.
func (n *nodes) trimmable(rev int64) (int64, error) {
	var least sql.NullInt64
	err := n.one("SELECT MIN(seen) FROM node WHERE at > now() - interval '10 minutes'", nil, &least)
	if least.Valid {
		rev = min(rev, max(0, least.Int64-1)) // it keeps the one by which each node knows the log again
	}
	return rev, err
}

// forget removes the rows of nodes that went away without a word.
func (n *nodes) forget() error {
	ctx, cancel := context.WithTimeout(context.Background(), ask)
	defer cancel()
	return n.engine.Exec(ctx, "DELETE FROM node WHERE at < now() - interval '1 day'")
}

var errLost = errors.New("store: the change log does not go on from this node's last change")

// maxMissed is how many changes are taken from the log at a time.
const maxMissed = 10_000

// catchUp gives followers what the log has and they have not.
func (db *DB) catchUp(ctx context.Context) error {
	for {
		if more, err := db.catchUpSome(ctx); err != nil || !more {
			return err
		}
	}
}

// catchUpSome takes what comes within the time of a question. It knows the log by the last change that it has: a database that
// was set back, to a backup or to a standby that was behind, may have others in its place.
func (db *DB) catchUpSome(ctx context.Context) (more bool, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, ask)
	defer cancel()
	rev := db.rev.Load()
	missed, err := db.since(ctx, max(0, rev-1), maxMissed)
	if rev > 0 && (err == nil || len(missed) > 0) {
		if len(missed) == 0 || missed[0].Rev != rev || missed[0].doc != db.last {
			return false, fmt.Errorf("%w: there is another one at %d", errLost, rev)
		}
		missed = missed[1:]
	}
	if len(missed) == 0 {
		return false, err
	}
	if first := missed[0].Rev; first != rev+1 {
		return false, fmt.Errorf("%w: %d after %d", errLost, first, rev)
	}
	db.tell(missed)
	return err != nil || len(missed) >= maxMissed-1, nil
}
