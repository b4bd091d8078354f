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

// Match finds the narrowest grant of the identities that covers the target with the permission. app is the application
// through which the caller came, "" for none. An exact key is narrower than any prefix, and a longer prefix than a
// shorter one. Between grants of one scope the permission that was requested wins over a broader one, then a user over
// a group and a group over an IAM principal, then a grant bound to the application over one that is not, then the older
// grant. S3 User Guide, "Request access to Amazon S3 data through S3 Access Grants".
func (s *Set) Match(identities []granary.Grantee, app granary.ARN, t Target, p granary.Permission) (Match, bool) {
	return s.match(identities, app, false, t, p)
}

// MatchAny is Match regardless of the applications to which grants are bound.
func (s *Set) MatchAny(identities []granary.Grantee, t Target, p granary.Permission) (Match, bool) {
	return s.match(identities, "", true, t, p)
}

// match is Match and MatchAny. It takes the best grant of the base and of both overlays.
func (s *Set) match(identities []granary.Grantee, app granary.ARN, anyApp bool, t Target, p granary.Permission) (Match,
	bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	best, at, found := s.matchBase(identities, app, anyApp, t, p)
	consider := func(where place, e *entry) {
		if !e.permission.Covers(p) || e.app != "" && e.app != app && !anyApp {
			return
		}
		if !found || where.narrower(at) || where == at && e.rankOf(p).better(best.rankOf(p)) {
			best, at, found = *e, where, true
		}
	}
	for i, o := range []*overlay{s.live, s.frozen} {
		if o == nil {
			continue
		}
		o.eachCovering(t.place, func(where place) {
			for _, who := range identities {
				for _, e := range o.entries[spot{where, who}] {
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

// narrower reports whether p is narrower than q; both must cover one target.
func (p place) narrower(q place) bool {
	if p.exact != q.exact {
		return p.exact
	}
	return len(p.text) > len(q.text)
}

// matchBase finds the best grant in the base. It converts only that grant to an entry, so that it allocates the same
// for any number of grants.
func (s *Set) matchBase(identities []granary.Grantee, app granary.ARN, anyApp bool, t Target,
	p granary.Permission) (e entry, at place, found bool) {
	b := s.base
	callers := newCallerSet(identities)
	through, _ := b.apps.findNumber(0, string(app)) // 0, as for none, when no grant is bound to it
	if app == "" {
		through = 0
	}
	var best *record
	var first rank
	b.eachCovering(t.place, func(scope int) bool {
		b.eachRecordOf(scope, callers, func(r *record) {
			if !r.permission.Covers(p) || r.app != 0 && r.app != through && !anyApp || s.hidden(r.id, false) {
				return
			}
			k := rank{r.permission == p, b.granteeType(r.grantee), r.app != 0, r.created, r.id}
			if best == nil || k.better(first) {
				best, first = r, k
			}
		})
		if best != nil {
			at = b.placeOf(scope)
		}
		return best == nil
	})
	if best == nil {
		return e, at, false
	}
	return b.entryOf(best), at, true
}

// rank holds what decides between two grants of one scope.
type rank struct {
	asked       bool // its permission is exactly the one requested
	granteeType granary.GranteeType
	bound       bool // bound to an application
	created     int64
	id          [16]byte
}

func (e *entry) rankOf(asked granary.Permission) rank {
	return rank{e.permission == asked, e.grantee.Type, e.app != "", e.created, e.id}
}

// better reports whether a grant with rank k wins over one with rank o.
func (k rank) better(o rank) bool {
	switch {
	case k.asked != o.asked:
		return k.asked
	case k.granteeType != o.granteeType:
		return granteeOrder(k.granteeType) < granteeOrder(o.granteeType)
	case k.bound != o.bound:
		return k.bound
	case k.created != o.created:
		return k.created < o.created
	}
	return bytes.Compare(k.id[:], o.id[:]) < 0
}

// granteeOrder returns the place of a grantee type: users, groups, IAM principals.
func granteeOrder(t granary.GranteeType) int {
	switch t {
	case granary.GranteeUser:
		return 0
	case granary.GranteeGroup:
		return 1
	}
	return 2
}
