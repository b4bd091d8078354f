package s3req

import (
	"net/url"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

const maxKey = 1024 // bytes

// Target is the bucket and the key that a request addresses. Nothing in a path is cleaned up: "a//b/../c" is a key.
type Target struct {
	Bucket string // "" for the service itself
	Key    string // "" for the bucket itself
}

// ParseTarget reads bucket and key from an escaped path, or the bucket from the host's label. A label that is an
// account id is no bucket. It fails with InvalidURI when the path cannot be decoded, and with KeyTooLongError.
func ParseTarget(label, path string) (t Target, err error) {
	decoded, ok := sigv4.UnescapePath(path)
	if !ok || strings.ContainsRune(decoded, 0) {
		return t, Invalid("InvalidURI", "Couldn't parse the specified URI.")
	}
	decoded = strings.TrimPrefix(decoded, "/")
	if label != "" && !granary.AccountID(label).Valid() {
		t.Bucket, t.Key = label, decoded
	} else {
		t.Bucket, t.Key, _ = strings.Cut(decoded, "/")
	}
	if len(t.Key) > maxKey {
		return t, ErrKeyTooLong
	}
	return t, nil
}

// ErrKeyTooLong refuses a key of more than 1024 bytes.
var ErrKeyTooLong = Invalid("KeyTooLongError", "Your key is too long")

// ValidKey reports whether a document may name a key: it has 1 to 1024 bytes.
func ValidKey(key string) bool { return key != "" && len(key) <= maxKey }

// EncodeKey escapes a key as S3 does in listings and URLs: all but letters, digits, "-", ".", "_", "~" and "/".
func EncodeKey(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(key), "+", "%20"), "%2F", "/")
}

// Path returns the path-style path of a target, which ParseTarget reads as the same target.
func (t Target) Path() string {
	if t.Key == "" {
		return "/" + EncodeKey(t.Bucket)
	}
	return "/" + EncodeKey(t.Bucket) + "/" + EncodeKey(t.Key)
}

// CheckBucketName refuses a name that a new bucket cannot have (S3 User Guide, "General purpose bucket naming rules").
func CheckBucketName(name string) error {
	if !validBucketName(name) {
		return granary.Errorf(granary.Invalid, "The specified bucket is not valid.").WithCode("InvalidBucketName").
			With("BucketName", name)
	}
	return nil
}

func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") || name == "v20180820" ||
		granary.AccountID(name).Valid() {
		return false
	}
	address := strings.Count(name, ".") == 3 // so far it may be an IPv4 address
	for i := range len(name) {
		c := name[i]
		letter, digit := c >= 'a' && c <= 'z', c >= '0' && c <= '9'
		if !letter && !digit && (c != '.' && c != '-' || i == 0 || i == len(name)-1) {
			return false
		}
		address = address && (digit || c == '.')
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, s := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	return !address
}
