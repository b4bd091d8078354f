package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"granary"
	"granary/internal/guard"
	"granary/internal/sign"
	"granary/internal/sigv4"
)

const (
	wholeBody = 1 << 20   // a body of at most so many bytes is read before anything is sent
	chunkSize = 256 << 10 // of a long body, framed
)

// holdLimit is how long an effect keeps changes of the state from being acknowledged. A store that takes longer is
// waited for without that: a request that was allowed when its last byte was sent is then done.
const holdLimit = 2 * time.Second

// hold asks whether an effect is still allowed, and keeps it allowed until release is called, or for holdLimit.
func hold(ctx context.Context) (release func(), err error) {
	let, err := guard.Hold(ctx)
	once := sync.OnceFunc(let)
	if err != nil {
		return once, err
	}
	t := time.AfterFunc(holdLimit, once)
	return func() { t.Stop(); once() }, nil
}

// upload is the body of an object or part on its way to the store.
type upload struct {
	ctx       context.Context
	body      io.Reader // ends only when everything about it was verified
	size      int64
	algorithm string                   // of the checksum that the client declared; "" for none
	verified  func() map[string]string // checksums, after the end
	release   func()
}

// declare adds the body to a request, so that the store commits nothing that was not verified.
func (s *Store) declare(c *call, u *upload) error {
	caps := s.caps.Load()
	u.release = func() {}
	switch {
	case u.size < 0:
		return granary.Errorf(granary.Invalid, "You must provide the Content-Length HTTP header.").
			WithCode("MissingContentLength")
	case u.size <= wholeBody:
		return s.declareWhole(c, u)
	case caps.Trailer:
		s.declareTrailer(c, u)
	case caps.SignedChunks:
		s.declareChunks(c, u)
	default:
		return unable("uploads of more than 1 MiB in one piece, since it verifies neither a trailer nor signed pieces")
	}
	return nil
}

// declareWhole reads a short body whole, and declares its hash.
func (s *Store) declareWhole(c *call, u *upload) error {
	text := make([]byte, u.size)
	if _, err := io.ReadFull(u.body, text); err != nil {
		return err
	}
	if err := ends(u.body); err != nil {
		return err
	}
	var err error
	if u.release, err = hold(u.ctx); err != nil {
		return err
	}
	c.payload, c.body, c.length = sign.PayloadHash(text), bytes.NewReader(text), u.size
	for name, v := range u.sums() {
		if s.caps.Load().Checksums {
			c.set("x-amz-checksum-"+strings.ToLower(name), v)
		}
	}
	return nil
}

func (u *upload) sums() map[string]string {
	if u.verified == nil {
		return nil
	}
	return u.verified()
}

// ends reads the end of a body.
func ends(r io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case err == io.EOF:
		return nil
	case n > 0:
		return errors.New("the body is longer than declared")
	default:
		return err
	}
}

// framed is a long body in the frames of x-amz-content-sha256: STREAMING-…. Its last frame is made only when the body
// has ended well and the effect is still allowed.
type framed struct {
	u      *upload
	left   int64
	piece  []byte
	out    bytes.Buffer
	ended  bool
	head   func(piece []byte) string // the line before a piece, and before the end
	last   func() string             // what follows the line of the end
	digest hash.Hash                 // of the body; nil when nobody needs it
}

func newFramed(u *upload) *framed {
	return &framed{u: u, left: u.size, piece: make([]byte, chunkSize), last: func() string { return "\r\n" }}
}

func (f *framed) Read(p []byte) (int, error) {
	for f.out.Len() == 0 {
		if f.ended {
			return 0, io.EOF
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	return f.out.Read(p)
}

func (f *framed) next() error {
	f.out.Reset()
	if f.left == 0 {
		f.ended = true
		if err := ends(f.u.body); err != nil {
			return err
		}
		release, err := hold(f.u.ctx)
		f.u.release = release
		if err != nil {
			return err
		}
		f.out.WriteString(f.head(nil) + f.last())
		return nil
	}
	piece := f.piece[:min(f.left, chunkSize)]
	if _, err := io.ReadFull(f.u.body, piece); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	f.left -= int64(len(piece))
	if f.digest != nil {
		f.digest.Write(piece)
	}
	f.out.WriteString(f.head(piece))
	f.out.Write(piece)
	f.out.WriteString("\r\n")
	return nil
}

// framedLength is the length of a body in frames, when each head is longer than its size by extra bytes.
func framedLength(size int64, extra int, last int) int64 {
	n := int64(0)
	add := func(count, piece int64) {
		n += count * (int64(len(strconv.FormatInt(piece, 16))+extra+2+2) + piece)
	}
	add(size/chunkSize, chunkSize)
	if rest := size % chunkSize; rest > 0 {
		add(1, rest)
	}
	return n + int64(1+extra+2+last)
}

// declareTrailer declares a checksum that follows the body. The store compares it.
func (s *Store) declareTrailer(c *call, u *upload) {
	algorithm := u.algorithm
	f := newFramed(u)
	if algorithm == "" {
		algorithm = "CRC32"
	}
	digest, _ := sigv4.NewHash(algorithm)
	f.digest = digest
	f.head = func(piece []byte) string { return strconv.FormatInt(int64(len(piece)), 16) + "\r\n" }
	name := "x-amz-checksum-" + strings.ToLower(algorithm)
	f.last = func() string {
		return name + ":" + base64.StdEncoding.EncodeToString(digest.Sum(nil)) + "\r\n\r\n"
	}
	last := len(name) + 1 + base64.StdEncoding.EncodedLen(digest.Size()) + 4
	c.payload, c.body, c.length = sign.UnsignedTrailer, f, framedLength(u.size, 0, last)
	c.set("x-amz-trailer", name)
	c.set("x-amz-decoded-content-length", strconv.FormatInt(u.size, 10))
}

// declareChunks signs each piece of the body. The store commits nothing before the signature of the end.
func (s *Store) declareChunks(c *call, u *upload) {
	const extra = len(";chunk-signature=") + 64
	c.payload = sign.SignedChunks
	c.set("x-amz-decoded-content-length", strconv.FormatInt(u.size, 10))
	c.frame = func(made sign.Signature) (io.Reader, int64) {
		f := newFramed(u)
		f.head = func(piece []byte) string {
			return fmt.Sprintf("%x;chunk-signature=%s\r\n", len(piece), made.Chunk(piece))
		}
		return f, framedLength(u.size, extra, 2)
	}
}
