package s3req

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"granary/internal/sigv4"
)

const maxObject = 5 << 40 // bytes

// Body is what a request declares of its body. The reader of the bytes verifies all of it.
type Body struct {
	Size      int64    // bytes, without framing
	Chunked   bool     // framed as aws-chunked
	Trailers  []string // that follow the chunks
	SHA256    string   // hexadecimal; "" when it is not declared
	MD5       []byte   // nil when it is not declared
	Algorithm string   // of the checksum; "" when there is none
	Sum       string   // the checksum in base64; "" when it follows in the trailer
	// Fault is what is wrong with the declaration. It is told when the body is to be read; nil when nothing is.
	Fault error
}

func (r *Request) parseBody(in Sent) error {
	b := &r.Body
	b.Size = in.Length
	if err := b.parseFraming(r, in.Header.Get("X-Amz-Content-Sha256")); err != nil {
		return err
	}
	if b.Size < 0 {
		return Invalid("MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	if text, ok := r.header["Content-Md5"]; ok {
		sum, err := base64.StdEncoding.DecodeString(text[0])
		if err != nil || len(sum) != 16 {
			return Invalid("InvalidDigest", "The Content-MD5 you specified was invalid.")
		}
		b.MD5 = sum
	}
	if err := b.parseChecksum(r.header, r.Operation.objectSums); err != nil {
		return err
	}
	if r.Operation.digested && b.MD5 == nil && b.Algorithm == "" {
		return Invalid("InvalidRequest",
			"Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	limit := int64(MaxPut)
	if r.Operation.Document > 0 {
		limit = r.Operation.Document
	}
	if b.Size > limit {
		return Invalid("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	return nil
}

// parseFraming reads how the body is framed and which hash of it is signed. sent is the header x-amz-content-sha256.
func (b *Body) parseFraming(r *Request, sent string) error {
	if !r.Auth.Streaming() {
		if strings.Contains(strings.ToLower(r.header.Get("Content-Encoding")), "aws-chunked") {
			return Invalid("InvalidArgument",
				"The body is declared as aws-chunked, and x-amz-content-sha256 does not say so.")
		}
		hash := r.Auth.PayloadHash
		if r.Auth.Mode != sigv4.Header && sent != "" && hash == sigv4.Unsigned {
			hash = sent // a header that is not part of the signature, and is verified all the same
		}
		switch {
		case len(hash) == 64:
			b.SHA256 = hash
		case hash != "" && hash != sigv4.Unsigned:
			return Invalid("InvalidArgument",
				"x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value here.")
		}
		return nil
	}
	length, err := strconv.ParseInt(r.header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || length < 0 || length > maxObject {
		return Invalid("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.")
	}
	b.Chunked, b.Size, b.Trailers = true, length, trailerNames(r.header)
	return nil
}

func trailerNames(h http.Header) (out []string) {
	for name := range strings.SplitSeq(h.Get("X-Amz-Trailer"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// parseChecksum reads the one checksum that the client gives or announces. ofObject says that the checksum headers are
// not about the body.
func (b *Body) parseChecksum(h http.Header, ofObject bool) error {
	found := 0
	for _, a := range algorithms {
		v := h.Get("X-Amz-Checksum-" + a.name)
		if v == "" || ofObject {
			continue
		}
		found++
		b.Algorithm, b.Sum = a.name, v
		if sum, err := base64.StdEncoding.DecodeString(v); err != nil || len(sum) != a.size {
			return Invalid("InvalidRequest", "Value for x-amz-checksum-"+strings.ToLower(a.name)+" header is invalid.")
		}
	}
	for _, t := range trailerNames(h) {
		name, ok := strings.CutPrefix(strings.ToUpper(t), "X-AMZ-CHECKSUM-")
		if !ok || !knownAlgorithm(name) {
			return Invalid("InvalidRequest", "The value specified in the x-amz-trailer header is not supported").
				With("Trailer", t)
		}
		found++
		b.Algorithm, b.Sum = name, ""
	}
	announced := strings.ToUpper(h.Get("X-Amz-Sdk-Checksum-Algorithm"))
	if ofObject {
		announced = ""
	}
	switch {
	case found > 1:
		return errOneChecksum
	case announced == "":
	case found == 1 && announced != b.Algorithm:
		return Invalid("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
	case found == 0 && h.Get("Content-Md5") == "":
		return Invalid("InvalidRequest", "x-amz-sdk-checksum-algorithm specified,"+
			" but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	}
	return nil
}
