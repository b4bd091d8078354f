package client

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"granary/internal/sign"
)

// Sign signs a request with AWS Signature Version 4, in its Authorization header. It covers the host and every header
// that the request has at this point, so it comes last. payloadHash is the body's SHA-256 in hexadecimal, or what
// stands for it, such as UNSIGNED-PAYLOAD. A key without an id leaves the request unsigned.
func Sign(r *http.Request, k Key, service, region, payloadHash string, now time.Time) {
	if k.ID == "" {
		return
	}
	r.Header.Set("X-Amz-Date", sign.Stamp(now))
	if k.Token != "" {
		r.Header.Set("X-Amz-Security-Token", k.Token)
	}
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	s := &sign.Signer{Key: sign.Key{ID: k.ID, Secret: k.Secret, Token: k.Token}, Service: service, Region: region}
	made := s.Sign(&sign.Request{Method: r.Method, Path: canonicalPath(r.URL, service), Query: canonicalQuery(r.URL),
		Headers: signedHeaders(r), PayloadHash: payloadHash}, now)
	r.Header.Set("Authorization", made.Authorization)
}

// PayloadHash returns the SHA-256 of a body in hexadecimal, as Sign takes it.
func PayloadHash(body []byte) string { return sign.PayloadHash(body) }

// signedHeaders returns all headers of a request in the form that is signed.
func signedHeaders(r *http.Request) []sign.Field {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	list := []sign.Field{{Name: "host", Value: host}}
	for name, values := range r.Header {
		if name == "Authorization" {
			continue
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		list = append(list, sign.Field{Name: strings.ToLower(name), Value: strings.Join(trimmed, ",")})
	}
	slices.SortFunc(list, func(a, b sign.Field) int { return strings.Compare(a.Name, b.Name) })
	return list
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
	return sign.Escape(path, true)
}

func canonicalQuery(u *url.URL) string {
	var list []sign.Field
	for name, values := range u.Query() {
		for _, v := range values {
			list = append(list, sign.Field{Name: name, Value: v})
		}
	}
	return sign.CanonicalQuery(list)
}

// ObjectPath returns the escaped path of an object, for requests with the bucket in the path.
func ObjectPath(bucket, key string) string { return sign.Escape("/"+bucket+"/"+key, true) }
