package front

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Limits of open connections to one door.
const (
	MaxConnections         = 16384
	MaxConnectionsOfSource = 1024 // trusted proxies aside
)

// Listener accepts connections for one door. It limits the connections of each source, does the TLS handshake, and
// checks the framing of each request.
type Listener struct {
	net.Listener
	TLS     *tls.Config // nil: plain HTTP
	Proxies Proxies
	// HandshakeFailed is called when a TLS handshake fails. It may be nil.
	HandshakeFailed func(client net.Addr, err error)

	mu      sync.Mutex
	total   int
	sources map[netip.Prefix]*source
}

// source counts the open connections of one host.
type source struct {
	open    int
	waiting list.List // of *conn: those without a request under way, the longest waiting first
}

// Accept waits for the next connection. A source with MaxConnectionsOfSource open connections loses the one that has
// waited longest for a request. When the door has MaxConnections, the source with most of them loses one. Where none
// waits, the new connection is closed.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		out := &conn{Conn: c, listener: l}
		if l.TLS != nil {
			out.tls = tls.Server(c, l.TLS)
			out.Conn = out.tls
		}
		if l.admit(out) {
			return out, nil
		}
		_ = c.Close() // nothing was sent on it
	}
}

// admit counts a new connection and reports whether it may stay. It may close another one for it.
func (l *Listener) admit(c *conn) bool {
	a, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	c.source = sourceKey(a.Addr())
	l.mu.Lock()
	s := l.sources[c.source]
	if s == nil {
		s = &source{}
		if l.sources == nil {
			l.sources = map[netip.Prefix]*source{}
		}
		l.sources[c.source] = s
	}
	var gives *conn
	full := false
	switch {
	case s.open >= MaxConnectionsOfSource && !l.Proxies.Trusts(a.Addr()):
		gives, full = s.longestWaiting(), true
	case l.total >= MaxConnections:
		gives, full = l.largest().longestWaiting(), true
	}
	admitted := !full || gives != nil
	if admitted {
		l.total++
		s.open++
	} else if s.open == 0 {
		delete(l.sources, c.source)
	}
	l.mu.Unlock()
	if gives != nil {
		_ = gives.Close() // nothing is under way on it
	}
	return admitted
}

// longestWaiting takes the connection that has waited longest out of the waiting ones. It returns nil when none waits.
func (s *source) longestWaiting() *conn {
	if s == nil || s.waiting.Len() == 0 {
		return nil
	}
	c := s.waiting.Remove(s.waiting.Front()).(*conn)
	c.waits = nil
	return c
}

// largest returns the source with most open connections among those that have a waiting one; nil when none has. It
// looks at every source, and is called when the door is full only.
func (l *Listener) largest() (most *source) {
	for _, s := range l.sources {
		if s.waiting.Len() > 0 && (most == nil || s.open > most.open) {
			most = s
		}
	}
	return most
}

// trackState keeps the list of waiting connections when the state of one changes. It is a server's ConnState.
func (l *Listener) trackState(nc net.Conn, state http.ConnState) {
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sources[c.source]
	if s == nil || c.closed {
		return
	}
	if c.waits != nil {
		s.waiting.Remove(c.waits)
		c.waits = nil
	}
	if state == http.StateNew || state == http.StateIdle {
		c.waits = s.waiting.PushBack(c)
	}
}

// forget takes a closed connection out of the counts.
func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	s := l.sources[c.source]
	if c.waits != nil {
		s.waiting.Remove(c.waits)
		c.waits = nil
	}
	l.total--
	if s.open--; s.open == 0 {
		delete(l.sources, c.source)
	}
}

// conn is a client's connection.
type conn struct {
	net.Conn
	tls      *tls.Conn // nil: plain
	listener *Listener
	source   netip.Prefix
	shaken   bool
	frames   framing
	broken   error

	waits  *list.Element // its place in source.waiting; nil while a request is under way
	closed bool
}

// Read reads what the client sent, up to the first framing that two parsers could read differently. The server then
// answers with 400 and closes the connection.
func (c *conn) Read(p []byte) (int, error) {
	if c.broken != nil {
		return 0, c.broken
	}
	if c.tls != nil && !c.shaken {
		if err := c.handshake(); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(p)
	if passed, ferr := c.frames.next(p[:n]); ferr != nil {
		c.broken = ferr
		return passed, ferr
	}
	return n, err
}

// handshake does the TLS handshake, within the deadline that the server has set for the head of a request.
func (c *conn) handshake() error {
	err := c.tls.Handshake()
	if err == nil {
		c.shaken = true
		return nil
	}
	if c.listener.HandshakeFailed != nil {
		c.listener.HandshakeFailed(c.RemoteAddr(), err)
	}
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader[:]) {
		_, _ = io.WriteString(plain.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: "+
			"close\r\n\r\nThis server speaks HTTPS here: use an https:// URL.\n")
	}
	return io.EOF // the server says nothing more
}

func looksLikeHTTP(head []byte) bool {
	switch string(head) {
	case "GET /", "HEAD ", "POST ", "PUT /", "DELET", "OPTIO", "PATCH", "CONNE":
		return true
	}
	return false
}

// Close closes the connection and takes it out of the counts.
func (c *conn) Close() error {
	c.listener.forget(c)
	return c.Conn.Close()
}

// ReadFrom lets the operating system copy files to a plain connection.
func (c *conn) ReadFrom(from io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(from)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, from)
}

type connKey struct{}

// connContext puts the connection into the context of its requests. It is a server's ConnContext.
func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// tlsState returns the TLS state of a request's connection, or nil when the connection is plain.
func tlsState(r *http.Request) *tls.ConnectionState {
	if r.TLS != nil {
		return r.TLS
	}
	if c, ok := r.Context().Value(connKey{}).(*conn); ok && c.tls != nil {
		s := c.tls.ConnectionState()
		return &s
	}
	return nil
}
