package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"granary"
	"granary/internal/postgres"
)

// MaxStaleness is the age up to which a node may decide by what it knows. A node that could not confirm for longer that
// it has the end of the log refuses every request.
const MaxStaleness = 2 * time.Second

// A node counts as live until nodeLife after its last announcement. Updates wait for live nodes only.
const (
	nodeLife          = MaxStaleness + time.Second
	heartbeatInterval = 400 * time.Millisecond
	pollInterval      = heartbeatInterval / 2
	queryTimeout      = time.Second          // limit of one query about the log or the nodes
	minRoundGap       = 2 * time.Millisecond // minimum time between two rounds, however often a node is woken
)

// nodes keeps this node in step with the other nodes on the same database. It follows the change log and records in the
// table node how far it is; an update returns only after every live node is past it. So an acknowledged update holds
// everywhere: a key revoked on one node is refused by all.
//
// The argument does not rely on notifications arriving, nor on synchronised clocks. A node is sure of a state if, while
// it counted as live throughout, it first announced itself to a server, then queried the log there, and applied the new
// entries. If a change commits after that query, its writer sees the node as live and waits until the node has the
// change, or for MaxStaleness. After that time the node is sure of a newer state, or of none.
//
// A database that crashes forgets what had not reached its disk. So every heartbeat announcement waits for the disk,
// and for standbys where commits wait for them. The announcements in between may be lost: a node counts as live for
// nodeLife from a heartbeat on, which is longer than it can be sure because of what it announced after that.
//
// A server that was promoted, restored or restarted may have lost even heartbeats, and does not know which nodes still
// trust the server before it. So nothing is acknowledged in the first nodeLife of a connection to a server that no
// writer has used for that long (see delayOnNewServer). By then each node that is sure has announced itself to this
// server. This holds when the previous server is dead. It also holds when that server still runs, if commits wait for
// the standby that was promoted, since the previous server can then persist no heartbeat.
type nodes struct {
	db       *DB
	engine   *postgres.DB
	id       string
	wake     chan struct{}
	sure     atomic.Pointer[moment] // when the state that this node is sure of was asked for; nil when it is sure of none
	news     atomic.Bool            // changes of other nodes were delivered since the last announcement
	diverged atomic.Bool            // the log does not continue the state of this node
	cause    atomic.Pointer[error]  // error of the last round; nil when it succeeded
	epoch    time.Time
	cancel   context.CancelFunc
	done     sync.WaitGroup

	// Used only by the goroutine that runs rounds.
	session   *postgres.Session // nil when the next round must open one
	announced time.Time         // time just before the last announcement through this session
	persisted time.Time         // time just before the last announcement that waited for the disk
	logged    loggedFailure

	// Used only by the writer.
	from      Position  // where the log read that comes with the lock begins
	notBefore time.Time // earliest time to acknowledge a commit
}

func newNodes(db *DB) *nodes {
	return &nodes{db: db, id: granary.UUID(), wake: make(chan struct{}, 1), epoch: time.Now()}
}

// moment is a time on two clocks: the monotonic clock stands still while the machine sleeps, the wall clock can be set.
type moment struct{ running, wall time.Duration }

func (n *nodes) momentOf(t time.Time) moment {
	return moment{t.Sub(n.epoch), time.Duration(t.UnixNano())}
}

// elapsed returns the time from m to now by the clock that advanced further.
func (m moment) elapsed(now moment) time.Duration { return max(now.running-m.running, now.wall-m.wall) }

var errMustRestart = granary.Errorf(granary.Unavailable,
	"The log of changes does not go on from what this node knows: "+
		"the node was away for too long, or the database was set back. The node must be started again.")

// Fresh returns nil if what this process knows is recent enough to decide by, and an Unavailable error if not.
func (db *DB) Fresh() error {
	n := db.nodes
	switch {
	case n == nil:
		return nil // on SQLite this process is the only writer
	case n.diverged.Load():
		return errMustRestart
	}
	if db.Age() > MaxStaleness {
		return n.notFreshError()
	}
	return db.settings.verify()
}

// notFreshError returns the error that tells clients why this node does not decide.
func (n *nodes) notFreshError() error {
	var unknown unknownKind
	if cause := n.cause.Load(); cause != nil && errors.As(*cause, &unknown) {
		return granary.Errorf(granary.Unavailable, "This node does not know what is allowed now: %s. A newer release of "+
			"Granary wrote it. Start that release on this node.", unknown)
	}
	return granary.Errorf(granary.Unavailable, "This node has no word from the database and does not know what is "+
		"allowed now. Please try again.")
}

// Age returns how long ago this process last confirmed that it has the end of the log. It is 0 on SQLite, where no
// other process writes, and the largest duration if this process never did.
func (db *DB) Age() time.Duration {
	if db.nodes == nil {
		return 0
	}
	sure := db.nodes.sure.Load()
	if sure == nil {
		return math.MaxInt64
	}
	return sure.elapsed(db.nodes.momentOf(time.Now()))
}

// start begins to follow the log. When it returns nil, this node counts as live and is sure of a state.
func (n *nodes) start(ctx context.Context) error {
	var channel string
	err := n.engine.Each(ctx, "SELECT channel FROM writing", nil, func(r *sql.Rows) error { return r.Scan(&channel) })
	if err != nil {
		return err
	}
	for again := true; again; {
		if again, err = n.runRound(ctx); err != nil {
			return err
		}
	}
	ctx, n.cancel = context.WithCancel(context.Background())
	n.engine.Listen(channel, n.wakeLoop)
	n.done.Go(func() { n.runRounds(ctx) })
	return nil
}

// wakeLoop starts a round, if none is waiting to start.
func (n *nodes) wakeLoop() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// leave ends the rounds and removes this node from the table, so that no update waits for it.
func (n *nodes) leave() {
	if n.cancel == nil {
		return // start was not called
	}
	n.cancel()
	n.done.Wait()
	n.sure.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	// if this fails, the node stops counting as live after nodeLife
	_ = n.engine.Exec(ctx, "DELETE FROM node WHERE id = $1", n.id)
}

// runRounds runs a round on every tick and notification until ctx ends.
func (n *nodes) runRounds(ctx context.Context) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	defer n.closeSession()
	for {
		again, err := n.runRound(ctx)
		if ctx.Err() != nil {
			return
		}
		n.logFailure(err)
		if again {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(minRoundGap): // limits rounds, since every database user can notify
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-tick.C:
		}
	}
}

// runRound queries the log, delivers the new changes, and announces this node's position. If the node did not count as
// live throughout, it is not sure of what it read, and again is true. A round uses one connection, and so one server;
// when the connection breaks, the next round starts as if nothing had been announced.
func (n *nodes) runRound(ctx context.Context) (again bool, err error) {
	defer func() {
		if err != nil {
			n.cause.Store(&err)
			n.closeSession()
		} else {
			n.cause.Store(nil)
		}
	}()
	if n.session == nil {
		if n.session, err = n.engine.Session(ctx, queryTimeout); err != nil {
			return false, err
		}
	}
	asked := time.Now()
	if err := n.db.catchUp(ctx, n.session.Each); err != nil {
		if errors.Is(err, errLogDiverged) {
			n.diverged.Store(true)
		}
		return false, err
	}
	before, say := n.announced, time.Now()
	keep, news := say.Sub(n.persisted) >= heartbeatInterval, n.news.Swap(false)
	if keep || news {
		if err := n.announce(ctx, keep); err != nil {
			return false, err
		}
		n.announced = say
		if keep {
			n.persisted = say
		}
	}
	if before.IsZero() || time.Since(before) >= MaxStaleness {
		return true, nil
	}
	sure := n.momentOf(asked)
	n.sure.Store(&sure)
	return false, nil
}

// closeSession closes the connection of the rounds and forgets what was announced through it.
func (n *nodes) closeSession() {
	if n.session != nil {
		n.session.Close()
	}
	n.session, n.announced, n.persisted = nil, time.Time{}, time.Time{}
}

// announce records this node's position. If keep is true it waits for disk and standbys as updates do, else for
// neither.
func (n *nodes) announce(ctx context.Context, keep bool) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	query := "INSERT INTO node (id, seen, at) VALUES ($1, $2, now()) ON CONFLICT (id) DO UPDATE SET seen = " +
		"excluded.seen, at = excluded.at"
	if !keep {
		query = `INSERT INTO node (id, seen, at) SELECT $1::text, $2::bigint, now() FROM set_config('synchronous_commit',
			'off', true)
			ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, at = excluded.at`
	}
	return n.session.Exec(ctx, query, n.id, n.db.Revision())
}

// lastTrimmable returns the last revision, at most rev, that no node needs: each node that announced itself within the
// last ten minutes is past it.
func (n *nodes) lastTrimmable(rev int64) (int64, error) {
	var least sql.NullInt64
	err := n.queryValue("SELECT MIN(seen) FROM node WHERE at > now() - interval '10 minutes'", nil, &least)
	if least.Valid {
		rev = min(rev, max(0, least.Int64-1)) // one less, because each node checks that its last entry is still there
	}
	return rev, err
}

// deleteOldNodes removes the rows of nodes that stopped without removing their own.
func (n *nodes) deleteOldNodes() error {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	return n.engine.Exec(ctx, "DELETE FROM node WHERE at < now() - interval '1 day'")
}

// queryValue runs a query for one value.
func (n *nodes) queryValue(query string, args []any, dest any) error {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	return n.engine.Each(ctx, query, args, func(r *sql.Rows) error { return r.Scan(dest) })
}
