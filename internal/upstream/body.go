package upstream

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
)

const (
	drainLimit    = 256 << 10 // what is read of an answer that nobody wants, to use its connection again
	trailerBudget = 4 << 10
)

// body is the body of an answer.
type body struct {
	k        *conn
	length   int64 // -1 when it is chunked
	left     int64 // of length
	chunks   io.Reader
	reusable bool // the connection, when the body was read to its end
	ended    bool
	closed   bool
	err      error
	stop     func() bool
}

// frame finds where the body ends (RFC 9112 §6.3).
func (b *body) frame(method string, h answerHead) error {
	switch {
	case method == http.MethodHead:
		b.ended, b.length = true, h.length // of the body that GET would have
	case h.status == http.StatusNoContent || h.status == http.StatusNotModified:
		b.ended = true
	case h.chunked:
		b.length, b.chunks = -1, httputil.NewChunkedReader(b.k.r)
	case h.length >= 0:
		b.length, b.left, b.ended = h.length, h.length, h.length == 0
	default:
		// It would end when the connection does: whether it is whole cannot be known.
		if h.status < http.StatusBadRequest {
			return badAnswer("it does not tell its length")
		}
		b.length, b.reusable, b.ended = 0, false, true
	}
	return nil
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.ended:
		return 0, io.EOF
	}
	n, err := b.read(p)
	switch {
	case b.ended:
		if n == 0 {
			err = io.EOF
		} else {
			err = nil
		}
	case err != nil:
		b.err = fmt.Errorf("%w: %w", ErrBroken, short(err))
		err = b.err
	}
	return n, err
}

func (b *body) read(p []byte) (n int, err error) {
	if b.chunks != nil {
		n, err = b.chunks.Read(p)
		if err == io.EOF {
			if err = b.trailer(); err == nil {
				b.ended = true
			}
		}
		return n, err
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err = b.k.r.Read(p)
	b.left -= int64(n)
	b.ended = b.left == 0
	return n, err
}

// trailer passes over the lines after the last chunk. Nothing that a store says there is used.
func (b *body) trailer() error {
	budget := trailerBudget
	for {
		line, err := b.k.readLine(&budget)
		if err != nil || line == "" {
			return err
		}
	}
}

// Close gives the connection back, or ends it. Little that is left is read first.
func (b *body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	if !b.ended && b.err == nil && b.reusable && (b.chunks != nil || b.left <= drainLimit) {
		_, _ = io.CopyN(io.Discard, b, drainLimit+1) // an error shows in b.ended
	}
	if !b.stop() {
		return nil // the context ended first, and with it the connection
	}
	if b.ended && b.err == nil && b.reusable {
		b.k.client.put(b.k)
		return nil
	}
	b.k.reset()
	return nil
}
