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

// Join makes a grant's scope from its location's scope and its sub-prefix, and checks the result: a bucket, then a key
// (if object is true, or without a final "*") or a key prefix and "*". It adds no separator except a slash after a bare
// bucket. It does not check whether the bucket exists; see Bucket.
//
// Errors are Invalid with the code InvalidRequest (syntax) or InvalidAccessGrant (a scope that cannot contain
// anything). S3 API, CreateAccessGrant.
func Join(locationScope, subPrefix string, object bool) (string, error) {
	if locationScope == scheme {
		if subPrefix == "" {
			return "", invalid("InvalidRequest", "A grant on the whole default location is not possible: give an S3SubPrefix "+
				"that names a bucket.")
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

// checkScope returns the scope if a grant may have it.
func checkScope(scope string, object bool) (string, error) {
	if why := invalidText(scope); why != "" {
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
		return "", invalid("InvalidAccessGrant", "The grant scope %q would span buckets: write bucket/* for a whole bucket.",
			scope)
	case key == "":
		return "", invalid("InvalidAccessGrant", "The grant scope %q names neither an object nor a prefix: write s3://%s/* "+
			"for the whole bucket.", scope, bucket)
	case !object && strings.Contains(strings.TrimSuffix(key, "*"), "*"):
		return "", invalid("InvalidRequest", "The grant scope %q has a * that is not its last character.", scope)
	}
	return scope, nil
}

// ValidateLocation checks the scope of a location: s3://, s3://bucket, s3://bucket/ or s3://bucket/prefix, the last two
// with an optional final "*". It returns the bucket, "" for s3://, and does not check whether it exists. Errors are
// Invalid with the code InvalidAccessGrantsLocation. S3 API, CreateAccessGrantsLocation.
func ValidateLocation(scope string) (bucket string, err error) {
	const code = "InvalidAccessGrantsLocation"
	if why := invalidText(scope); why != "" {
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
	if !isBucketName(bucket) {
		return "", invalid(code, "The location scope %q does not name a bucket: %q is not a bucket name.", scope, bucket)
	}
	if strings.Contains(strings.TrimSuffix(key, "*"), "*") {
		return "", invalid(code, "The location scope %q has a * that is not its last character.", scope)
	}
	return bucket, nil
}

// Bucket returns the bucket of a scope or a target: the text between s3:// and the next slash.
func Bucket(scope string) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(scope, scheme), "/")
	return bucket
}

// isBucketName reports whether a name has the form of a bucket's name. It accepts names that AWS reserves; CreateBucket
// refuses those.
func isBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	address := true // looks like an IPv4 address
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

// invalidText returns why a text cannot be part of a scope, "" when it can.
func invalidText(s string) string {
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

// place is a parsed scope or target: all keys that begin with text or, if exact is true, that key only.
type place struct {
	bucket, text string
	exact        bool
}

// splitScope parses a grant's scope. ok is false when the scope has no bucket or no slash; such a grant opens nothing.
func splitScope(scope string, object bool) (p place, ok bool) {
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

// String returns the scope or target from which the place was parsed.
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
