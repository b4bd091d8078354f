package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"strings"
	"time"

	"granary"
	"granary/internal/s3req"
	"granary/internal/sigv4"
)

// body is a request's body while it is read. It returns io.EOF only when everything that was declared of it has proved
// true: its length, the payload hash or the chunks' signatures, Content-MD5, and the checksum in header or trailer.
type body struct {
	declared s3req.Body
	r        io.Reader
	chunked  *sigv4.Chunked // nil when the body is not framed
	read     int64          // bytes so far
	payload  hash.Hash      // nil when the hash is not declared
	md5      hash.Hash      // nil when it is not declared
	sum      hash.Hash      // of the checksum; nil when there is none
	want     string         // the checksum in base64; "" until the trailer is read
	err      error

	// allowed decides again whether the body may be written. It is asked once a second, so that a body that is long or
	// late ends early. It is nil before the first decision.
	allowed func() error
	asked   time.Time
}

// openBody prepares the verification of the body. It fails when the declaration of the body is bad.
func (j *job) openBody() (*body, error) {
	d := j.req.Body
	if d.Fault != nil {
		return nil, d.Fault
	}
	b := &body{declared: d, r: j.in.HTTP.Body, want: d.Sum}
	if !j.state.at.IsZero() {
		b.allowed, b.asked = j.again, j.state.at
	}
	if d.Chunked {
		b.chunked = j.req.Auth.NewChunked(b.r, j.key, d.Size, d.Trailers)
		b.r = b.chunked
	}
	if d.SHA256 != "" {
		b.payload = sha256.New()
	}
	if d.MD5 != nil {
		b.md5, _ = sigv4.NewHash("MD5")
	}
	if d.Algorithm != "" {
		b.sum, _ = sigv4.NewHash(d.Algorithm)
	}
	return b, nil
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	if b.allowed != nil && time.Since(b.asked) >= unchanged {
		b.asked = time.Now()
		if b.err = b.allowed(); b.err != nil {
			return 0, b.err
		}
	}
	for _, h := range []hash.Hash{b.payload, b.md5, b.sum} {
		if h != nil {
			h.Write(p[:n])
		}
	}
	switch {
	case err == io.EOF:
		b.err = b.verify()
	case err != nil:
		b.err = err
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// verify is called at the end of the bytes. It returns io.EOF when they are what was declared.
func (b *body) verify() error {
	d := &b.declared
	if b.read != d.Size {
		return s3req.Invalid("IncompleteBody",
			"You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	if b.payload != nil {
		if got := hex.EncodeToString(b.payload.Sum(nil)); subtle.ConstantTimeCompare([]byte(got), []byte(d.SHA256)) != 1 {
			return s3req.Invalid("XAmzContentSHA256Mismatch",
				"The provided 'x-amz-content-sha256' header does not match what was computed.").
				With("ClientComputedContentSHA256", d.SHA256).With("S3ComputedContentSHA256", got)
		}
	}
	if b.md5 != nil && subtle.ConstantTimeCompare(b.md5.Sum(nil), d.MD5) != 1 {
		return s3req.Invalid("BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	if b.sum != nil {
		if b.want == "" && b.chunked != nil {
			b.want = b.chunked.Trailer()["x-amz-checksum-"+strings.ToLower(d.Algorithm)]
		}
		if got := base64.StdEncoding.EncodeToString(b.sum.Sum(nil)); got != b.want {
			return granary.Errorf(granary.Invalid, "The %s you specified did not match the calculated checksum.", d.Algorithm).
				WithCode("BadDigest")
		}
	}
	return io.EOF
}

// checksums returns the verified checksum by its algorithm, nil when there is none. It is called after io.EOF.
func (b *body) checksums() map[string]string {
	if b.sum == nil {
		return nil
	}
	return map[string]string{b.declared.Algorithm: b.want}
}
