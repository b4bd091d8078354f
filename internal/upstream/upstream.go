// Package upstream speaks HTTP/1.1 to the stores behind the gateway.
//
// net/http's client is not used because four things must be exact here: what is sent, byte by byte; that an upload
// which fails ends with a reset of its connection, since a store may take a connection that is closed for the end of
// the bytes; that nothing which a store sends before it was asked is taken for an answer; and the cost of small
// requests. The goroutine of a request does all its work.
//
// The package knows no S3. A store is not trusted: what it answers is bounded in size and time, and parsed strictly.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Options are how a client reaches a store. Zero values stand for the defaults beside them.
type Options struct {
	Address        string        // host:port
	TLS            *tls.Config   // nil: plain HTTP
	ConnectTimeout time.Duration // of TCP and TLS together; 5 s
	FirstByte      time.Duration // from the end of a request to the end of its answer's head; 30 s
	Progress       time.Duration // longest pause while bytes are sent or received; 60 s
	Idle           time.Duration // how long a connection waits for another request; 15 s
	MaxIdle        int           // connections that wait; 64
}

// Client is the connections to one endpoint of a store. It is safe for concurrent use.
type Client struct {
	options Options
	mu      sync.Mutex
	idle    []*conn // the one used last stands last
	closed  bool
}

// New returns a client. It connects when it is asked for something.
func New(o Options) *Client {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.ConnectTimeout, 5*time.Second)
	set(&o.FirstByte, 30*time.Second)
	set(&o.Progress, time.Minute)
	set(&o.Idle, 15*time.Second)
	if o.MaxIdle == 0 {
		o.MaxIdle = 64
	}
	return &Client{options: o}
}

// Close closes the connections that wait. Requests under way go on.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, k := range c.idle {
		k.raw.Close()
	}
	c.idle = nil
}

// Field is a header as it is sent.
type Field struct{ Name, Value string }

// Request is one request.
type Request struct {
	Method  string
	Target  string  // escaped path and query
	Headers []Field // in the order in which they are sent; Host is among them, Content-Length is not
	Body    io.Reader
	Length  int64 // of Body in bytes
	// Repeatable says that the request may be sent a second time when a connection that had waited turns out to be dead.
	// Its Body is nil, or an io.Seeker.
	Repeatable bool
	// Patience is how long the head of the answer may take; 0 for the client's FirstByte.
	Patience time.Duration
}

// Response is an answer whose body is still to be read. The caller closes Body.
type Response struct {
	Status int
	Header Header
	// Length is the number of bytes of Body, or for HEAD of the body that GET would have. It is -1 when it is not told.
	Length int64
	Body   io.ReadCloser
}

// What a request can fail with besides the error of its own body and context.
var (
	// ErrConnect says that no connection could be made: the store has seen nothing.
	ErrConnect = errors.New("the store cannot be reached")
	// ErrBroken says that a connection ended or stalled. The store may have done what was asked.
	ErrBroken = errors.New("the connection to the store broke")
	// ErrAnswer says that the answer was no HTTP, or more than is read.
	ErrAnswer = errors.New("the store's answer cannot be understood")
)

// BodyError is what the body of a request failed with. The store was cut off before the end of the body.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// Do sends a request and reads the head of the answer. It fails with a *BodyError, with the context's error, or with
// one of this package's.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	for try := 0; ; try++ {
		k, reused, err := c.take(ctx, try > 0)
		if err != nil {
			return nil, err
		}
		resp, err := k.roundTrip(ctx, r)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !reused || try > 0 || !r.Repeatable || !errors.Is(err, ErrBroken) || k.answered {
			return nil, err
		}
		if s, ok := r.Body.(io.Seeker); ok {
			if _, err := s.Seek(0, io.SeekStart); err != nil {
				return nil, &BodyError{err}
			}
		}
	}
}

// take returns a connection that waited, or a new one.
func (c *Client) take(ctx context.Context, fresh bool) (k *conn, reused bool, err error) {
	for !fresh {
		if k = c.pop(); k == nil {
			break
		}
		if k.usable() {
			return k, true, nil
		}
		k.raw.Close()
	}
	k, err = c.dial(ctx)
	return k, false, err
}

func (c *Client) pop() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	k := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return k
}

// put takes back a connection whose answer was read to its end.
func (c *Client) put(k *conn) {
	k.since = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		k.raw.Close()
		return
	}
	// The oldest stand first: those that waited too long, or are too many, go.
	drop := 0
	for drop < len(c.idle) && (len(c.idle)-drop >= c.options.MaxIdle || k.since.Sub(c.idle[drop].since) > c.options.Idle) {
		c.idle[drop].raw.Close()
		drop++
	}
	c.idle = append(c.idle[drop:], k)
}

func (c *Client) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.ConnectTimeout)
	defer cancel()
	tcp, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.options.Address)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	k := &conn{client: c, raw: tcp, stream: tcp}
	if c.options.TLS != nil {
		t := tls.Client(tcp, c.options.TLS)
		if err := t.HandshakeContext(ctx); err != nil {
			tcp.Close()
			return nil, connectError(ctx, err)
		}
		k.stream = t
	}
	k.start()
	return k, nil
}

func connectError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	return fmt.Errorf("%w: %w", ErrConnect, err)
}
