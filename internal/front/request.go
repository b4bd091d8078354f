package front

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"granary/internal/limit"
)

// Request is an HTTP request under way. One goroutine uses it at a time; Cut may be called from any.
type Request struct {
	HTTP       *http.Request
	ID, HostID string // the request id, and the second one that S3 answers with
	Started    time.Time
	Source     netip.Addr // the client's address behind trusted proxies; invalid when a proxy does not tell it
	Secure     bool       // the client's connection is TLS
	TLSVersion string     // "1.2" or "1.3"; "" when it is not known

	reception *Reception
	control   *http.ResponseController
	held      limit.Share[netip.Prefix] // of the memory for bodies
	started   bool                      // the body is being read
	ended     bool                      // the body was read to its end
	hurried   bool                      // the body has an absolute deadline

	writing sync.Mutex // guards cut and the deadline of writes
	cut     bool       // nothing more is to be written
}

// readPeer sets source and TLS from the connection.
func (r *Request) readPeer() {
	if a, err := netip.ParseAddrPort(r.HTTP.RemoteAddr); err == nil {
		r.Source = a.Addr().Unmap()
	}
	if t := tlsState(r.HTTP); t != nil {
		r.Secure = true
		switch t.Version {
		case 0x0304:
			r.TLSVersion = "1.3"
		case 0x0303:
			r.TLSVersion = "1.2"
		}
	}
}

// SourceText returns the source's address, or "" when it is not known.
func (r *Request) SourceText() string {
	if !r.Source.IsValid() {
		return ""
	}
	return r.Source.String()
}

// documentTime limits an operation that takes and returns documents. The time for its body is extra.
const documentTime = 2 * time.Minute

// Context returns a context that ends when the client goes away, or after two minutes. Requests that stream objects use
// the context of the HTTP request instead.
func (r *Request) Context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.HTTP.Context(), documentTime)
}
