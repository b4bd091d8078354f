package grants

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Target is what a GetDataAccess request asks for: one key, or all keys with a prefix. Made by ParseTarget.
type Target struct{ at place }

// ParseTarget reads the target of a GetDataAccess request. Object is targetType=Object, under which "*" is a plain
// character. A bare bucket, with or without a slash, asks for the whole bucket. Errors are Invalid with the code
// InvalidRequest. S3 API, GetDataAccess.
func ParseTarget(target string, object bool) (Target, error) {
	const code = "InvalidRequest"
	switch {
	case !utf8.ValidString(target):
		return Target{}, invalid(code, "The target is not valid UTF-8.")
	case utf8.RuneCountInString(target) > maxLength:
		return Target{}, invalid(code, "The target is longer than 2000 characters.")
	case strings.ContainsFunc(target, unsayable):
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
		return Target{}, invalid(code, "The target %q has a * that is not its last character; for an object of that name send targetType=Object.", target)
	}
	if wild && slices.ContainsFunc(strings.Split(key, "/"), func(s string) bool { return s == "." || s == ".." }) {
		return Target{}, invalid(code, "The target %q is a prefix with a . or .. segment, which S3 would not resolve.", target)
	}
	return Target{place{bucket, prefix, !wild}}, nil
}

// unsayable are the characters that XML has no way to write. Clients cache keys by the MatchedGrantTarget, so it must be exact.
func unsayable(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// Bucket is the bucket the target lies in.
func (t Target) Bucket() string { return t.at.bucket }

// Key is the key the target names, or when exact is false what the keys it asks for begin with.
func (t Target) Key() (text string, exact bool) { return t.at.text, t.at.exact }

// String is the target as given, a bare bucket as s3://bucket/*.
func (t Target) String() string { return t.at.String() }
