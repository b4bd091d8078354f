package grants

import (
	"bytes"

	"granary"
)

// Match is a grant that covers a target.
type Match struct {
	ID          granary.GrantID
	Scope       string
	Object      bool
	Grantee     granary.Grantee
	Permission  granary.Permission
	Location    granary.LocationID
	Application granary.ARN
}

func newMatch(p place, e *entry) Match {
	return Match{formatID(e.id), p.String(), p.exact, e.grantee, e.permission, e.location, e.app}
}

// Match finds the narrowest grant of the identities that covers the target with the permission; app is the application the
// caller came through, "" when none. Exact keys beat prefixes and longer prefixes shorter ones; between grants of one
// scope the permission asked for beats a broader one, then users beat groups and groups IAM principals, then a grant
// bound to the application beats one that is not, then the older one. S3 User Guide, "Request access to Amazon S3 data through S3 Access Grants".
func (s *Set) Match(identities []granary.Grantee, app granary.ARN, t Target, p granary.Permission) (Match, bool) {
	return s.match(identities, app, false, t, p)
}

// MatchAny is Match through whichever application a grant may be bound to.
func (s *Set) MatchAny(identities []granary.Grantee, t Target, p granary.Permission) (Match, bool) {
	return s.match(identities, "", true, t, p)
}

func (s *Set) match(identities []granary.Grantee, app granary.ARN, anyApp bool, t Target, p granary.Permission) (Match, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	best, at, found := s.matchBase(identities, app, anyApp, t, p)
	consider := func(where place, e *entry) {
		if !e.permission.Covers(p) || e.app != "" && e.app != app && !anyApp {
			return
		}
		if !found || where.narrower(at) || where == at && e.rank(p).better(best.rank(p)) {
			best, at, found = *e, where, true
		}
	}
	for i, o := range []*overlay{s.live, s.frozen} {
		if o == nil {
			continue
		}
		o.covering(t.at, func(where place) {
			for _, who := range identities {
				for _, e := range o.added[spot{where, who}] {
					if i == 0 || !s.hidden(e.id, true) {
						consider(where, &e)
					}
				}
			}
		})
	}
	if !found {
		return Match{}, false
	}
	return newMatch(at, &best), true
}

// narrower compares two places that cover one target.
func (p place) narrower(q place) bool {
	if p.exact != q.exact {
		return p.exact
	}
	return len(p.text) > len(q.text)
}

// matchBase spells out the one grant that it chooses, so that it allocates the same however many there are.
func (s *Set) matchBase(identities []granary.Grantee, app granary.ARN, anyApp bool, t Target, p granary.Permission) (e entry, at place, found bool) {
	b := s.base
	callers := newWanted(identities)
	through, _ := b.apps.find(0, string(app)) // 0, that of none, when no grant is bound to it
	if app == "" {
		through = 0
	}
	var best *record
	var first rank
	b.covering(t.at, func(scope int) bool {
		b.of(scope, callers, func(r *record) {
			if !r.permission.Covers(p) || r.app != 0 && r.app != through && !anyApp || s.hidden(r.id, false) {
				return
			}
			k := rank{r.permission == p, b.kind(r.who), r.app != 0, r.created, r.id}
			if best == nil || k.better(first) {
				best, first = r, k
			}
		})
		if best != nil {
			at = b.place(scope)
		}
		return best == nil
	})
	if best == nil {
		return e, at, false
	}
	return b.entry(best), at, true
}

// rank is what decides between two grants of one scope.
type rank struct {
	asked   bool // exactly the permission that was asked for
	kind    granary.GranteeType
	bound   bool // to the application
	created int64
	id      [16]byte
}

func (e *entry) rank(asked granary.Permission) rank {
	return rank{e.permission == asked, e.grantee.Type, e.app != "", e.created, e.id}
}

func (k rank) better(o rank) bool {
	switch {
	case k.asked != o.asked:
		return k.asked
	case k.kind != o.kind:
		return order(k.kind) < order(o.kind)
	case k.bound != o.bound:
		return k.bound
	case k.created != o.created:
		return k.created < o.created
	}
	return bytes.Compare(k.id[:], o.id[:]) < 0
}

// order has users before groups, and groups before IAM principals.
func order(t granary.GranteeType) int {
	switch t {
	case granary.GranteeUser:
		return 0
	case granary.GranteeGroup:
		return 1
	}
	return 2
}
