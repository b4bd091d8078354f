// Package batch lets updates share commits. A queue runs updates one at a time, several in a transaction, each under a
// savepoint of its own. One commit, and so one sync of the disk or one answer from another machine, serves all of them.
//
//	Run ─▶ queue ─▶ Begin, a savepoint for each update, COMMIT ─▶ End ─▶ settle ─▶ answers
package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"granary"
)

// Engine is the transaction of a database, implemented by packages sqlite and postgres. The queue calls it from one
// goroutine.
type Engine[T any] interface {
	// Begin begins the transaction. No other transaction may write until its end.
	Begin(ctx context.Context) error
	// Tx returns the open transaction, for one update.
	Tx() T
	// Exec runs SAVEPOINT, RELEASE, ROLLBACK or COMMIT, which all SQL databases write alike.
	Exec(ctx context.Context, statement string) error
	// End is called after the transaction, with the transactions of the updates whose changes were committed. If it
	// returns a settle function, the updates return only after settle does, while the queue goes on with others. If settle
	// fails, so do they.
	End(kept []T) (settle func() error)
}

// Queue runs updates for an engine. Its methods are safe for concurrent use.
type Queue[T any] struct {
	engine Engine[T]
	jobs   chan *job[T]
	closed chan struct{}
	done   sync.WaitGroup
	once   sync.Once
}

// job is one update in the queue.
type job[T any] struct {
	ctx  context.Context
	fn   func(T) error
	tx   T
	err  error
	done chan struct{}

	taken atomic.Bool // set by the queue, which then runs the job, or by the caller, which then gives up
}

// maxShared is the maximum number of updates in one commit.
const maxShared = 128

// gatherTime is how long the queue waits for more updates to share a commit, if the last commit was shared. A sync
// costs more processor time than this wait.
const gatherTime = 500 * time.Microsecond

// patience is how long an update waits for its turn, behind a long update or a database that does not answer.
const patience = 15 * time.Second

var errBusy = granary.Errorf(granary.Unavailable, "Other changes are under way and take long. Nothing was changed. "+
	"Please try again.")

var errClosed = granary.Errorf(granary.Unavailable, "The server is stopping.")

// New starts a queue. The caller must Close it.
func New[T any](e Engine[T]) *Queue[T] {
	q := &Queue[T]{engine: e, jobs: make(chan *job[T], 256), closed: make(chan struct{})}
	q.done.Add(1)
	go q.gatherAndCommit()
	return q
}

// Close waits for updates in progress. Run fails from then on.
func (q *Queue[T]) Close() {
	q.once.Do(func() { close(q.closed) })
	q.done.Wait()
}

// Run runs fn in a transaction that is durable when Run returns nil. When fn fails, nothing is changed. fn must not
// call Run or keep its argument. Run fails with Unavailable when fn's turn does not come in time; fn is then never
// called.
func (q *Queue[T]) Run(ctx context.Context, fn func(T) error) error {
	return q.runWithin(ctx, patience, fn)
}

// runWithin is Run with another patience.
func (q *Queue[T]) runWithin(ctx context.Context, patience time.Duration, fn func(T) error) error {
	j := &job[T]{ctx: ctx, fn: fn, done: make(chan struct{})}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case q.jobs <- j:
	case <-q.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return errBusy
	}
	select {
	case <-j.done:
		return j.err
	case <-late.C:
		if j.taken.CompareAndSwap(false, true) {
			return errBusy
		}
		<-j.done // it has begun, so the caller must learn its outcome
		return j.err
	case <-q.closed:
		q.done.Wait()
		select {
		case <-j.done:
			return j.err
		default:
			return errClosed
		}
	}
}

// gatherAndCommit takes jobs from the queue and commits them together, until Close.
func (q *Queue[T]) gatherAndCommit() {
	defer q.done.Done()
	last := 0 // number of jobs in the last commit
	for {
		select {
		case <-q.closed:
			return
		case j := <-q.jobs:
			if last > 1 {
				time.Sleep(gatherTime)
			}
			batch := []*job[T]{j}
		gather:
			for len(batch) < maxShared {
				select {
				case j := <-q.jobs:
					batch = append(batch, j)
				default:
					break gather
				}
			}
			last = len(batch)
			q.commit(batch)
		}
	}
}

// commit runs the jobs of a batch in one transaction, each under a savepoint of its own, and answers them.
func (q *Queue[T]) commit(batch []*job[T]) {
	ctx := context.Background()
	err := q.engine.Begin(ctx)
	if err == nil {
		for _, j := range batch {
			if !j.taken.CompareAndSwap(false, true) {
				j.err = errBusy
			} else if j.err = j.ctx.Err(); j.err == nil {
				q.runJob(ctx, j)
			}
		}
		if err = q.engine.Exec(ctx, "COMMIT"); err != nil {
			_ = q.engine.Exec(ctx, "ROLLBACK")
		}
	}
	var kept []T
	for _, j := range batch {
		switch {
		case err != nil && j.err == nil:
			j.err = err
			if !granary.Is(err, granary.Unavailable) {
				j.err = granary.Wrap(granary.Unavailable, "The change could not be written. Please try again.", err)
			}
		case j.err == nil:
			kept = append(kept, j.tx)
		}
	}
	answer := func() {
		for _, j := range batch {
			close(j.done)
		}
	}
	settle := q.engine.End(kept)
	if settle == nil {
		answer()
		return
	}
	q.done.Go(func() {
		if err := settle(); err != nil {
			for _, j := range batch {
				if j.err == nil {
					j.err = err
				}
			}
		}
		answer()
	})
}

// runJob runs one job under a savepoint, which it rolls back if the job fails.
func (q *Queue[T]) runJob(ctx context.Context, j *job[T]) {
	if j.err = q.engine.Exec(ctx, "SAVEPOINT job"); j.err != nil {
		return
	}
	j.tx = q.engine.Tx()
	j.err = runRecovered(j.tx, j.fn)
	if j.err == nil {
		j.err = q.engine.Exec(ctx, "RELEASE SAVEPOINT job")
	}
	if j.err != nil {
		_ = q.engine.Exec(ctx, "ROLLBACK TO SAVEPOINT job")
		_ = q.engine.Exec(ctx, "RELEASE SAVEPOINT job")
	}
}

// runRecovered runs fn and converts a panic to an error, since the queue serves all callers and must go on.
func runRecovered[T any](tx T, fn func(T) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in an update: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}
