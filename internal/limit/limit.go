// Package limit slows down sources that ask too often where nobody has signed in yet.
package limit

import (
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

// maxSources are remembered; beyond that all are forgotten, which lets everybody begin anew.
const maxSources = 100_000

// BySource limits requests by the address they come from. It is safe for concurrent use.
type BySource struct {
	every rate.Limit
	burst int
	mu    sync.Mutex
	seen  map[netip.Prefix]*rate.Limiter
}

// New allows a source so many requests a second, and a burst of so many at once.
func New(perSecond float64, burst int) *BySource {
	return &BySource{every: rate.Limit(perSecond), burst: burst, seen: map[netip.Prefix]*rate.Limiter{}}
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
