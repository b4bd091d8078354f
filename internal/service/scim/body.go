package scim

import (
	"context"
	"net/http"
	"sync"
	"time"

	"granary"
	"granary/internal/limit"
)

// Limits of the memory for the bodies of requests and answers, in bytes.
const (
	maxHeld        = 320 << 20 // of all identity stores
	maxHeldOfStore = 96 << 20  // of one
)

// newHolding counts the memory of requests under way, by identity store.
func newHolding() *limit.Memory[granary.StoreID] {
	return &limit.Memory[granary.StoreID]{Total: maxHeld, Each: maxHeldOfStore, LoneMayExceed: true}
}

func busy(detail string) error {
	return &scimError{status: http.StatusTooManyRequests, detail: detail, retry: time.Second}
}

// hold takes n bytes of memory until release.
func (c *call) hold(n int) error {
	if c.held.Memory == nil {
		*c.held = limit.Share[granary.StoreID]{Memory: c.holding, Key: c.center.Store}
	}
	if !c.held.Take(int64(n)) {
		return busy("Too many large requests are under way. Please try again later.")
	}
	return nil
}

// read reads the body of a request whose sender is known.
func (c *call) read(what *want) (object, error) {
	r := c.request.HTTP
	if r.ContentLength > int64(what.bytes) {
		return nil, tooLarge(what.bytes)
	}
	c.request.Hurry()
	of := *what
	of.more = c.hold
	return readDocument(r.Body, &of)
}

// Limits of requests that go through a whole directory.
const (
	maxScans = 2                // of one identity store at once
	scanWait = 10 * time.Second // for one's turn
)

// scans are the requests under way that go through a whole directory, by identity store.
type scans struct {
	mu    sync.Mutex
	turns map[granary.StoreID]chan struct{}
}

func (s *scans) of(d granary.StoreID) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns == nil {
		s.turns = map[granary.StoreID]chan struct{}{}
	}
	if s.turns[d] == nil {
		s.turns[d] = make(chan struct{}, maxScans)
	}
	return s.turns[d]
}

// enter waits for one's turn.
func (s *scans) enter(ctx context.Context, d granary.StoreID) error {
	t := time.NewTimer(scanWait)
	defer t.Stop()
	select {
	case s.of(d) <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-t.C:
	}
	return busy("Other requests are going through the whole directory: filter by userName, externalId, emails, id, " +
		"members or groups, or try again later.")
}

func (s *scans) leave(d granary.StoreID) { <-s.of(d) }
