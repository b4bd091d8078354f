package limit

import "sync"

// Memory counts the memory that requests under way hold, in all and by a key such as the source. It is safe for
// concurrent use.
type Memory[K comparable] struct {
	Total, Each int64 // limits in bytes: of all keys, and of one
	// LoneMayExceed lets a request exceed a limit when nothing else counts towards it, so that one alone may have
	// what its answer needs.
	LoneMayExceed bool

	mu    sync.Mutex
	total int64
	held  map[K]int64
}

// Share is the part of a Memory that one request holds. It is for one goroutine at a time.
type Share[K comparable] struct {
	Memory *Memory[K]
	Key    K
	held   int64
}

// Take takes n bytes more, and reports whether that is within the limits. Nothing is taken when it is not.
func (s *Share[K]) Take(n int64) bool {
	m := s.Memory
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.held[s.Key]
	if of+n > m.Each && !(m.LoneMayExceed && of == s.held) {
		return false
	}
	if m.total+n > m.Total && !(m.LoneMayExceed && m.total <= s.held) {
		return false
	}
	if m.held == nil {
		m.held = map[K]int64{}
	}
	m.total += n
	m.held[s.Key] += n
	s.held += n
	return true
}

// Release gives back all that the share holds.
func (s *Share[K]) Release() {
	if s.held == 0 {
		return
	}
	m := s.Memory
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total -= s.held
	if m.held[s.Key] -= s.held; m.held[s.Key] == 0 {
		delete(m.held, s.Key)
	}
	s.held = 0
}

// InUse returns how many bytes are held, and by how many keys.
func (m *Memory[K]) InUse() (bytes int64, keys int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total, len(m.held)
}
