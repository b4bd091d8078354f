package grants

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"granary"
)

// Look is what a caller is shown of a grant. Grants that look the same are one to the caller.
type Look struct {
	Scope       string
	Object      bool
	Permission  granary.Permission
	Application granary.ARN
	IAM         bool // the grantee is the IAM user or role, not the person
}

// Look is what the match's caller is shown of it.
func (m Match) Look() Look {
	return Look{m.Scope, m.Object, m.Permission, m.Application, m.Grantee.Type == granary.GranteeIAM}
}

// key is what scopes are listed by, "bucket/text": a star at the end does not count.
func (l Look) key() string {
	p, _ := split(l.Scope, l.Object)
	return p.key()
}

func (l Look) compare(o Look) int {
	bit := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(l.key(), o.key()), cmp.Compare(l.Scope, o.Scope), cmp.Compare(l.Permission.String(), o.Permission.String()),
		cmp.Compare(l.Application, o.Application), cmp.Compare(bit(l.IAM), bit(o.IAM)), cmp.Compare(bit(l.Object), bit(o.Object)))
}

func (p place) key() string { return p.bucket + "/" + p.text }

// Looks calls fn with what is to be seen of the grants of some identities whose scope begins with a text such as "s3://buc", in
// order, after a look where there is one, until fn returns false. It costs what fn is told, not what there is. fn must not call the set.
func (s *Set) Looks(identities []granary.Grantee, begin string, after *Look, fn func(Look) bool) {
	from := strings.TrimPrefix(begin, scheme)
	if after != nil {
		from = max(from, after.key())
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	w := s.walk(identities, from)
	for list := w.next(); list != nil; list = w.next() {
		looks := make([]Look, len(list))
		for i, m := range list {
			looks[i] = m.Look()
		}
		slices.SortFunc(looks, Look.compare)
		for _, l := range slices.Compact(looks) {
			if !strings.HasPrefix(l.key(), strings.TrimPrefix(begin, scheme)) {
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

// ForGrantees lists every grant of the identities by scope, then permission, then id.
func (s *Set) ForGrantees(identities []granary.Grantee) (out []Match) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	w := s.walk(identities, "")
	for list := w.next(); list != nil; list = w.next() {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Any reports whether one of the identities has any grant.
func (s *Set) Any(identities []granary.Grantee) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, who := range s.base.numbers(identities) {
		for _, n := range s.base.byWho[s.base.whoStart[who]:s.base.whoStart[who+1]] {
			if !s.hidden(s.base.records[n].id, false) {
				return true
			}
		}
	}
	for _, who := range identities {
		if len(s.live.mine[who]) > 0 {
			return true
		}
		if s.frozen == nil {
			continue
		}
		for _, p := range s.frozen.mine[who] {
			if slices.ContainsFunc(s.frozen.added[spot{p, who}], func(e entry) bool { return !s.hidden(e.id, true) }) {
				return true
			}
		}
	}
	return false
}

// walk goes through the grants of some identities in the order of their scopes, in the base and in the changes above it.
type walk struct {
	s       *Set
	cursors [][]uint32 // by identity: records of the base to come
	added   []spotted  // sorted
}

type spotted struct {
	place
	e *entry
}

// walk begins at the first scope whose key is not before from.
func (s *Set) walk(identities []granary.Grantee, from string) *walk {
	w := &walk{s: s}
	b := s.base
	first := b.start[sort.Search(len(b.parent), func(i int) bool { return b.place(i).key() >= from })]
	for _, who := range b.numbers(identities) {
		list := b.byWho[b.whoStart[who]:b.whoStart[who+1]]
		if i, _ := slices.BinarySearch(list, first); i < len(list) {
			w.cursors = append(w.cursors, list[i:])
		}
	}
	for i, o := range []*overlay{s.live, s.frozen} {
		if o == nil {
			continue
		}
		for _, who := range identities {
			for _, p := range o.mine[who] {
				if p.key() < from {
					continue
				}
				list := o.added[spot{p, who}]
				for j := range list {
					if i == 0 || !s.hidden(list[j].id, true) {
						w.added = append(w.added, spotted{p, &list[j]})
					}
				}
			}
		}
	}
	slices.SortFunc(w.added, func(a, b spotted) int { return a.compare(b.place) })
	return w
}

// next takes out all grants with the next key; nil at the end.
func (w *walk) next() (out []Match) {
	b := w.s.base
	for len(w.cursors)+len(w.added) > 0 {
		key, end := "", uint32(0)
		if len(w.cursors) > 0 {
			least := w.cursors[0][0]
			for _, c := range w.cursors {
				least = min(least, c[0])
			}
			scope := b.scopeOf(least)
			key, end = b.place(scope).key(), b.start[scope+1]
			if scope+1 < len(b.parent) && b.place(scope+1).key() == key { // the prefix, and exactly that key
				end = b.start[scope+2]
			}
		}
		if len(w.added) > 0 {
			if k := w.added[0].key(); end == 0 || k < key {
				key, end = k, 0
			}
		}
		w.take(end, &out)
		for ; len(w.added) > 0 && w.added[0].key() == key; w.added = w.added[1:] {
			out = append(out, newMatch(w.added[0].place, w.added[0].e))
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// take moves each cursor to a record.
func (w *walk) take(end uint32, out *[]Match) {
	b := w.s.base
	for i, c := range w.cursors {
		for ; len(c) > 0 && c[0] < end; c = c[1:] {
			if r := &b.records[c[0]]; !w.s.hidden(r.id, false) {
				e := b.entry(r)
				*out = append(*out, newMatch(b.place(b.scopeOf(c[0])), &e))
			}
		}
		w.cursors[i] = c
	}
	w.cursors = slices.DeleteFunc(w.cursors, func(c []uint32) bool { return len(c) == 0 })
}
