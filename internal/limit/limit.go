// Package limit limits the rate of requests: of addresses that are not authenticated yet, and of applications.
package limit

import (
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

// maxSources is the number of keys that are remembered. When it is reached all are forgotten, so each gets its burst
// anew.
const maxSources = 100_000

// By limits the rate of requests for each key. It is safe for concurrent use.
type By[K comparable] struct {
	rate  rate.Limit
	burst int
	mu    sync.Mutex
	seen  map[K]*rate.Limiter
}

// NewBy returns a limiter that allows perSecond requests a second for each key, and a burst of so many at once.
func NewBy[K comparable](perSecond float64, burst int) *By[K] {
	return &By[K]{rate: rate.Limit(perSecond), burst: burst, seen: map[K]*rate.Limiter{}}
}

// Allow reports whether a key may make one more request now, and counts it.
func (b *By[K]) Allow(key K) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.seen[key]
	if l == nil {
		if len(b.seen) >= maxSources {
			clear(b.seen)
		}
		l = rate.NewLimiter(b.rate, b.burst)
		b.seen[key] = l
	}
	return l.Allow()
}

// BySource limits the rate of requests for each source address. It is safe for concurrent use.
type BySource struct{ limits *By[netip.Prefix] }

// New returns a limiter that allows perSecond requests a second for each source, and a burst of so many at once.
func New(perSecond float64, burst int) *BySource {
	return &BySource{NewBy[netip.Prefix](perSecond, burst)}
}

// Allow reports whether a source may make one more request now, and counts it. All addresses of an IPv6 /64 are one
// source, since one host can use all of them.
func (b *BySource) Allow(source netip.Addr) bool {
	source = source.Unmap()
	bits := 32
	if source.Is6() {
		bits = 64
	}
	key, err := source.Prefix(bits)
	if err != nil {
		key = netip.Prefix{} // sources without an address share one limit
	}
	return b.limits.Allow(key)
}
