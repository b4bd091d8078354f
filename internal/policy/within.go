package policy

import "strings"

// Within reports whether every resource of a bucket policy is the bucket, something in it, or "*" (S3 API,
// PutBucketPolicy).
func (p *Policy) Within(bucket string) bool {
	for i := range p.statements {
		for j := range p.statements[i].resources {
			if !p.statements[i].resources[j].withinBucket(bucket) {
				return false
			}
		}
	}
	return true
}

// withinBucket reports whether every ARN that the pattern matches is of the bucket, or the pattern is "*".
func (r *resource) withinBucket(bucket string) bool {
	if len(r.head) == 0 {
		return r.tail.parts == nil && r.tail.fixed.matchesAll()
	}
	service, fixed := r.head[min(2, len(r.head)-1)].literalPrefix()
	if len(r.head) != 5 || !fixed || service != "s3" {
		return false
	}
	name, whole := r.tail.literalPrefix()
	rest, ok := strings.CutPrefix(name, bucket)
	return ok && (rest == "" && whole || strings.HasPrefix(rest, "/"))
}
