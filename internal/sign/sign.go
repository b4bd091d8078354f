// Package sign makes AWS Signature Version 4 signatures: for Granary's tools, which are clients of a server, and for
// the gateway, which is a client of the stores behind it.
//
// The package sigv4, which verifies, has no part in this: a fault of one must not be hidden by the same fault of the
// other.
package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"
)

// What stands for a payload hash in x-amz-content-sha256 (S3 API, "Signature Version 4").
const (
	EmptyPayload    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	UnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	SignedChunks    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	timestamp = "20060102T150405Z"
)

// Key is an access key.
type Key struct {
	ID, Secret string
	Token      string // session token; "" for a long-term key
}

// Field is a header of a request. Name is in lower case where a signature covers it.
type Field struct{ Name, Value string }

// Request is what a signature covers.
type Request struct {
	Method      string
	Path        string  // escaped, as the service reads it: for S3 as it is sent
	Query       string  // canonical: CanonicalQuery makes it
	Headers     []Field // names in lower case, sorted, each once
	PayloadHash string
}

// Signature is the result of signing a request.
type Signature struct {
	Authorization string // value of the Authorization header
	Signature     string // in hexadecimal: the seed of signed chunks
	key           []byte
	at, scope     string
}

// Signer signs requests for one service in one Region with one key. It is safe for concurrent use.
type Signer struct {
	Key             Key
	Service, Region string

	mu  sync.Mutex
	day string
	key []byte // derived for the day
}

// Stamp returns a time as x-amz-date has it.
func Stamp(at time.Time) string { return at.UTC().Format(timestamp) }

// Sign signs a request, whose x-amz-date is Stamp(at).
func (s *Signer) Sign(r *Request, at time.Time) Signature {
	stamp := Stamp(at)
	out := Signature{at: stamp, scope: stamp[:8] + "/" + s.Region + "/" + s.Service + "/aws4_request",
		key: s.derive(stamp[:8])}
	names, lines := canonicalHeaders(r.Headers)
	canonical := strings.Join([]string{r.Method, r.Path, r.Query, lines, names, r.PayloadHash}, "\n")
	out.Signature = hexMAC(out.key, algorithm+"\n"+stamp+"\n"+out.scope+"\n"+hash([]byte(canonical)))
	out.Authorization = algorithm + " Credential=" + s.Key.ID + "/" + out.scope + ", SignedHeaders=" + names +
		", Signature=" + out.Signature
	return out
}

// derive returns the signing key of a day, which is computed once.
func (s *Signer) derive(day string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		key := []byte("AWS4" + s.Key.Secret)
		for _, part := range []string{day, s.Region, s.Service, "aws4_request"} {
			key = mac(key, part)
		}
		s.day, s.key = day, key
	}
	return s.key
}

// Chunk returns the signature of a chunk of the body, and makes it the previous of the next chunk. The last chunk is
// empty (S3 API, "Signature calculations: transferring payload in multiple chunks").
func (s *Signature) Chunk(data []byte) string {
	s.Signature = hexMAC(s.key, strings.Join([]string{algorithm + "-PAYLOAD", s.at, s.scope, s.Signature, EmptyPayload,
		hash(data)}, "\n"))
	return s.Signature
}

// PayloadHash returns the SHA-256 of a body in hexadecimal.
func PayloadHash(body []byte) string {
	if len(body) == 0 {
		return EmptyPayload
	}
	return hash(body)
}

func canonicalHeaders(list []Field) (names, lines string) {
	var n, l strings.Builder
	for i, f := range list {
		if i > 0 {
			n.WriteByte(';')
		}
		n.WriteString(f.Name)
		l.WriteString(f.Name)
		l.WriteByte(':')
		l.WriteString(f.Value)
		l.WriteByte('\n')
	}
	return n.String(), l.String()
}

// CanonicalQuery returns parameters in the form that is signed, which is also a form that can be sent.
func CanonicalQuery(parameters []Field) string {
	pairs := make([]string, 0, len(parameters))
	for _, p := range parameters {
		pairs = append(pairs, Escape(p.Name, false)+"="+Escape(p.Value, false))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// Escape writes every byte but those that RFC 3986 leaves unreserved as %XX. In a path it leaves slashes as well.
func Escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~',
			path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexMAC(key []byte, text string) string { return hex.EncodeToString(mac(key, text)) }
