package grants

import (
	"runtime"
	"sync"
)

// byHand holds the sets whose merge was begun by Freeze.
var byHand sync.Map

// Freeze begins a merge by hand, once none goes on in the background: what is put and deleted from now on stands above it.
func (s *Set) Freeze() {
	if _, ok := byHand.Load(s); ok {
		return
	}
	for ; ; runtime.Gosched() {
		s.mu.Lock()
		if s.frozen == nil {
			break
		}
		s.mu.Unlock()
	}
	defer s.mu.Unlock()
	s.frozen, s.live = s.live, newOverlay()
	byHand.Store(s, true)
}

// Merge ends a merge that Freeze began.
func (s *Set) Merge() {
	if _, ok := byHand.LoadAndDelete(s); !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base, s.frozen = merged(s.base, s.frozen), nil
}
