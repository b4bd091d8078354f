package s3req

import (
	"strings"

	"granary"
)

// parseCreateBucket accepts what a bucket is anyway, and refuses what it cannot be made.
func parseCreateBucket(r *Request) error {
	if err := CheckBucketName(r.Bucket); err != nil {
		return err
	}
	if err := r.ACL.Check(); err != nil {
		return err
	}
	if v := r.header.Get("X-Amz-Bucket-Object-Lock-Enabled"); v != "" && !strings.EqualFold(v, "false") {
		return NotImplemented("Object lock")
	}
	if v := r.header.Get("X-Amz-Bucket-Namespace"); v != "" && v != "global" {
		return NotImplemented("A bucket namespace other than global")
	}
	return CheckOwnership(r.header.Get("X-Amz-Object-Ownership"))
}

// CheckOwnership refuses an ObjectOwnership that would enable access control lists.
func CheckOwnership(v string) error {
	switch v {
	case "", "BucketOwnerEnforced":
		return nil
	case "BucketOwnerPreferred", "ObjectWriter":
		return granary.Errorf(granary.NotImplemented, "ObjectOwnership %s would enable access control lists, which are"+
			" not implemented: buckets here are BucketOwnerEnforced.", v).WithCode("NotImplemented")
	}
	return Invalid("InvalidArgument", "Invalid x-amz-object-ownership header: "+v)
}
