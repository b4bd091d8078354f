// Package limit slows down those who ask too often: sources where nobody has signed in yet, applications beyond their share.
package limit

import (
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

// maxSources are remembered; beyond that all are forgotten, which lets everybody begin anew.
const maxSources = 100_000

// By limits requests by what they come from or are for. It is safe for concurrent use.
type By[K comparable] struct {
	every rate.Limit
	burst int
	mu    sync.Mutex
	seen  map[K]*rate.Limiter
}

// NewBy allows each key so many requests a second, and a burst of so many at once.
func NewBy[K comparable](perSecond float64, burst int) *By[K] {
	return &By[K]{every: rate.Limit(perSecond), burst: burst, seen: map[K]*rate.Limiter{}}
}

// Allow reports whether one more may go on.
func (b *By[K]) Allow(key K) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.seen[key]
	if l == nil {
		if len(b.seen) >= maxSources {
			clear(b.seen)
		}
		l = rate.NewLimiter(b.every, b.burst)
		b.seen[key] = l
	}
	return l.Allow()
}

// BySource limits requests by the address they come from. It is safe for concurrent use.
type BySource struct{ by *By[netip.Prefix] }

// New allows a source so many requests a second, and a burst of so many at once.
func New(perSecond float64, burst int) *BySource {
	return &BySource{NewBy[netip.Prefix](perSecond, burst)}
}

// Allow reports whether a source may go on. An IPv6 source is its /64, which one host has all of.
func (b *BySource) Allow(source netip.Addr) bool {
	source = source.Unmap()
	bits := 32
	if source.Is6() {
		bits = 64
	}
	key, err := source.Prefix(bits)
	if err != nil {
		key = netip.Prefix{} // sources without an address share a limit
	}
	return b.by.Allow(key)
}
