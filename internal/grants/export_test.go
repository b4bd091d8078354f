package grants

import (
	"runtime"
	"sync"
)

// byHand holds the sets whose merge Freeze began.
var byHand sync.Map

// Freeze waits for a background merge to end and begins one by hand. Later changes go to the live overlay until Merge.
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

// Merge ends the merge that Freeze began.
func (s *Set) Merge() {
	if _, ok := byHand.LoadAndDelete(s); !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base, s.frozen = mergeOverlay(s.base, s.frozen), nil
}
