package grants

import "slices"

// mergeIfLarge begins a merge when the changes are many for the base's size. The caller holds the lock.
func (s *Set) mergeIfLarge() {
	if s.frozen != nil || s.live.n+len(s.live.gone) < 1024+len(s.base.records)/16 {
		return
	}
	s.frozen, s.live = s.live, newOverlay()
	go s.merge(s.base, s.frozen)
}

// merge makes the next base of the last one and the frozen changes, which nobody writes to any more.
func (s *Set) merge(old *base, changes *overlay) {
	next := merged(old, changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base, s.frozen = next, nil
	s.mergeIfLarge()
}

func merged(old *base, changes *overlay) *base {
	places := make([]place, 0, len(changes.added))
	for p := range changes.added {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	d := newBuilder(len(old.records) + changes.n)
	added := func(p place) {
		for i := range changes.added[p] {
			d.add(&changes.added[p][i])
		}
	}
	i := 0
	bucket := 0
	for scope := range old.parent {
		for uint32(scope) >= old.last[bucket] {
			bucket++
		}
		p := place{old.buckets.at(uint32(bucket))[1:], string(old.scopeText(scope)), old.exact[scope]}
		for ; i < len(places) && places[i].compare(p) < 0; i++ {
			d.scope(places[i])
			added(places[i])
		}
		list := old.records[old.start[scope]:old.start[scope+1]]
		both := i < len(places) && places[i] == p
		if !both && !slices.ContainsFunc(list, func(r record) bool { _, gone := changes.gone[r.id]; return !gone }) {
			continue // the scope has no grants left
		}
		d.scope(p)
		for j := range list {
			if _, gone := changes.gone[list[j].id]; !gone {
				e := old.entry(&list[j])
				d.add(&e)
			}
		}
		if both {
			added(p)
			i++
		}
	}
	for ; i < len(places); i++ {
		d.scope(places[i])
		added(places[i])
	}
	return d.finish()
}
