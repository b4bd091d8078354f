package index

import "sync"

// held counts the effects that are being committed elsewhere. Whoever applies a change waits for those that may have
// been decided before it. Those that begin later see the change, and nobody waits for them.
type held struct {
	mu  sync.Mutex
	now *holders
}

// holders are the effects that began between two changes.
type holders struct {
	n    int
	gone chan struct{} // closed when the last has gone; nil while nobody waits
}

func (h *held) hold() (release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		h.now = &holders{}
	}
	g := h.now
	g.n++
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if g.n--; g.n == 0 && g.gone != nil {
			close(g.gone)
		}
	})
}

// wait returns when all who hold now have released.
func (h *held) wait() {
	h.mu.Lock()
	g := h.now
	h.now = nil
	if g == nil || g.n == 0 {
		h.mu.Unlock()
		return
	}
	g.gone = make(chan struct{})
	h.mu.Unlock()
	<-g.gone
}
