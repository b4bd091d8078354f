package grants

import (
	"encoding/hex"
	"iter"
	"strings"
	"sync"

	"granary"
)

// Set is all grants of one Access Grants instance. A lookup costs the caller's groups and the depth of the path, never the
// number of grants. All methods are safe for concurrent use.
type Set struct {
	mu     sync.RWMutex
	base   *base
	frozen *overlay // being merged into the next base; nil when no merge is under way
	live   *overlay
	size   int
}

// NewSet is an empty set.
func NewSet() *Set { return &Set{base: newBuilder(0).finish(), live: newOverlay()} }

// Load makes a set of many grants at once.
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

// parseID reads a grant id, which is always a UUID of ours.
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

// compare orders places by "bucket/text", and prefix before exact.
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

// Len is how many grants the set holds.
func (s *Set) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.size
}

// Put adds a grant; one that is there already stays as it is, for grants never change.
func (s *Set) Put(g *granary.Grant) {
	p, ok := split(g.Scope, g.Object)
	if !ok {
		return
	}
	e, ok := newEntry(g)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.has(p, e.grantee, e.id) {
		return
	}
	s.live.put(p, e)
	s.size++
	s.mergeIfLarge()
}

// Delete removes a grant.
func (s *Set) Delete(g *granary.Grant) {
	p, ok := split(g.Scope, g.Object)
	if !ok {
		return
	}
	id, ok := parseID(g.ID)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.has(p, g.Grantee, id) {
		return
	}
	s.size--
	if s.live.remove(spot{p, g.Grantee}, id) {
		return
	}
	s.live.gone[id] = struct{}{}
	s.mergeIfLarge()
}

// Has reports whether a grant is there, by what a session remembers of it.
func (s *Set) Has(scope string, object bool, grantee granary.Grantee, id granary.GrantID) bool {
	p, ok := split(scope, object)
	b, valid := parseID(id)
	if !ok || !valid {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.has(p, grantee, b)
}

func (s *Set) has(p place, grantee granary.Grantee, id [16]byte) bool {
	if s.live.has(spot{p, grantee}, id) {
		return true
	}
	if _, gone := s.live.gone[id]; gone {
		return false
	}
	if s.frozen != nil {
		if s.frozen.has(spot{p, grantee}, id) {
			return true
		}
		if _, gone := s.frozen.gone[id]; gone {
			return false
		}
	}
	scope := s.base.find(p)
	if scope < 0 {
		return false
	}
	found := false
	s.base.of(scope, newWanted([]granary.Grantee{grantee}), func(r *record) { found = found || r.id == id })
	return found
}

// hidden reports whether a grant of the base is gone by now; fromFrozen, whether one of the frozen layer is.
func (s *Set) hidden(id [16]byte, fromFrozen bool) bool {
	if len(s.live.gone) > 0 {
		if _, gone := s.live.gone[id]; gone {
			return true
		}
	}
	if fromFrozen || s.frozen == nil {
		return false
	}
	_, gone := s.frozen.gone[id]
	return gone
}
