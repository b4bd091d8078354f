package scim

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates slow provisioning down to so many requests a second for each operation and identity store, as AWS does; a
// change of a membership counts as one (Identity Center User Guide, "SCIM limits").
type rates struct {
	mu sync.Mutex
	of map[string]*rate.Limiter
}

func (r *rates) limiter(key string, perSecond int) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.of[key]
	if l == nil {
		if r.of == nil {
			r.of = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(perSecond), perSecond)
		r.of[key] = l
	}
	return l
}

// limiter is this call's, or nil.
func (c *call) limiter() *rate.Limiter {
	perSecond := c.Writes
	if c.reads() {
		perSecond = c.Reads
	}
	if perSecond <= 0 || c.kind == "Bulk" { // its operations count
		return nil
	}
	return c.rates.limiter(string(c.center.Store)+" "+c.operation(), perSecond)
}

func (c *call) limit() error {
	l := c.limiter()
	if l == nil {
		return nil
	}
	r := l.ReserveN(c.now, 1)
	if wait := r.DelayFrom(c.now); wait > 0 {
		r.CancelAt(c.now)
		return &scimError{status: http.StatusTooManyRequests, detail: "There are more requests of this kind than the " +
			"server is set to take. Please try again later.", retry: wait}
	}
	return nil
}

// maxDebt is how long a large change may make later ones wait.
const maxDebt = 10 * time.Second

// charge counts changes of memberships beside the request itself.
func (c *call) charge(changes int) {
	l := c.limiter()
	if l == nil {
		return
	}
	for n := min(changes-1, c.Writes*int(maxDebt/time.Second)); n > 0; n -= c.Writes {
		l.ReserveN(c.now, min(n, c.Writes))
	}
}
