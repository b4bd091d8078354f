package grants

import (
	"cmp"
	"slices"
	"strings"

	"granary"
)

// Covering are the scopes of grants that cover a target, narrowest first. A scope text may stand for a prefix and for one key.
func (s *Set) Covering(t Target) (scopes []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.base.covering(t.at, func(scope int) bool {
		scopes = append(scopes, s.base.place(scope).String())
		return true
	})
	for _, o := range []*overlay{s.live, s.frozen} {
		if o != nil {
			o.covering(t.at, func(where place) { scopes = append(scopes, where.String()) })
		}
	}
	slices.SortFunc(scopes, t.Narrower)
	return slices.Compact(scopes)
}

// Narrower orders scopes that cover the target: exactly its key first, then longer ones.
func (t Target) Narrower(a, b string) int {
	if it := t.at.String(); t.at.exact && a != b && (a == it || b == it) {
		if a == it {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

// Covers reports whether a grant serves a request for a target with a permission, by whomever it is for.
func Covers(g *granary.Grant, t Target, p granary.Permission) bool {
	at, ok := split(g.Scope, g.Object)
	return ok && g.Permission.Covers(p) && at.covers(t.at)
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
