package front

import (
	"errors"
	"strings"
)

// framing follows the boundaries of HTTP/1.x requests on a connection, and refuses what two parsers could read
// differently (RFC 9112 §6.3, §11.2): a body with two lengths, folded header lines, and line ends without a carriage
// return. net/http takes those and tells nobody. The zero value stands before the first request.
type framing struct {
	state  state
	line   []byte // of a head or of chunk framing, cut at maxFrameLine
	left   int64  // bytes of the body or chunk that are still to come
	begun  bool   // the request line has come
	modern bool   // the request line says HTTP/1.1
	length int64  // that was declared; -1: none
	chunks bool   // the body is chunked
	cr     bool   // the last byte was a carriage return
}

type state uint8

const (
	inHead      state = iota
	inBody            // of known length
	inChunkSize       // its line
	inChunk           // its data and the line end after it
	inTrailer
)

// maxFrameLine is how much of a line is kept: enough for the names and values that say how long a body is.
const maxFrameLine = 256

var (
	errTwoLengths = errors.New("the request has two lengths")
	errFolded     = errors.New("the request has a folded header line")
	errLineEnd    = errors.New("the request has a line end without a carriage return")
	errLength     = errors.New("the length of the request is no number")
	errEncoding   = errors.New("the transfer encoding of the request is not chunked")
)

// next follows bytes that were read from the connection. It returns how many of them may be passed on, and an error
// when not all may. It never passes on the end of a refused head, so that nothing acts on such a request.
func (f *framing) next(p []byte) (int, error) {
	for i := 0; i < len(p); {
		if f.state == inBody || f.state == inChunk {
			n := min(f.left, int64(len(p)-i))
			i += int(n)
			if f.left -= n; f.left == 0 {
				f.endBody()
			}
			continue
		}
		c := p[i]
		if c != '\n' {
			if f.cr { // a carriage return within a line
				return i, errLineEnd
			}
			f.cr = c == '\r'
			if !f.cr && len(f.line) < maxFrameLine {
				f.line = append(f.line, c)
			}
			i++
			continue
		}
		if !f.cr {
			return i, errLineEnd
		}
		if err := f.endLine(); err != nil {
			return i, err
		}
		f.line, f.cr = f.line[:0], false
		i++
	}
	return len(p), nil
}

// endBody moves on when a body of known length, or a chunk, is complete.
func (f *framing) endBody() {
	if f.state == inBody {
		f.state = inHead
		f.begun = false
		return
	}
	f.state = inChunkSize
}

func (f *framing) endLine() error {
	line := string(f.line)
	switch f.state {
	case inHead:
		return f.headLine(line)
	case inChunkSize:
		return f.chunkSize(line)
	case inTrailer:
		if line == "" {
			f.state, f.begun = inHead, false
		} else if line[0] == ' ' || line[0] == '\t' {
			return errFolded
		}
	}
	return nil
}

func (f *framing) headLine(line string) error {
	switch {
	case !f.begun && line == "": // servers skip empty lines before a request (RFC 9112 §2.2)
		return nil
	case !f.begun:
		*f = framing{line: f.line, begun: true, length: -1, modern: strings.HasSuffix(line, "HTTP/1.1") ||
			len(line) >= maxFrameLine}
		return nil
	case line == "":
		return f.endHead()
	case line[0] == ' ' || line[0] == '\t':
		return errFolded
	}
	name, value, _ := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch strings.ToLower(name) {
	case "content-length":
		if f.length >= 0 {
			return errTwoLengths
		}
		n, ok := parseDigits(value, 10)
		if !ok {
			return errLength
		}
		f.length = n
	case "transfer-encoding":
		if f.chunks || !strings.EqualFold(value, "chunked") {
			return errEncoding
		}
		f.chunks = true
	}
	return nil
}

func (f *framing) endHead() error {
	switch {
	case f.chunks && f.length >= 0:
		return errTwoLengths
	case f.chunks && !f.modern:
		return errEncoding
	case f.chunks:
		f.state = inChunkSize
	case f.length > 0:
		f.state, f.left = inBody, f.length
	default:
		f.begun = false
	}
	return nil
}

func (f *framing) chunkSize(line string) error {
	size, _, _ := strings.Cut(line, ";")
	n, ok := parseDigits(strings.TrimRight(size, " \t"), 16)
	switch {
	case !ok:
		return errLength
	case n == 0:
		f.state = inTrailer
	default:
		f.state, f.left = inChunk, n+2
	}
	return nil
}

// parseDigits parses a number that has digits only, no sign and no spaces. ok is false for any other text, and for a
// number beyond 2^62.
func parseDigits(text string, base int64) (n int64, ok bool) {
	for i := range len(text) {
		d := int64(strings.IndexByte("0123456789abcdef", text[i]|0x20))
		if text[i] < '0' || d < 0 || d >= base || n > 1<<57 {
			return 0, false
		}
		n = n*base + d
	}
	return n, text != ""
}
