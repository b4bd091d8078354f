package grants

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"granary"
)

// Look is the part of a grant that a caller sees. Grants with equal looks appear as one.
type Look struct {
	Scope       string
	Object      bool
	Permission  granary.Permission
	Application granary.ARN
	IAM         bool // the grantee is the IAM user or role, not the directory user
}

// Look returns what a caller sees of the match.
func (m Match) Look() Look {
	return Look{m.Scope, m.Object, m.Permission, m.Application, m.Grantee.Type == granary.GranteeIAM}
}

// listKey returns "bucket/text", by which scopes are listed. A final star does not count.
func (l Look) listKey() string {
	p, _ := splitScope(l.Scope, l.Object)
	return p.listKey()
}

// compare orders looks by the key of their scope first, then by the other fields.
func (l Look) compare(o Look) int {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(l.listKey(), o.listKey()), cmp.Compare(l.Scope, o.Scope),
		cmp.Compare(l.Permission.String(), o.Permission.String()),
		cmp.Compare(l.Application, o.Application), cmp.Compare(bit(l.IAM), bit(o.IAM)),
		cmp.Compare(bit(l.Object), bit(o.Object)))
}

func (p place) listKey() string { return p.bucket + "/" + p.text }

// Looks calls fn with the looks of the identities' grants whose scope begins with a text such as "s3://buc", in order,
// each once, until fn returns false. If after is not nil it continues after that look. The cost depends on the number
// of calls of fn, not on the number of grants. fn must not call the set.
func (s *Set) Looks(identities []granary.Grantee, begin string, after *Look, fn func(Look) bool) {
	from := strings.TrimPrefix(begin, scheme)
	if after != nil {
		from = max(from, after.listKey())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	w := s.newWalk(identities, from)
	for list := w.nextMatches(); list != nil; list = w.nextMatches() {
		looks := make([]Look, len(list))
		for i, m := range list {
			looks[i] = m.Look()
		}
		slices.SortFunc(looks, Look.compare)
		for _, l := range slices.Compact(looks) {
			if !strings.HasPrefix(l.listKey(), strings.TrimPrefix(begin, scheme)) {
				return
			}
			if after != nil && l.compare(*after) <= 0 {
				continue
			}
			if !fn(l) {
				return
			}
		}
	}
}

// ForGrantees returns every grant of the identities, sorted by scope, permission and id.
func (s *Set) ForGrantees(identities []granary.Grantee) (out []Match) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	w := s.newWalk(identities, "")
	for list := w.nextMatches(); list != nil; list = w.nextMatches() {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Any reports whether one of the identities has a grant.
func (s *Set) Any(identities []granary.Grantee) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, who := range s.base.granteeNumbers(identities) {
		for _, n := range s.base.byGrantee[s.base.granteeStart[who]:s.base.granteeStart[who+1]] {
			if !s.hidden(s.base.records[n].id, false) {
				return true
			}
		}
	}
	for _, who := range identities {
		if len(s.live.placesOf[who]) > 0 {
			return true
		}
		if s.frozen == nil {
			continue
		}
		for _, p := range s.frozen.placesOf[who] {
			if slices.ContainsFunc(s.frozen.entries[spot{p, who}], func(e entry) bool { return !s.hidden(e.id, true) }) {
				return true
			}
		}
	}
	return false
}

// grantWalk iterates over the grants of some identities in the order of their scopes, through the base and both
// overlays.
type grantWalk struct {
	s       *Set
	cursors [][]uint32    // by identity: the remaining records of the base
	added   []placedEntry // sorted
}

type placedEntry struct {
	place
	e *entry
}

// newWalk returns a walk that begins at the first scope whose key is at least from. The caller must hold the lock until
// the end.
func (s *Set) newWalk(identities []granary.Grantee, from string) *grantWalk {
	w := &grantWalk{s: s}
	b := s.base
	first := b.start[sort.Search(len(b.parent), func(i int) bool { return b.placeOf(i).listKey() >= from })]
	for _, who := range b.granteeNumbers(identities) {
		list := b.byGrantee[b.granteeStart[who]:b.granteeStart[who+1]]
		if i, _ := slices.BinarySearch(list, first); i < len(list) {
			w.cursors = append(w.cursors, list[i:])
		}
	}
	for i, o := range []*overlay{s.live, s.frozen} {
		if o == nil {
			continue
		}
		for _, who := range identities {
			for _, p := range o.placesOf[who] {
				if p.listKey() < from {
					continue
				}
				list := o.entries[spot{p, who}]
				for j := range list {
					if i == 0 || !s.hidden(list[j].id, true) {
						w.added = append(w.added, placedEntry{p, &list[j]})
					}
				}
			}
		}
	}
	slices.SortFunc(w.added, func(a, b placedEntry) int { return a.compare(b.place) })
	return w
}

// nextMatches returns all grants with the next key, nil at the end.
func (w *grantWalk) nextMatches() (out []Match) {
	b := w.s.base
	for len(w.cursors)+len(w.added) > 0 {
		key, end := "", uint32(0)
		if len(w.cursors) > 0 {
			least := w.cursors[0][0]
			for _, c := range w.cursors {
				least = min(least, c[0])
			}
			scope := b.scopeOf(least)
			key, end = b.placeOf(scope).listKey(), b.start[scope+1]
			// the prefix scope, and the scope of exactly that key
			if scope+1 < len(b.parent) && b.placeOf(scope+1).listKey() == key {
				end = b.start[scope+2]
			}
		}
		if len(w.added) > 0 {
			if k := w.added[0].listKey(); end == 0 || k < key {
				key, end = k, 0
			}
		}
		w.takeUntil(end, &out)
		for ; len(w.added) > 0 && w.added[0].listKey() == key; w.added = w.added[1:] {
			out = append(out, newMatch(w.added[0].place, w.added[0].e))
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// takeUntil moves each cursor to the record end and appends the grants that it passes.
func (w *grantWalk) takeUntil(end uint32, out *[]Match) {
	b := w.s.base
	for i, c := range w.cursors {
		for ; len(c) > 0 && c[0] < end; c = c[1:] {
			if r := &b.records[c[0]]; !w.s.hidden(r.id, false) {
				e := b.entryOf(r)
				*out = append(*out, newMatch(b.placeOf(b.scopeOf(c[0])), &e))
			}
		}
		w.cursors[i] = c
	}
	w.cursors = slices.DeleteFunc(w.cursors, func(c []uint32) bool { return len(c) == 0 })
}
