package grants

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Target is the target of a GetDataAccess request: one key, or all keys with a prefix. ParseTarget makes one.
type Target struct{ place place }

// ParseTarget parses the target of a GetDataAccess request. object means targetType=Object, with which "*" is an
// ordinary character. A bucket alone, with or without a slash, means the whole bucket. Errors are Invalid with the code
// InvalidRequest. S3 API, GetDataAccess.
func ParseTarget(target string, object bool) (Target, error) {
	const code = "InvalidRequest"
	switch {
	case !utf8.ValidString(target):
		return Target{}, invalid(code, "The target is not valid UTF-8.")
	case utf8.RuneCountInString(target) > maxLength:
		return Target{}, invalid(code, "The target is longer than 2000 characters.")
	case strings.ContainsFunc(target, notInXML):
		return Target{}, invalid(code, "The target has a control character, which MatchedGrantTarget could not say again.")
	}
	rest, ok := strings.CutPrefix(target, scheme)
	if !ok {
		return Target{}, invalid(code, "The target %q does not start with s3://.", target)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	switch {
	case bucket == "":
		return Target{}, invalid(code, "The target %q names no bucket.", target)
	case strings.Contains(bucket, "*"):
		return Target{}, invalid(code, "The target %q would span buckets: write s3://bucket/* for a whole bucket.", target)
	case key == "":
		return Target{place{bucket, "", false}}, nil
	case object:
		return Target{place{bucket, key, true}}, nil
	}
	prefix, wild := strings.CutSuffix(key, "*")
	if strings.Contains(prefix, "*") {
		return Target{},
			invalid(code, "The target %q has a * that is not its last character; for an object of that name send "+
				"targetType=Object.", target)
	}
	if wild && slices.ContainsFunc(strings.Split(key, "/"), func(s string) bool { return s == "." || s == ".." }) {
		return Target{}, invalid(code, "The target %q is a prefix with a . or .. segment, which S3 would not resolve.",
			target)
	}
	return Target{place{bucket, prefix, !wild}}, nil
}

// notInXML reports whether XML cannot represent a character. Clients cache keys by MatchedGrantTarget, so it must be
// exact.
func notInXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// Bucket returns the target's bucket.
func (t Target) Bucket() string { return t.place.bucket }

// Key returns the target's key or, if exact is false, the prefix of its keys.
func (t Target) Key() (text string, exact bool) { return t.place.text, t.place.exact }

// String returns the target as it was given; a bucket alone becomes s3://bucket/*.
func (t Target) String() string { return t.place.String() }
