package grants

// Freeze begins a merge by hand: what is put and deleted from now on stands above it.
func (s *Set) Freeze() {
	if s.frozen == nil {
		s.frozen, s.live = s.live, newOverlay()
	}
}

// Merge ends a merge that Freeze began.
func (s *Set) Merge() {
	if s.frozen != nil {
		s.base, s.frozen = merged(s.base, s.frozen), nil
	}
}
