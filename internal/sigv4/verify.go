package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"path"
	"strings"
	"sync"
	"time"
)

// emptyHash is the SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Verify checks the signature with a derived key, in constant time, and the declared payload hash against the body's.
// bodyHash is the body's SHA-256 in hexadecimal; "" leaves the comparison to the reader of the body (S3 uploads).
func (a *Auth) Verify(key []byte, bodyHash string) error {
	hash := a.PayloadHash
	if hash == "" {
		hash = bodyHash
	}
	sent, err := hex.DecodeString(a.signature)
	if err != nil || !isHex64(a.signature) {
		return malformed("the Signature must be 64 lower-case hexadecimal digits.")
	}
	var canonical, toSign string
	for _, uri := range a.canonicalPaths() {
		canonical = a.canonicalRequest(uri, hash)
		toSign = a.stringToSign(canonical)
		if subtle.ConstantTimeCompare(sum(key, toSign), sent) == 1 {
			return a.checkPayload(bodyHash)
		}
	}
	return NewError(BadSignature, "The request signature we calculated does not match the signature you provided. Check "+
		"your key and signing method.").
		with("AWSAccessKeyId", a.AccessKeyID).with("StringToSign", toSign).with("SignatureProvided", a.signature).
		with("CanonicalRequest", canonical)
}

func (a *Auth) checkPayload(bodyHash string) error {
	if bodyHash == "" || !isHex64(a.PayloadHash) || subtle.ConstantTimeCompare([]byte(bodyHash),
		[]byte(a.PayloadHash)) == 1 {
		return nil
	}
	return NewError(PayloadMismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.").
		with("ClientComputedContentSHA256", a.PayloadHash).with("S3ComputedContentSHA256", bodyHash)
}

// canonicalPaths are the forms of the path a client may have signed. S3's is as sent; a client that escapes otherwise
// than it sends is met by the re-encoded form, which decodes to the same resource.
func (a *Auth) canonicalPaths() []string {
	sent := a.request.Path()
	if a.rules.S3 {
		decoded, ok := unescape(sent)
		if again := escape(decoded, true); ok && again != sent {
			return []string{sent, again}
		}
		return []string{sent}
	}
	clean := path.Clean(sent)
	if strings.HasSuffix(sent, "/") && clean != "/" {
		clean += "/"
	}
	return []string{escape(clean, true)}
}

func (a *Auth) canonicalRequest(uri, hash string) string {
	except := ""
	if a.Mode == Presigned {
		except = "X-Amz-Signature"
	}
	q, _ := a.request.Query() // parsed before
	var b strings.Builder
	for _, s := range []string{a.request.Method, uri, q.canonical(except)} {
		b.WriteString(s)
		b.WriteByte('\n')
	}
	for _, name := range a.SignedHeaders {
		b.WriteString(name)
		b.WriteByte(':')
		b.WriteString(a.headerValue(name))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(a.SignedHeaders, ";"))
	b.WriteByte('\n')
	b.WriteString(hash)
	return b.String()
}

func (a *Auth) headerValue(name string) string {
	if name == "host" {
		return a.request.Host
	}
	values := a.request.Header.Values(name)
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = collapse(v)
	}
	return strings.Join(out, ",")
}

// collapse trims a value and makes runs of spaces one.
func collapse(v string) string {
	v = strings.TrimSpace(v)
	for strings.Contains(v, "  ") {
		v = strings.ReplaceAll(v, "  ", " ")
	}
	return v
}

func (a *Auth) scopeText() string {
	return a.Date + "/" + a.Region + "/" + a.Service + "/aws4_request"
}

func (a *Auth) stringToSign(canonical string) string {
	h := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + a.Time.UTC().Format(dateForm) + "\n" + a.scopeText() + "\n" + hex.EncodeToString(h[:])
}

// CheckTime refuses requests too far from now (15 minutes), and presigned URLs outside their life.
func (a *Auth) CheckTime(now time.Time) error {
	switch {
	case a.Mode == Presigned && now.Before(a.Time.Add(-maxSkew)):
		return NewError(NotYet, "Request is not valid yet")
	case a.Mode == Presigned && now.After(a.Time.Add(a.Expires)):
		return NewError(Expired, "Request has expired").with("X-Amz-Expires", itoa(int64(a.Expires/time.Second))).
			with("Expires", a.Time.Add(a.Expires).UTC().Format(time.RFC3339)).with("ServerTime", now.UTC().Format(time.RFC3339))
	case a.Mode == Header && (now.Sub(a.Time) > maxSkew || a.Time.Sub(now) > maxSkew):
		return a.skewed(now)
	}
	return nil
}

// skewed is worded as STS words it, because SDKs look for the text to set their clocks by.
func (a *Auth) skewed(now time.Time) error {
	message := "The difference between the request time and the current time is too large."
	t, n := a.Time.UTC().Format(dateForm), now.UTC().Format(dateForm)
	if !a.rules.S3 {
		message = "Signature expired: " + t + " is now earlier than " + now.Add(-maxSkew).UTC().Format(dateForm) + " (" + n +
			" - 15 min.)"
		if a.Time.After(now) {
			message = "Signature not yet current: " + t + " is still later than " + now.Add(maxSkew).UTC().Format(dateForm) +
				" (" + n + " + 15 min.)"
		}
	}
	return NewError(Skewed, message).with("RequestTime", t).with("ServerTime", now.UTC().Format(time.RFC3339)).
		with("MaxAllowedSkewMilliseconds", "900000")
}

// SigningKey derives the key of a day, Region and service from a secret.
func SigningKey(secret, date, region, service string) []byte {
	k := sum([]byte("AWS4"+secret), date)
	for _, s := range []string{region, service, "aws4_request"} {
		k = sum(k, s)
	}
	return k
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// KeyCache keeps derived keys of requests that proved to be signed with them. It is bounded: when full it starts anew.
// The zero value is ready.
type KeyCache struct {
	mu   sync.RWMutex
	keys map[cacheKey][]byte
}

// cacheKey holds the secret itself: a key whose secret changed must not verify under the old one.
type cacheKey struct{ secret, date, region, service string }

const maxCached = 20_000

// SigningKey is the derived key for a request signed with a secret. What a request claims before it is verified is not
// kept.
func (c *KeyCache) SigningKey(a *Auth, secret string) []byte {
	c.mu.RLock()
	key := c.keys[cacheKey{secret, a.Date, a.Region, a.Service}]
	c.mu.RUnlock()
	if key != nil {
		return key
	}
	return SigningKey(secret, a.Date, a.Region, a.Service)
}

// Keep remembers the key of a request that was verified with it.
func (c *KeyCache) Keep(a *Auth, secret string, key []byte) {
	k := cacheKey{secret, a.Date, a.Region, a.Service}
	c.mu.RLock()
	_, kept := c.keys[k]
	c.mu.RUnlock()
	if kept {
		return
	}
	// The copies hold nothing of the request that the texts were cut out of.
	k = cacheKey{strings.Clone(secret), strings.Clone(a.Date), strings.Clone(a.Region), strings.Clone(a.Service)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxCached {
		c.keys = map[cacheKey][]byte{}
	}
	c.keys[k] = key
}
