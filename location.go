package granary

import (
	"strings"
	"time"
)

// LocationID is "default" for the scope s3://, otherwise a UUID.
type LocationID string

// Location maps a part of S3 to the role that vends keys for it. Its scope never changes.
type Location struct {
	Account AccountID
	Region  string
	ID      LocationID
	Scope   string // as given: s3://, s3://bucket, s3://bucket/prefix*
	Role    ARN
	Tags    []Tag `json:",omitempty"`
	Created time.Time
}

// ARN returns the location's ARN.
func (l *Location) ARN() ARN { return LocationARN(l.Region, l.Account, l.ID) }

// NormalScope returns the form in which equal location scopes are equal texts: it drops one trailing "*", and adds "/"
// after a bare bucket.
func NormalScope(scope string) string {
	s := strings.TrimSuffix(scope, "*")
	if rest, ok := strings.CutPrefix(s, "s3://"); ok && rest != "" && !strings.Contains(rest, "/") {
		s += "/"
	}
	return s
}
