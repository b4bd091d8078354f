package grants

import (
	"cmp"
	"slices"
	"strings"

	"granary"
)

// Covering returns the scopes of grants that cover a target, narrowest first. One text may stand for both a prefix and
// a key.
func (s *Set) Covering(t Target) (scopes []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.base.eachCovering(t.place, func(scope int) bool {
		scopes = append(scopes, s.base.placeOf(scope).String())
		return true
	})
	for _, o := range []*overlay{s.live, s.frozen} {
		if o != nil {
			o.eachCovering(t.place, func(where place) { scopes = append(scopes, where.String()) })
		}
	}
	slices.SortFunc(scopes, t.Narrower)
	return slices.Compact(scopes)
}

// Narrower compares two scopes that cover the target: the scope of exactly its key comes first, then longer ones.
func (t Target) Narrower(a, b string) int {
	if it := t.place.String(); t.place.exact && a != b && (a == it || b == it) {
		if a == it {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

// Covers reports whether a grant serves a request for a target with a permission, if the caller is its grantee.
func Covers(g *granary.Grant, t Target, p granary.Permission) bool {
	at, ok := splitScope(g.Scope, g.Object)
	return ok && g.Permission.Covers(p) && at.covers(t.place)
}

// Inside reports whether a grant covers a part of a target but not all of it.
func Inside(g *granary.Grant, t Target) bool {
	at, ok := splitScope(g.Scope, g.Object)
	return ok && t.place.covers(at) && !at.covers(t.place)
}

func (p place) covers(t place) bool {
	switch {
	case p.bucket != t.bucket:
		return false
	case p.exact:
		return t.exact && p.text == t.text
	}
	return strings.HasPrefix(t.text, p.text)
}
