package granary

import "time"

// Bucket is an entry of the bucket registry: it says which account owns a name, and where the bytes are. Names are
// unique in the installation.
type Bucket struct {
	// ID identifies the bucket for good. A name can pass to another account when its bucket is deleted, so decisions and
	// objects belong to the id. A bucket of an early release has its name as its id.
	ID      string
	Name    string
	Owner   AccountID
	Region  string
	Backend string // a configured backend, "embedded" by default
	Remote  string `json:",omitempty"` // the bucket's name in the backend when it differs
	Policy  string `json:",omitempty"` // bucket policy as given
	// Bound maps the users and roles that Policy names to their unique ids at the time when it was written.
	Bound map[ARN]string `json:",omitempty"`
	// PublicPolicy lets a public bucket policy reach beyond the account (RestrictPublicBuckets switched off).
	PublicPolicy bool  `json:",omitempty"`
	Tags         []Tag `json:",omitempty"`
	// Untold names the settings that were deleted, such as publicAccessBlock. They stay in force, and reading one answers
	// that it is not set.
	Untold  []string `json:",omitempty"`
	Created time.Time
}

// NewBucketID returns the id of a new bucket. It has an underscore, so it is never the name of a bucket.
func NewBucketID() string { return "b_" + Hex(32) }

// Place returns the name by which the backend knows the bucket: Remote when it is set, else ID.
func (b *Bucket) Place() string {
	if b.Remote != "" {
		return b.Remote
	}
	return b.ID
}

// ARN returns the bucket's ARN, which has its name.
func (b *Bucket) ARN() ARN { return BucketARN(b.Name) }
