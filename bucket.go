package granary

import "time"

// Bucket is an entry of the bucket registry: who owns the name, and where its bytes live. Names are unique in the installation.
type Bucket struct {
	Name    string
	Owner   AccountID
	Region  string
	Backend string // a configured backend, "embedded" by default
	Remote  string `json:",omitempty"` // the bucket's name in the backend when it differs
	Policy  string `json:",omitempty"` // bucket policy as given
	// Bound is the unique ids of the users and roles that Policy names, from when it was written.
	Bound map[ARN]string `json:",omitempty"`
	// PublicPolicy lets a public bucket policy reach beyond the account (RestrictPublicBuckets switched off).
	PublicPolicy bool  `json:",omitempty"`
	Tags         []Tag `json:",omitempty"`
	Created      time.Time
}

// ARN is the bucket's ARN.
func (b *Bucket) ARN() ARN { return BucketARN(b.Name) }
