package upstream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	readBuffer  = 16 << 10
	writeBuffer = 256 << 10 // of a long body
	firstWrite  = 16 << 10  // head and beginning of the body, in one write
)

// buffers are for bodies on their way out.
var buffers = sync.Pool{New: func() any { b := make([]byte, writeBuffer); return &b }}

// conn is a connection. One goroutine uses it at a time.
type conn struct {
	client *Client
	raw    net.Conn // TCP
	stream net.Conn // raw, or TLS over it
	r      *bufio.Reader
	since  time.Time // when it began to wait

	answered bool      // a byte of the current answer has come
	until    time.Time // when the head of the answer must have come; zero when it has
}

func (k *conn) start() { k.r = bufio.NewReaderSize(reader{k}, readBuffer) }

// reader reads with the deadline that fits: for the whole head of an answer, or for some bytes of its body.
type reader struct{ k *conn }

func (r reader) Read(p []byte) (int, error) {
	until := r.k.until
	if until.IsZero() {
		until = time.Now().Add(r.k.client.options.Progress)
	}
	if err := r.k.stream.SetReadDeadline(until); err != nil {
		return 0, err
	}
	n, err := r.k.stream.Read(p)
	r.k.answered = r.k.answered || n > 0
	return n, err
}

// usable reports whether a connection that waited may be asked: it has not waited too long, and nothing has come
// meanwhile. Bytes or an end that came before the question are no answer to it.
func (k *conn) usable() bool {
	return time.Since(k.since) <= k.client.options.Idle && k.r.Buffered() == 0 && silent(k.raw)
}

// silent reports whether a read of a connection would wait.
func silent(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	waits := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waits = err == syscall.EAGAIN
		return true
	})
	return err == nil && waits
}

// reset ends the connection so that the store cannot take the end for the end of the bytes.
func (k *conn) reset() {
	if t, ok := k.raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	k.raw.Close()
}

// roundTrip sends a request, and reads the head of its answer.
func (k *conn) roundTrip(ctx context.Context, r *Request) (*Response, error) {
	k.answered = false
	stop := context.AfterFunc(ctx, k.reset)
	resp, err := k.exchange(r)
	if err != nil {
		stop()
		k.reset()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	resp.Body.(*body).stop = stop
	return resp, nil
}

func (k *conn) exchange(r *Request) (*Response, error) {
	refused, err := k.send(r)
	if err != nil {
		return nil, err
	}
	patience := k.client.options.FirstByte
	if r.Patience > 0 {
		patience = r.Patience
	}
	k.until = time.Now().Add(patience)
	head, err := k.readHead()
	k.until = time.Time{}
	if err != nil {
		if refused != nil {
			return nil, refused
		}
		return nil, err
	}
	resp := &Response{Status: head.status, Header: head.fields}
	b := &body{k: k, reusable: refused == nil && head.keepAlive}
	if err := b.frame(r.Method, head); err != nil {
		return nil, err
	}
	resp.Length, resp.Body = b.length, b
	return resp, nil
}

// send writes a request. A store that stops reading before the end of the body has an answer, perhaps: refused is why
// the body could not be written then.
func (k *conn) send(r *Request) (refused, err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	out := appendHead((*buffer)[:0], r)
	left := r.Length
	if r.Body == nil {
		left = 0
	}
	// A short body goes with the head. The capacity of a pooled buffer is kept.
	if n := min(left, int64(max(0, firstWrite-len(out)))); n > 0 && len(out)+int(n) <= cap(out) {
		m, err := io.ReadFull(r.Body, out[len(out):len(out)+int(n)])
		if err != nil {
			return nil, &BodyError{short(err)}
		}
		out, left = out[:len(out)+m], left-int64(m)
	}
	if left == 0 {
		if err := atEnd(r); err != nil {
			return nil, err
		}
	}
	if refused := k.write(out); refused != nil {
		return refused, nil
	}
	for left > 0 {
		chunk := (*buffer)[:min(left, writeBuffer)]
		if _, err := io.ReadFull(r.Body, chunk); err != nil {
			return nil, &BodyError{short(err)}
		}
		if left -= int64(len(chunk)); left == 0 {
			if err := atEnd(r); err != nil {
				return nil, err
			}
		}
		if refused := k.write(chunk); refused != nil {
			return refused, nil
		}
	}
	return nil, nil
}

// atEnd reads the end of the body, which must come now. Bodies verify what they are when they end, so the last bytes
// are not sent before that.
func atEnd(r *Request) error {
	if r.Body == nil {
		return nil
	}
	var one [1]byte
	switch n, err := io.ReadFull(r.Body, one[:]); {
	case err == io.EOF:
		return nil
	case n > 0:
		return &BodyError{fmt.Errorf("the body has more than %d bytes", r.Length)}
	default:
		return &BodyError{err}
	}
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (k *conn) write(b []byte) error {
	if err := k.stream.SetWriteDeadline(time.Now().Add(k.client.options.Progress)); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if _, err := k.stream.Write(b); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}
