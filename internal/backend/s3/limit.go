package s3

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"granary"
	"granary/internal/upstream"
)

var errDown = errors.New("all endpoints of the store are down")

// waiting is how long a request waits for a place.
const waiting = time.Second

// gate lets so many requests through to a store at once. Some wait, for a short time; the others are told to slow down.
type gate struct {
	places chan struct{}
	queue  *atomic.Int64
	most   int64 // that wait
}

func newGate(places int) gate {
	return gate{make(chan struct{}, places), &atomic.Int64{}, int64(2 * places)}
}

var errBusy = granary.Errorf(granary.Throttled, "Please reduce your request rate.").WithCode("SlowDown")

// enter waits for a place. leave, which may be called more than once, gives it free.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.places <- struct{}{}:
	default:
		if err := g.wait(ctx); err != nil {
			return nil, err
		}
	}
	return sync.OnceFunc(func() { <-g.places }), nil
}

func (g gate) wait(ctx context.Context) error {
	defer g.queue.Add(-1)
	if g.queue.Add(1) > g.most {
		return errBusy
	}
	t := time.NewTimer(waiting)
	defer t.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return errBusy
	}
}

const (
	failuresInRow = 5 // connections and answers, until an endpoint is taken for down
	firstRest     = time.Second
	longestRest   = 30 * time.Second
)

// health is what was seen of an endpoint. One that fails in a row is left in peace for a while: for a second at first,
// then for twice as long each time, until one request succeeds.
type health struct {
	mu     sync.Mutex
	failed int // in a row
	rest   time.Duration
	until  time.Time
}

// usable reports whether an endpoint may be asked. When its rest is over, one request finds out.
func (h *health) usable(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed < failuresInRow {
		return true
	}
	if now.Before(h.until) {
		return false
	}
	h.until = now.Add(h.rest) // others wait until this request has an answer
	return true
}

// note takes the result of a request. An answer is health, whatever it says; so is a failure of the client's.
func (h *health) note(now time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !errors.Is(err, upstream.ErrConnect) && !errors.Is(err, upstream.ErrBroken) {
		if err == nil {
			h.failed, h.rest = 0, 0
		}
		return
	}
	if h.failed++; h.failed >= failuresInRow {
		h.rest = min(max(2*h.rest, firstRest), longestRest)
		h.until = now.Add(h.rest)
	}
}

// pick returns the endpoint whose turn it is, nil when all are down.
func (s *Store) pick() *endpoint {
	now := s.options.Now()
	n := uint64(len(s.endpoints))
	first := s.turn.Add(1)
	for i := range n {
		if e := s.endpoints[(first+i)%n]; e.health.usable(now) {
			return e
		}
	}
	return nil
}
