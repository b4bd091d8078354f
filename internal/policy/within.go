package policy

// Within reports whether a bucket's policy speaks of the bucket, of what is in it, or of "*", and of nothing else (S3 API, PutBucketPolicy).
func (p *Policy) Within(bucket string) bool {
	for i := range p.statements {
		for j := range p.statements[i].resources {
			if !p.statements[i].resources[j].within(bucket) {
				return false
			}
		}
	}
	return true
}

func (r *resource) within(bucket string) bool {
	name, whole := r.tail.fixed, true
	if len(r.tail.parts) > 0 {
		name, whole = r.tail.parts[0].glob, false
	}
	if len(r.head) == 0 {
		return whole && len(name) == 1 && name[0] == any0
	}
	if len(r.head) != 5 || r.head[2].text() != "s3" || len(name) < len(bucket) {
		return false
	}
	for i := range len(bucket) {
		if name[i] != sym(bucket[i]) {
			return false
		}
	}
	if len(name) == len(bucket) {
		return whole
	}
	return name[len(bucket)] == '/'
}
