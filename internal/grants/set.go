package grants

import (
	"encoding/hex"
	"iter"
	"strings"
	"sync"

	"granary"
)

// Set holds all grants of one Access Grants instance. The cost of a look-up depends on the number of the caller's
// groups and the depth of the path, not on the number of grants. All methods are safe for concurrent use.
//
// A set has up to three layers: the immutable base, above it the frozen overlay while a merge runs, and on top the live
// overlay, which takes all changes.
type Set struct {
	mu     sync.RWMutex
	base   *base
	frozen *overlay // being merged into the next base; nil when no merge runs
	live   *overlay
	size   int
}

// NewSet returns an empty set.
func NewSet() *Set { return &Set{base: newBuilder(0).finish(), live: newOverlay()} }

// Load returns a set of many grants.
func Load(list iter.Seq[*granary.Grant]) *Set {
	l := NewLoader()
	for g := range list {
		l.Add(g)
	}
	return l.Set()
}

func newEntry(g *granary.Grant) (e entry, ok bool) {
	id, ok := parseID(g.ID)
	return entry{id, g.Grantee, g.Permission, g.Location, g.Application, g.Created.UnixNano()}, ok
}

// parseID reads a grant id, which must be a UUID.
func parseID(id granary.GrantID) (b [16]byte, ok bool) {
	s := string(id)
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	_, err := hex.Decode(b[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return b, err == nil
}

func formatID(b [16]byte) granary.GrantID {
	h := hex.EncodeToString(b[:])
	return granary.GrantID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}

// compare orders places by "bucket/text", with a prefix before the exact key of the same text.
func (p place) compare(q place) int {
	if p.bucket != q.bucket {
		return strings.Compare(p.bucket+"/", q.bucket+"/")
	}
	if c := strings.Compare(p.text, q.text); c != 0 {
		return c
	}
	switch {
	case p.exact == q.exact:
		return 0
	case q.exact:
		return -1
	}
	return 1
}

// Len returns the number of grants.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.size
}

// Put adds a grant. It does nothing when the grant is in the set already, since grants never change, or when its scope
// or id is malformed.
func (s *Set) Put(g *granary.Grant) {
	p, ok := splitScope(g.Scope, g.Object)
	if !ok {
		return
	}
	e, ok := newEntry(g)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.contains(p, e.grantee, e.id) {
		return
	}
	s.live.addEntry(p, e)
	s.size++
	s.mergeIfLarge()
}

// Delete removes a grant, if it is in the set.
func (s *Set) Delete(g *granary.Grant) {
	p, ok := splitScope(g.Scope, g.Object)
	if !ok {
		return
	}
	id, ok := parseID(g.ID)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.contains(p, g.Grantee, id) {
		return
	}
	s.size--
	if s.live.remove(spot{p, g.Grantee}, id) {
		return
	}
	s.live.removed[id] = struct{}{}
	s.mergeIfLarge()
}

// Has reports whether a grant is still in the set, by the fields of it that a session carries.
func (s *Set) Has(scope string, object bool, grantee granary.Grantee, id granary.GrantID) bool {
	p, ok := splitScope(scope, object)
	b, valid := parseID(id)
	if !ok || !valid {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.contains(p, grantee, b)
}

// contains is Has for a parsed scope and id. The caller holds the lock.
func (s *Set) contains(p place, grantee granary.Grantee, id [16]byte) bool {
	if s.live.contains(spot{p, grantee}, id) {
		return true
	}
	if _, gone := s.live.removed[id]; gone {
		return false
	}
	if s.frozen != nil {
		if s.frozen.contains(spot{p, grantee}, id) {
			return true
		}
		if _, gone := s.frozen.removed[id]; gone {
			return false
		}
	}
	scope := s.base.findScope(p)
	if scope < 0 {
		return false
	}
	found := false
	s.base.eachRecordOf(scope, newCallerSet([]granary.Grantee{grantee}), func(r *record) { found = found || r.id == id })
	return found
}

// hidden reports whether a grant of the base was removed by an overlay or, if fromFrozen is true, whether a grant of
// the frozen overlay was removed by the live one.
func (s *Set) hidden(id [16]byte, fromFrozen bool) bool {
	if len(s.live.removed) > 0 {
		if _, gone := s.live.removed[id]; gone {
			return true
		}
	}
	if fromFrozen || s.frozen == nil {
		return false
	}
	_, gone := s.frozen.removed[id]
	return gone
}
