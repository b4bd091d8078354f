package awsapi

import (
	"context"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/guard"
)

// check decides whether the call is allowed, by the state at the time of the check.
type check func(*Call) error

// state is what the checks of a call were made by.
type state struct {
	revision int64
	at       time.Time
}

// fresh is how long a decision stands while nothing changes: conditions may test the time.
const fresh = time.Second

// Check makes a check, and has it made again when the call changes the state: fn must find all that it decides on anew.
// It is given the call, or a copy that knows who the caller is by then.
func (c *Call) Check(fn func(*Call) error) error {
	if len(c.checks) == 0 {
		c.decided = state{c.door.Authn.Index.Revision(), time.Now()}
	}
	c.checks = append(c.checks, fn)
	return fn(c)
}

// guard has every change of the state that the call makes wait for again. It is set when the call begins: the call is a
// context, and goroutines of the database driver may read it after their query has returned.
func (c *Call) guard(ctx context.Context) {
	c.Context = guard.With(ctx, guard.Guard{Ask: func() error {
		if c.mustCheck && len(c.checks) == 0 {
			c.stopped = granary.Errorf(granary.Internal, "An operation that authorises by itself changes something before it "+
				"has checked anything.")
			return c.stopped
		}
		return c.again()
	}})
}

// again is asked when the call's turn to write has come, and before keys and tokens leave: is the node sure of what it
// knows, does the caller still exist, and is all that allowed the call still so?
func (c *Call) again() (err error) {
	defer func() {
		if err != nil {
			c.stopped = err
		}
	}()
	now := *c
	now.Event, now.also, now.denied = &audit.Event{}, nil, nil
	if now.Caller, err = c.door.Authn.Again(c.Caller); err != nil {
		return err
	}
	if c.door.Authn.Index.Revision() == c.decided.revision && time.Since(c.decided.at) < fresh {
		return nil
	}
	now.Env.Time = c.door.Now()
	for _, fn := range c.checks {
		if err := fn(&now); err != nil {
			c.denied = now.denied
			return err
		}
	}
	return nil
}
