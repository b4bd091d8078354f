package grants

import "slices"

// mergeIfLarge starts a merge in the background when there are many changes for the size of the base. The caller holds
// the lock.
func (s *Set) mergeIfLarge() {
	if s.frozen != nil || s.live.added+len(s.live.removed) < 1024+len(s.base.records)/16 {
		return
	}
	s.frozen, s.live = s.live, newOverlay()
	go s.merge(s.base, s.frozen)
}

// merge makes the next base from the last one and the frozen changes. It needs no lock for that, since neither changes
// any more.
func (s *Set) merge(old *base, changes *overlay) {
	next := mergeOverlay(old, changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base, s.frozen = next, nil
	s.mergeIfLarge()
}

// renumbering moves texts from one numbering to another when they are first used, so that unused texts are dropped.
type renumbering struct {
	from, to *texts
	known    []uint32 // number in to, plus 1; 0 is unknown
}

func newRenumbering(from, to *texts) *renumbering {
	return &renumbering{from, to, make([]uint32, from.count())}
}

func (m *renumbering) newNumber(n uint32) uint32 {
	if m.known[n] == 0 {
		t := m.from.textAt(n)
		m.known[n] = m.to.intern(t[0], t[1:]) + 1
	}
	return m.known[n] - 1
}

// mergeOverlay returns a base with the changes applied.
func mergeOverlay(old *base, changes *overlay) *base {
	added := make(map[place][]entry, len(changes.places))
	for at, list := range changes.entries {
		added[at.place] = append(added[at.place], list...)
	}
	places := make([]place, 0, len(added))
	for p := range added {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	d := newBuilder(len(old.records) + changes.added)
	people, apps, locations := newRenumbering(old.grantees, d.base.grantees), newRenumbering(old.apps, d.base.apps),
		newRenumbering(old.locations, d.base.locations)
	insert := func(p place) {
		for i := range added[p] {
			d.addRecord(d.base.recordOf(&added[p][i]))
		}
	}
	i := 0
	bucket := 0
	for scope := range old.parent {
		for uint32(scope) >= old.last[bucket] {
			bucket++
		}
		p := place{old.buckets.textAt(uint32(bucket))[1:], string(old.scopeText(scope)), old.exact[scope]}
		for ; i < len(places) && places[i].compare(p) < 0; i++ {
			d.beginScope(places[i])
			insert(places[i])
		}
		list := old.records[old.start[scope]:old.start[scope+1]]
		both := i < len(places) && places[i] == p
		if !both && !slices.ContainsFunc(list, func(r record) bool { _, gone := changes.removed[r.id]; return !gone }) {
			continue // the scope has no grants left
		}
		d.beginScope(p)
		for _, r := range list {
			if _, gone := changes.removed[r.id]; !gone {
				r.grantee, r.app, r.location = people.newNumber(r.grantee), apps.newNumber(r.app), locations.newNumber(r.location)
				d.addRecord(r)
			}
		}
		if both {
			insert(p)
			i++
		}
	}
	for ; i < len(places); i++ {
		d.beginScope(places[i])
		insert(places[i])
	}
	return d.finish()
}
