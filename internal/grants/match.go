package grants

import (
	"bytes"
	"cmp"

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
	var best entry
	var at place
	found := false
	consider := func(where place, e *entry) {
		if !e.permission.Covers(p) || e.app != "" && e.app != app && !anyApp {
			return
		}
		if !found || where.narrower(at) || where == at && e.better(&best, p) {
			best, at, found = *e, where, true
		}
	}
	if numbers := s.base.numbers(identities); len(numbers) > 0 {
		s.base.covering(t.at, func(scope int) bool {
			var where *place
			s.base.of(scope, numbers, func(r *record) {
				if !r.permission.Covers(p) || s.hidden(r.id, false) {
					return
				}
				if where == nil {
					w := s.base.place(scope)
					where = &w
				}
				e := s.base.entry(r)
				consider(*where, &e)
			})
			return !found
		})
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

// better breaks ties between two grants of one scope.
func (e *entry) better(o *entry, asked granary.Permission) bool {
	rank := func(e *entry) (exact, kind, bound int) {
		if e.permission == asked {
			exact = 1
		}
		kind = map[granary.GranteeType]int{granary.GranteeUser: 3, granary.GranteeGroup: 2, granary.GranteeIAM: 1}[e.grantee.Type]
		if e.app != "" {
			bound = 1
		}
		return exact, kind, bound
	}
	e1, k1, b1 := rank(e)
	e2, k2, b2 := rank(o)
	return cmp.Or(cmp.Compare(e1, e2), cmp.Compare(k1, k2), cmp.Compare(b1, b2), cmp.Compare(o.created, e.created), bytes.Compare(o.id[:], e.id[:])) > 0
}
