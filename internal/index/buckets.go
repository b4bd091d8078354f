package index

import (
	"granary"
	"granary/internal/policy"
)

// Bucket is a registered bucket with its policy compiled.
type Bucket struct {
	*granary.Bucket
	Policy *policy.Policy // nil when none
}

func compileBucket(b *granary.Bucket) *Bucket {
	return &Bucket{b, bind(policy.Bucket, b.Policy, "bucket policy of "+b.Name, b.Bound)}
}

// Bucket looks a bucket up.
func (x *Index) Bucket(name string) (*Bucket, bool) { return read(x, x.buckets, name) }
