package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

const maxObject = 5 << 40 // bytes

// algorithms are the checksums that are verified, stored and told again.
var algorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}

// body is a request's body on its way in. It says io.EOF only when all that was declared of it has proved true: its length,
// the payload hash or the chunks' signatures, Content-MD5, and the checksum in header or trailer.
type body struct {
	r         io.Reader
	chunked   *sigv4.Chunked
	size      int64 // decoded; -1 when unknown
	read      int64
	payload   hash.Hash // nil when the hash is not declared
	declared  string
	md5       hash.Hash
	wantMD5   []byte
	algorithm string // of the checksum; "" when none
	sum       hash.Hash
	want      string // base64; "" when it comes in the trailer
	err       error
}

func badRequest(code, message string) error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode(code)
}

// newBody prepares the verification of the request's body.
func (q *request) newBody() (*body, error) {
	b := &body{r: q.http.Body, size: q.http.ContentLength}
	if err := b.framing(q); err != nil {
		return nil, err
	}
	if b.size < 0 {
		return nil, badRequest("MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	if text := q.header.Get("Content-Md5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != 16 {
			return nil, badRequest("InvalidDigest", "The Content-MD5 you specified was invalid.")
		}
		b.md5, _ = sigv4.NewHash("MD5")
		b.wantMD5 = want
	}
	return b, b.checksum(q.header)
}

func (b *body) framing(q *request) error {
	if !q.auth.Streaming() {
		if strings.Contains(strings.ToLower(q.header.Get("Content-Encoding")), "aws-chunked") {
			return badRequest("InvalidArgument", "The body is declared as aws-chunked, and x-amz-content-sha256 does not say so.")
		}
		if h := q.auth.PayloadHash; len(h) == 64 {
			b.payload, b.declared = sha256.New(), h
		}
		return nil
	}
	length, err := strconv.ParseInt(q.header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || length < 0 || length > maxObject {
		return badRequest("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.")
	}
	b.chunked = q.auth.NewChunked(q.http.Body, q.sigKey, length, trailers(q.header))
	b.r, b.size = b.chunked, length
	return nil
}

func trailers(h http.Header) (out []string) {
	for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// checksum finds the one checksum the client gives or announces.
func (b *body) checksum(h http.Header) error {
	found := 0
	use := func(algorithm, value string) {
		found++
		b.algorithm, b.want = algorithm, value
	}
	for _, a := range algorithms {
		if v := h.Get("X-Amz-Checksum-" + a); v != "" {
			use(a, v)
		}
	}
	for _, t := range trailers(h) {
		a, ok := strings.CutPrefix(strings.ToUpper(t), "X-AMZ-CHECKSUM-")
		if _, known := sigv4.NewHash(a); !ok || !known || a == "MD5" {
			return badRequest("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
		}
		use(a, "")
	}
	switch {
	case found > 1:
		return badRequest("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	case found == 1:
		b.sum, _ = sigv4.NewHash(b.algorithm)
	case h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" && h.Get("Content-Md5") == "":
		return badRequest("InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	}
	return nil
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	for _, h := range []hash.Hash{b.payload, b.md5, b.sum} {
		if h != nil {
			h.Write(p[:n])
		}
	}
	switch {
	case err == io.EOF:
		b.err = b.verify()
	case err != nil && b.chunked == nil:
		b.err = granary.Wrap(granary.Invalid, "The request body terminated unexpectedly", err).WithCode("IncompleteBody")
	case err != nil:
		b.err = err
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// verify is asked at the end of the bytes. It returns io.EOF when all is well.
func (b *body) verify() error {
	if b.read != b.size {
		return badRequest("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	if b.payload != nil {
		if got := hex.EncodeToString(b.payload.Sum(nil)); subtle.ConstantTimeCompare([]byte(got), []byte(b.declared)) != 1 {
			return granary.Errorf(granary.Invalid, "The provided 'x-amz-content-sha256' header does not match what was computed.").WithCode("XAmzContentSHA256Mismatch").
				With("ClientComputedContentSHA256", b.declared).With("S3ComputedContentSHA256", got)
		}
	}
	if b.md5 != nil && subtle.ConstantTimeCompare(b.md5.Sum(nil), b.wantMD5) != 1 {
		return badRequest("BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	if b.sum != nil {
		if b.want == "" && b.chunked != nil {
			b.want = b.chunked.Trailer()["x-amz-checksum-"+strings.ToLower(b.algorithm)]
		}
		if got := base64.StdEncoding.EncodeToString(b.sum.Sum(nil)); got != b.want {
			return granary.Errorf(granary.Invalid, "The %s you specified did not match the calculated checksum.", b.algorithm).WithCode("BadDigest")
		}
	}
	return io.EOF
}

// checksums are those verified, after io.EOF.
func (b *body) checksums() map[string]string {
	if b.sum == nil {
		return nil
	}
	return map[string]string{b.algorithm: b.want}
}

// small reads a whole body that is a document.
func (q *request) small(limit int64) ([]byte, error) {
	b, err := q.newBody()
	if err != nil {
		return nil, err
	}
	if b.size > limit {
		return nil, badRequest("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	return io.ReadAll(io.LimitReader(b, limit+1))
}
