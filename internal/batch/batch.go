// Package batch lets updates share commits: a queue runs them one at a time, several to a transaction, each under a savepoint of
// its own. One commit, and so one sync of the disk or one answer from another machine, serves all who wait.
//
//	Run ─▶ queue ─▶ Begin, a savepoint for each update, COMMIT ─▶ Committed ─▶ answers
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

// Engine is what a database brings. The queue calls it from one goroutine.
type Engine[T any] interface {
	// Begin begins the transaction, in which nobody else writes until it is over.
	Begin(ctx context.Context) error
	// Tx is the open transaction, for one update.
	Tx() T
	// Exec runs SAVEPOINT, RELEASE, ROLLBACK and COMMIT, which each SQL writes alike.
	Exec(ctx context.Context, statement string) error
	// End is told that the transaction is over, with the transactions of the updates that are kept in it. Nobody is
	// answered before settle, which may be nil, returns; meanwhile the queue goes on.
	End(kept []T) (settle func())
}

// Queue runs updates. Its methods are safe for concurrent use.
type Queue[T any] struct {
	engine Engine[T]
	jobs   chan *job[T]
	closed chan struct{}
	done   sync.WaitGroup
	once   sync.Once
}

// job is one update on its way.
type job[T any] struct {
	ctx  context.Context
	fn   func(T) error
	tx   T
	err  error
	done chan struct{}

	taken atomic.Bool // by the queue, which runs it, or by the caller, who has waited for long enough
}

// maxShared is how many updates share one commit at most.
const maxShared = 128

// linger is how long the queue waits for more to share a commit, while there is more than one writing at a time: a sync
// costs the processor more than it costs the disk.
const linger = 500 * time.Microsecond

// patience is how long an update waits to begin: behind one that is long, or a database that does not answer.
const patience = 15 * time.Second

var errBusy = granary.Errorf(granary.Unavailable, "Other changes are under way and take long. Nothing was changed. Please try again.")

var errClosed = granary.Errorf(granary.Unavailable, "The server is stopping.")

// New starts a queue.
func New[T any](e Engine[T]) *Queue[T] {
	q := &Queue[T]{engine: e, jobs: make(chan *job[T], 256), closed: make(chan struct{})}
	q.done.Add(1)
	go q.run()
	return q
}

// Close waits for updates under way.
func (q *Queue[T]) Close() {
	q.once.Do(func() { close(q.closed) })
	q.done.Wait()
}

// Run runs fn in a transaction that is durable when Run returns nil. When fn fails, nothing of it remains. fn must not call
// Run, and may not keep what it is given. It fails with Unavailable when fn's turn does not come in time.
func (q *Queue[T]) Run(ctx context.Context, fn func(T) error) error {
	return q.runWithin(ctx, patience, fn)
}

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
		<-j.done // once begun, the caller must hear what became of it
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

func (q *Queue[T]) run() {
	defer q.done.Done()
	last := 0 // how many shared the last commit
	for {
		select {
		case <-q.closed:
			return
		case j := <-q.jobs:
			if last > 1 {
				time.Sleep(linger)
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

// commit runs a batch in one transaction, each job under a savepoint of its own, and answers them all.
func (q *Queue[T]) commit(batch []*job[T]) {
	ctx := context.Background()
	err := q.engine.Begin(ctx)
	if err == nil {
		for _, j := range batch {
			if !j.taken.CompareAndSwap(false, true) {
				j.err = errBusy
			} else if j.err = j.ctx.Err(); j.err == nil {
				q.update(ctx, j)
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
		settle()
		answer()
	})
}

func (q *Queue[T]) update(ctx context.Context, j *job[T]) {
	if j.err = q.engine.Exec(ctx, "SAVEPOINT job"); j.err != nil {
		return
	}
	j.tx = q.engine.Tx()
	j.err = guard(j.tx, j.fn)
	if j.err == nil {
		j.err = q.engine.Exec(ctx, "RELEASE SAVEPOINT job")
	}
	if j.err != nil {
		_ = q.engine.Exec(ctx, "ROLLBACK TO SAVEPOINT job")
		_ = q.engine.Exec(ctx, "RELEASE SAVEPOINT job")
	}
}

// guard turns a panic of the caller's function into its error: the queue serves everyone and must go on.
func guard[T any](tx T, fn func(T) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in an update: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}
