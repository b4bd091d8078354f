package sigv4

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"

	"granary"
	"granary/internal/cause"
)

// The limits of an aws-chunked body.
const (
	maxChunkLine   = 1 << 10
	maxSignedChunk = 16 << 20 // bytes
	minSignedChunk = 8 << 10  // every chunk but the last
	maxTrailer     = 8 << 10
	maxTrailers    = 16
)

// Chunked decodes an aws-chunked body (S3 API, "Signature Calculations for the Authorization Header: Transferring
// Payload in Multiple Chunks"). It returns io.EOF only when everything that was promised has been verified: each
// chunk's signature and the final one's, the trailer's, its names, and the decoded length. Other errors are
// *granary.Error with S3's codes. What Read gives before io.EOF is not yet verified: nothing may come of it until then.
type Chunked struct {
	r        *bufio.Reader
	auth     *Auth
	key      []byte
	signed   bool
	previous string    // signature of the chunk before
	left     int64     // of the current chunk
	hash     hash.Hash // of the current signed chunk, as far as it was read
	claimed  string    // its signature
	short    bool      // a chunk below the minimum has been seen: it must be the last
	length   int64     // decoded, as declared
	read     int64
	expected []string // announced trailer names
	trailer  map[string]string
	err      error
}

// NewChunked reads a body whose declared payload is one of the STREAMING forms. length is x-amz-decoded-content-length;
// announced are the names in x-amz-trailer. key is the signing key, needed by the signed forms.
func (a *Auth) NewChunked(body io.Reader, key []byte, length int64, announced []string) *Chunked {
	return &Chunked{r: bufio.NewReaderSize(body, 64<<10), auth: a, key: key, signed: a.PayloadHash != StreamingUnsigned,
		previous: a.signature,
		length:   length, expected: announced}
}

// Trailer is the trailer, names in lower case; complete after io.EOF.
func (c *Chunked) Trailer() map[string]string { return c.trailer }

func badChunk(code, message string) error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode(code)
}

var (
	errIncomplete = badChunk("IncompleteBody", "The request body terminated unexpectedly")
	errFrame      = badChunk("InvalidRequest", "The aws-chunked body is malformed.")
	errSignature  = granary.Errorf(granary.Denied, "The request signature we calculated does not match the signature "+
		"you provided. A chunk of the body was changed.").At(cause.KeySignature).
		WithCode("SignatureDoesNotMatch")
)

func (c *Chunked) Read(p []byte) (n int, err error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	for c.left == 0 {
		if err := c.next(); err != nil {
			c.err = err
			return 0, err
		}
	}
	n, err = c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.signed {
		c.hash.Write(p[:n])
	}
	if err == io.EOF || err == nil && n == 0 {
		err = errIncomplete
	}
	if err == nil && c.left == 0 && c.signed {
		err = c.verified()
	}
	if err == nil && c.left == 0 {
		err = c.crlf()
	}
	if err != nil {
		c.err = incomplete(err)
	}
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

func incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errIncomplete
	}
	return err
}

// line reads up to CRLF.
func (c *Chunked) line(limit int) (string, error) {
	var b strings.Builder
	for {
		part, err := c.r.ReadSlice('\n')
		b.Write(part)
		if b.Len() > limit {
			return "", errFrame
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return "", incomplete(err)
		}
		s, ok := strings.CutSuffix(b.String(), "\r\n")
		if !ok {
			return "", errFrame
		}
		return s, nil
	}
}

func (c *Chunked) crlf() error {
	s, err := c.line(2)
	if err == nil && s != "" {
		err = errFrame
	}
	return err
}

// next reads a chunk's header. It returns io.EOF after the last chunk and the trailer.
func (c *Chunked) next() error {
	line, err := c.line(maxChunkLine)
	if err != nil {
		return err
	}
	text, extension, _ := strings.Cut(line, ";")
	if len(text) == 0 || len(text) > 16 || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		return errFrame
	}
	size, err := strconv.ParseInt(text, 16, 64)
	if err != nil {
		return errFrame
	}
	if c.read += size; c.read > c.length {
		return badChunk("IncompleteBody", "The body is longer than x-amz-decoded-content-length says.")
	}
	signature, hasSignature := strings.CutPrefix(extension, "chunk-signature=")
	if c.signed && !hasSignature || !c.signed && extension != "" {
		return errFrame
	}
	if !c.signed {
		if size == 0 {
			return c.end()
		}
		c.left = size
		return nil
	}
	if c.short && size > 0 {
		return badChunk("InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes")
	}
	if size > maxSignedChunk {
		return badChunk("InvalidRequest", "A signed chunk is larger than 16 MiB.")
	}
	c.short = size < minSignedChunk
	c.hash, c.claimed, c.left = sha256.New(), signature, size
	if size > 0 {
		return nil
	}
	if err := c.verified(); err != nil {
		return err
	}
	return c.end()
}

// verified compares the signature of a chunk whose data was read.
func (c *Chunked) verified() error {
	if !c.matches(c.sign("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+hex.EncodeToString(c.hash.Sum(nil))), c.claimed) {
		return errSignature
	}
	c.previous = c.claimed
	return nil
}

func (c *Chunked) sign(what, rest string) string {
	text := what + "\n" + c.auth.Time.UTC().Format(dateForm) + "\n" + c.auth.scopeText() + "\n" + c.previous + "\n" + rest
	return hex.EncodeToString(sum(c.key, text))
}

func (c *Chunked) matches(want, got string) bool {
	return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1
}

// end reads the trailer, checks that it is the one announced, and that nothing follows.
func (c *Chunked) end() error {
	if c.read != c.length {
		return badChunk("IncompleteBody", "You did not provide the number of bytes specified by the "+
			"x-amz-decoded-content-length HTTP header")
	}
	c.trailer = map[string]string{}
	var canonical strings.Builder
	signature, total := "", 0
	for {
		line, err := c.line(maxTrailer)
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		total += len(line)
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || total > maxTrailer || len(c.trailer) >= maxTrailers {
			return badChunk("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not "+
				"conform to our published schema.")
		}
		if name == "x-amz-trailer-signature" {
			signature = value
			continue
		}
		if _, twice := c.trailer[name]; twice || signature != "" {
			return badChunk("MalformedTrailerError", "The trailer has "+name+" twice, or after its signature.")
		}
		c.trailer[name] = value
		canonical.WriteString(name + ":" + value + "\n")
	}
	if err := c.checkTrailer(signature, canonical.String()); err != nil {
		return err
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		return badChunk("InvalidRequest", "Something follows the end of the aws-chunked body.")
	}
	return io.EOF
}

func (c *Chunked) checkTrailer(signature, canonical string) error {
	if len(c.trailer) != len(c.expected) {
		return badChunk("MalformedTrailerError", "The trailer does not have exactly the names that x-amz-trailer announced.")
	}
	for _, name := range c.expected {
		if _, ok := c.trailer[strings.ToLower(name)]; !ok {
			return badChunk("MalformedTrailerError", "The trailer lacks "+name+", which x-amz-trailer announced.")
		}
	}
	if c.auth.PayloadHash == StreamingSignedTrailer {
		hash := sha256.Sum256([]byte(canonical))
		if !c.matches(c.sign("AWS4-HMAC-SHA256-TRAILER", hex.EncodeToString(hash[:])), signature) {
			return errSignature
		}
	}
	return nil
}
