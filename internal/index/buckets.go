package index

import (
	"sync"

	"granary"
	"granary/internal/policy"
)

// Bucket is a registered bucket with its policy compiled.
type Bucket struct {
	*granary.Bucket
	Policy *policy.Policy // nil when none
}

// Buckets is the facet of the registered buckets.
type Buckets struct {
	mu     *sync.RWMutex
	byName map[string]*Bucket
}

func compileBucket(b *granary.Bucket) *Bucket {
	return &Bucket{b, bind(policy.Bucket, b.Policy, "bucket policy of "+b.Name, b.Bound)}
}

// Get looks a bucket up by its name. It returns nil and false when there is none.
func (x *Buckets) Get(name string) (*Bucket, bool) { return read(x.mu, x.byName, name) }
