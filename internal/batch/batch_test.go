package batch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"granary"
)

// nowhere is an engine without a database.
type nowhere struct {
	begin  func() error
	commit error
	ended  chan int
}

func (n *nowhere) Begin(context.Context) error { return n.begin() }
func (n *nowhere) Tx() int                     { return 0 }
func (n *nowhere) Exec(_ context.Context, statement string) error {
	if statement == "COMMIT" {
		return n.commit
	}
	return nil
}
func (n *nowhere) End(kept []int) func() error {
	if n.ended != nil {
		n.ended <- len(kept)
	}
	return nil
}

// TestWaitTimeout checks that an update behind a long one, or behind a database that does not answer, fails in time and
// is not run later.
func TestWaitTimeout(t *testing.T) {
	t.Parallel()
	for name, stuck := range map[string]func(*nowhere, chan bool) func(int) error{
		"a long update": func(n *nowhere, end chan bool) func(int) error {
			return func(int) error { <-end; return nil }
		},
		"no lock": func(n *nowhere, end chan bool) func(int) error {
			n.begin = func() error { <-end; return nil }
			return func(int) error { return nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			end := make(chan bool)
			n := &nowhere{begin: func() error { return nil }}
			first := stuck(n, end)
			q := New(n)
			began := make(chan error)
			go func() { began <- q.Run(t.Context(), first) }()
			time.Sleep(20 * time.Millisecond) // until the queue has it
			start, done := time.Now(), false
			err := q.runWithin(t.Context(), 50*time.Millisecond, func(int) error { done = true; return nil })
			if !granary.Is(err, granary.Unavailable) || !strings.Contains(err.Error(), "Nothing was changed") ||
				time.Since(start) > 5*time.Second {
				t.Errorf("after %s: %v", time.Since(start), err)
			}
			close(end)
			if err := <-began; err != nil {
				t.Errorf("who had begun: %v", err)
			}
			q.Close()
			if done {
				t.Error("what was refused was done")
			}
		})
	}
}

// TestStartedUpdateHasNoTimeout checks that Run waits for the outcome of an update that has begun.
func TestStartedUpdateHasNoTimeout(t *testing.T) {
	t.Parallel()
	q := New(&nowhere{begin: func() error { return nil }})
	defer q.Close()
	err := q.runWithin(t.Context(), 20*time.Millisecond,
		func(int) error { time.Sleep(100 * time.Millisecond); return errors.New("no") })
	if err == nil || err.Error() != "no" {
		t.Error(err)
	}
}

// TestFailedCommit checks that nothing is kept when a commit fails, and that an Unavailable error of the engine is
// returned as it is.
func TestFailedCommit(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		err  error
		says string
	}{
		{errors.New("disk full"), "could not be written"},
		{granary.Errorf(granary.Unavailable, "Nobody knows."), "Nobody knows."},
	} {
		n := &nowhere{begin: func() error { return nil }, commit: x.err, ended: make(chan int, 1)}
		q := New(n)
		err := q.Run(t.Context(), func(int) error { return nil })
		if !granary.Is(err, granary.Unavailable) || !strings.Contains(granary.AsError(err).Message, x.says) {
			t.Errorf("got %v", err)
		}
		if kept := <-n.ended; kept != 0 {
			t.Errorf("%d were kept", kept)
		}
		q.Close()
	}
}
