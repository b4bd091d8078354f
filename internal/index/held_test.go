package index

import (
	"testing"
	"time"
)

// A change waits for what was decided before it, and for nothing that is decided after it.
func TestAChangeWaitsForWhatWasDecidedBeforeIt(t *testing.T) {
	var h held
	before := h.hold()
	seen := make(chan struct{})
	go func() {
		h.wait()
		close(seen)
	}()
	var after func()
	for after == nil { // until the change waits
		h.mu.Lock()
		waits := h.now == nil
		h.mu.Unlock()
		if waits {
			after = h.hold()
		}
	}
	select {
	case <-seen:
		t.Fatal("the change did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	before()
	before() // once counts
	select {
	case <-seen:
	case <-time.After(5 * time.Second):
		t.Fatal("the change waits for what was decided after it")
	}
	after()
	h.wait()
}
