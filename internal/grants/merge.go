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

// renumber moves texts from one numbering to another, each once, so that those nobody uses any more stay behind.
type renumber struct {
	from, to *texts
	known    []uint32 // number in to, plus one
}

func newRenumber(from, to *texts) *renumber { return &renumber{from, to, make([]uint32, from.len())} }

func (m *renumber) of(n uint32) uint32 {
	if m.known[n] == 0 {
		t := m.from.at(n)
		m.known[n] = m.to.add(t[0], t[1:]) + 1
	}
	return m.known[n] - 1
}

func merged(old *base, changes *overlay) *base {
	added := make(map[place][]entry, len(changes.places))
	for at, list := range changes.added {
		added[at.place] = append(added[at.place], list...)
	}
	places := make([]place, 0, len(added))
	for p := range added {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	d := newBuilder(len(old.records) + changes.n)
	people, apps, locations := newRenumber(old.people, d.b.people), newRenumber(old.apps, d.b.apps), newRenumber(old.locations, d.b.locations)
	insert := func(p place) {
		for i := range added[p] {
			d.add(d.b.number(&added[p][i]))
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
			insert(places[i])
		}
		list := old.records[old.start[scope]:old.start[scope+1]]
		both := i < len(places) && places[i] == p
		if !both && !slices.ContainsFunc(list, func(r record) bool { _, gone := changes.gone[r.id]; return !gone }) {
			continue // the scope has no grants left
		}
		d.scope(p)
		for _, r := range list {
			if _, gone := changes.gone[r.id]; !gone {
				r.who, r.app, r.location = people.of(r.who), apps.of(r.app), locations.of(r.location)
				d.add(r)
			}
		}
		if both {
			insert(p)
			i++
		}
	}
	for ; i < len(places); i++ {
		d.scope(places[i])
		insert(places[i])
	}
	return d.finish()
}
