package front

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"granary"
)

// Limits of how slowly a request may come and an answer may be taken.
const (
	// MaxHead is the largest head of a request, in bytes.
	MaxHead = 64 << 10
	// HeadDeadline limits the time for the head of a request, with the TLS handshake before it.
	HeadDeadline = 10 * time.Second
	// DocumentDeadline limits the time for a body that is a document: JSON, XML, a form.
	DocumentDeadline = 10 * time.Second
	// IdleDeadline limits how long an object's body may stand still, and how long a client may take no byte of an answer.
	IdleDeadline = 20 * time.Second
	// LowestSpeed is the lowest average speed of an object's body, in bytes a second, after the first IdleDeadline.
	LowestSpeed = 1 << 10

	unreadDeadline = time.Second // for the rest of a body that the door did not read
)

// The errors of a body that does not arrive. Doors word them for their clients.
var (
	ErrTooLarge = granary.Errorf(granary.Invalid, "The request body is larger than the limit.").
			WithCode("RequestEntityTooLarge")
	ErrSlow = granary.Errorf(granary.Invalid, "The request body did not arrive in time. Send it again over a faster "+
		"connection.").WithCode("RequestTimeout")
	ErrCutOff = granary.Errorf(granary.Invalid, "The request body could not be read: it ended before its declared "+
		"length.").WithCode("IncompleteBody")
	ErrBusy = granary.Errorf(granary.Throttled, "Too many large requests are arriving. Please reduce your "+
		"request rate.")
)

// body is a request's body as doors read it. Reading fails with ErrSlow when it arrives too slowly, and with ErrCutOff.
type body struct {
	io.ReadCloser
	request *Request
	read    int64
	began   time.Time
	checked time.Time // when the deadline was last moved
}

func (b *body) Read(p []byte) (int, error) {
	r := b.request
	if r.ended {
		return 0, io.EOF
	}
	if err := b.pace(); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case err == io.EOF:
		r.ended = true
		_ = r.control.SetReadDeadline(time.Time{}) // the server reads on, to notice that the client went away
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = ErrSlow
	case err != nil:
		var large *http.MaxBytesError
		if !errors.As(err, &large) {
			err = granary.Wrap(granary.Invalid, ErrCutOff.Message, err).WithCode("IncompleteBody")
		}
	}
	return n, err
}

// pace moves the deadline of an object's body, at most once a second. It fails with ErrSlow below the lowest speed.
func (b *body) pace() error {
	r := b.request
	if r.hurried {
		return nil
	}
	now := time.Now()
	if !r.started {
		r.started, b.began = true, now
	}
	if now.Sub(b.checked) < time.Second {
		return nil
	}
	b.checked = now
	if late := now.Sub(b.began) - IdleDeadline; late > 0 && b.read < int64(late/time.Second)*LowestSpeed {
		return ErrSlow
	}
	return r.control.SetReadDeadline(now.Add(IdleDeadline))
}

// Hurry sets an absolute deadline for the body, DocumentDeadline from now. Doors call it for documents.
func (r *Request) Hurry() {
	if !r.hurried && !r.ended {
		r.hurried, r.started = true, true
		_ = r.control.SetReadDeadline(time.Now().Add(DocumentDeadline)) // connections that have no deadlines are tests' own
	}
}

// hurryUnread sets a short deadline for the rest of a body that the door did not read, so that a client who does not
// send it holds nothing.
func (r *Request) hurryUnread() {
	if !r.ended && r.HTTP.ContentLength != 0 {
		_ = r.control.SetReadDeadline(time.Now().Add(unreadDeadline))
	}
}

// freeBytes is the size of the part of each document that costs no budget, in bytes.
const freeBytes = 64 << 10

// Document reads the whole body. It fails with ErrTooLarge when the body is longer than limit bytes, with ErrSlow,
// ErrCutOff or ErrBusy. It returns nil when there is no body.
func (r *Request) Document(limit int64) ([]byte, error) {
	switch n := r.HTTP.ContentLength; {
	case n == 0:
		return nil, nil
	case n > limit:
		r.Hurry()
		return nil, r.tooLarge()
	}
	return r.ReadDocument(r.HTTP.Body, limit)
}

// ReadDocument reads a document of at most limit bytes from a reader of the request's body, which may verify or
// decode it. Memory grows with what arrives, not with what is announced. It fails as Document does, and as the reader
// does.
func (r *Request) ReadDocument(from io.Reader, limit int64) ([]byte, error) {
	r.Hurry()
	size := int64(512)
	if n := r.HTTP.ContentLength; n > 0 {
		size = min(n+1, freeBytes)
	}
	out := make([]byte, 0, size)
	for {
		if len(out) == cap(out) {
			if err := r.holdMemory(int64(cap(out))); err != nil {
				return nil, err
			}
			out = slices.Grow(out, cap(out))
		}
		n, err := from.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case int64(len(out)) > limit:
			return nil, r.tooLarge()
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		}
	}
}

// Cut ends the answer: a write that waits for the client fails, and so does every later one. It may be called while
// another goroutine writes.
func (r *Request) Cut() {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.cut = true
	_ = r.control.SetWriteDeadline(time.Now())
}

// maxDrained is the size of the part of a too large body that is read and thrown away, in bytes. A client that sends
// its whole body before it reads so learns why it is refused.
const maxDrained = 4 << 20

func (r *Request) tooLarge() error {
	_, _ = io.CopyN(io.Discard, r.HTTP.Body, maxDrained) // what follows is the refusal in any case
	return ErrTooLarge
}

// writeWithin sets the deadline for the client to take n bytes: IdleDeadline, and a second for each 16 KiB.
func (r *Request) writeWithin(n int) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.cut {
		return
	}
	_ = r.control.SetWriteDeadline(time.Now().Add(IdleDeadline + time.Duration(n/(16<<10))*time.Second))
}

// pacedWriter gives each piece of a streamed answer its own deadline.
type pacedWriter struct {
	http.ResponseWriter
	r *Request
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	w.r.writeWithin(len(p))
	return w.ResponseWriter.Write(p)
}

// streamPiece is the size of the parts of a streamed answer that share a deadline, in bytes.
const streamPiece = 4 << 20

// ReadFrom copies piece by piece: the operating system may copy files, and each piece has its own deadline.
func (w *pacedWriter) ReadFrom(from io.Reader) (total int64, err error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, from)
	}
	for {
		w.r.writeWithin(streamPiece)
		n, err := to.ReadFrom(io.LimitReader(from, streamPiece))
		total += n
		if err != nil || n < streamPiece {
			return total, err
		}
	}
}
