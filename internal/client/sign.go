package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm    = "AWS4-HMAC-SHA256"
	timestamp    = "20060102T150405Z"
	shaOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Sign signs a request with AWS Signature Version 4, in its Authorization header. It covers the host and every header
// that the request has at this point, so it comes last. payloadHash is the body's SHA-256 in hexadecimal, or what
// stands for it, such as UNSIGNED-PAYLOAD. A key without an id leaves the request unsigned.
//
// The package sigv4, which verifies, has no part in this: a fault of one must not be hidden by the same fault of the
// other.
func Sign(r *http.Request, k Key, service, region, payloadHash string, now time.Time) {
	if k.ID == "" {
		return
	}
	at := now.UTC().Format(timestamp)
	r.Header.Set("X-Amz-Date", at)
	if k.Token != "" {
		r.Header.Set("X-Amz-Security-Token", k.Token)
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	signed, headers := canonicalHeaders(r)
	canonical := strings.Join([]string{r.Method, canonicalPath(r.URL, service), canonicalQuery(r.URL), headers,
		signed, payloadHash}, "\n")
	scope := at[:8] + "/" + region + "/" + service + "/aws4_request"
	sum := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + k.Secret)
	for _, part := range []string{at[:8], region, service, "aws4_request",
		algorithm + "\n" + at + "\n" + scope + "\n" + hex.EncodeToString(sum[:])} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization",
		algorithm+" Credential="+k.ID+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(key))
}

// PayloadHash returns the SHA-256 of a body in hexadecimal, as Sign takes it.
func PayloadHash(body []byte) string {
	if len(body) == 0 {
		return shaOfNothing
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// canonicalHeaders returns the names of all headers, and the headers with a line each.
func canonicalHeaders(r *http.Request) (names, lines string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	values := map[string]string{"host": host}
	for name, list := range r.Header {
		if name == "Authorization" {
			continue
		}
		trimmed := make([]string, len(list))
		for i, v := range list {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		values[strings.ToLower(name)] = strings.Join(trimmed, ",")
	}
	sorted := make([]string, 0, len(values))
	for name := range values {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var b strings.Builder
	for _, name := range sorted {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(sorted, ";"), b.String()
}

// canonicalPath returns the path as it is sent for S3, and escaped once more for all other services.
func canonicalPath(u *url.URL, service string) string {
	path := u.EscapedPath()
	if path == "" {
		return "/"
	}
	if service == "s3" {
		return path
	}
	return escape(path, true)
}

func canonicalQuery(u *url.URL) string {
	var pairs []string
	for name, list := range u.Query() {
		for _, v := range list {
			pairs = append(pairs, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// ObjectPath returns the escaped path of an object, for requests with the bucket in the path.
func ObjectPath(bucket, key string) string { return escape("/"+bucket+"/"+key, true) }

// escape writes every byte but those that RFC 3986 leaves alone, and the slash of a path, as %XX.
func escape(s string, path bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0, path &&
			c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}
