package grants

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"granary"
)

const (
	scheme    = "s3://"
	maxLength = 2000 // characters of a scope, a sub-prefix or a target
)

// Join makes a grant's scope from its location's scope and its sub-prefix, and checks that the result can be one: a
// bucket, then a key (object, or no trailing "*") or a key prefix and "*". It guesses no separator except the slash
// after a bare bucket. Whether the bucket exists is not its business; Bucket names it.
//
// Errors are Invalid with the code InvalidRequest (syntax) or InvalidAccessGrant (a scope nothing could lie in).
// S3 API, CreateAccessGrant.
func Join(locationScope, subPrefix string, object bool) (string, error) {
	if locationScope == scheme {
		if subPrefix == "" {
			return "", invalid("InvalidRequest", "A grant on the whole default location is not possible: give an S3SubPrefix that names a bucket.")
		}
		return checkScope(scheme+subPrefix, object)
	}
	base := strings.TrimSuffix(locationScope, "*")
	if !strings.Contains(strings.TrimPrefix(base, scheme), "/") {
		base += "/"
	}
	if subPrefix == "" {
		if object {
			return "", invalid("InvalidRequest", "A grant with S3PrefixType Object needs an S3SubPrefix that names the object.")
		}
		return checkScope(base+"*", false)
	}
	if strings.HasSuffix(base, "/") {
		subPrefix = strings.TrimPrefix(subPrefix, "/")
	}
	return checkScope(base+subPrefix, object)
}

func checkScope(scope string, object bool) (string, error) {
	if why := unprintable(scope); why != "" {
		return "", invalid("InvalidRequest", "The grant scope %s.", why)
	}
	rest, ok := strings.CutPrefix(scope, scheme)
	if !ok {
		return "", invalid("InvalidRequest", "The grant scope %q does not start with s3://.", scope)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	switch {
	case bucket == "":
		return "", invalid("InvalidAccessGrant", "The grant scope %q names no bucket.", scope)
	case strings.Contains(bucket, "*"):
		return "", invalid("InvalidAccessGrant", "The grant scope %q would span buckets: write bucket/* for a whole bucket.", scope)
	case key == "":
		return "", invalid("InvalidAccessGrant", "The grant scope %q names neither an object nor a prefix: write s3://%s/* for the whole bucket.", scope, bucket)
	case !object && strings.Contains(strings.TrimSuffix(key, "*"), "*"):
		return "", invalid("InvalidRequest", "The grant scope %q has a * that is not its last character.", scope)
	}
	return scope, nil
}

// ValidateLocation checks the scope of a location: s3://, s3://bucket, s3://bucket/ or s3://bucket/prefix, the last two
// perhaps with a "*" at the end. It returns the bucket, "" for s3://; whether that exists is the caller's business.
// Errors are Invalid with the code InvalidAccessGrantsLocation. S3 API, CreateAccessGrantsLocation.
func ValidateLocation(scope string) (bucket string, err error) {
	const code = "InvalidAccessGrantsLocation"
	if why := unprintable(scope); why != "" {
		return "", invalid(code, "The location scope %s.", why)
	}
	rest, ok := strings.CutPrefix(scope, scheme)
	if !ok {
		return "", invalid(code, "The location scope %q does not start with s3://.", scope)
	}
	if rest == "" {
		return "", nil
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if !bucketName(bucket) {
		return "", invalid(code, "The location scope %q does not name a bucket: %q is not a bucket name.", scope, bucket)
	}
	if strings.Contains(strings.TrimSuffix(key, "*"), "*") {
		return "", invalid(code, "The location scope %q has a * that is not its last character.", scope)
	}
	return bucket, nil
}

// Bucket is the bucket a scope or a target names: what stands between s3:// and the next slash.
func Bucket(scope string) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(scope, scheme), "/")
	return bucket
}

// bucketName reports whether the name has the shape of a bucket's name. Names that only AWS reserves pass: whether a
// bucket may be made is decided where buckets are made.
func bucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	address := true // four numbers and three dots
	for i := range len(name) {
		c := name[i]
		letter, digit := c >= 'a' && c <= 'z', c >= '0' && c <= '9'
		if !letter && !digit && (c != '.' && c != '-' || i == 0 || i == len(name)-1) {
			return false
		}
		address = address && (digit || c == '.')
	}
	return !address || strings.Count(name, ".") != 3
}

// unprintable says why a text cannot stand in a scope, or "".
func unprintable(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case utf8.RuneCountInString(s) > maxLength:
		return "is longer than 2000 characters"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// place is a scope or a target taken apart: the keys that begin with text, or exactly that key.
type place struct {
	bucket, text string
	exact        bool
}

// split takes a grant's scope apart; ok is false when it has not even a bucket and a slash, and so opens nothing.
func split(scope string, object bool) (p place, ok bool) {
	rest, ok := strings.CutPrefix(scope, scheme)
	if !ok {
		return p, false
	}
	bucket, key, ok := strings.Cut(rest, "/")
	if !ok || bucket == "" || strings.Contains(bucket, "*") {
		return p, false
	}
	if !object && strings.HasSuffix(key, "*") {
		return place{bucket, key[:len(key)-1], false}, true
	}
	return place{bucket, key, true}, true
}

// String puts the place together again, as the scope or target it came from.
func (p place) String() string {
	star := "*"
	if p.exact {
		star = ""
	}
	return scheme + p.bucket + "/" + p.text + star
}

func invalid(code, format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode(code)
}
