package s3req

import "net/http"

// ACL is what the access control headers of a request say.
type ACL struct {
	Canned string // x-amz-acl; "" when it is not given
	Grants bool   // a x-amz-grant- header is given
}

// ErrACL refuses an access control list that would do something: buckets here are owned wholly by their owner.
var ErrACL = Invalid("AccessControlListNotSupported", "The bucket does not allow ACLs")

var grantHeaders = []string{"X-Amz-Grant-Read", "X-Amz-Grant-Write", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write-Acp",
	"X-Amz-Grant-Full-Control"}

func parseACL(h http.Header) ACL {
	a := ACL{Canned: h.Get("X-Amz-Acl")}
	for _, name := range grantHeaders {
		a.Grants = a.Grants || h.Get(name) != ""
	}
	return a
}

// Check refuses every list that would change something: owner-enforced buckets have no other access than policies give.
func (a ACL) Check() error {
	if a.Grants {
		return ErrACL
	}
	switch a.Canned {
	case "", "private", "bucket-owner-full-control":
		return nil
	}
	return ErrACL
}

// exceeds reports whether the headers ask for anything but one canned list, which needs a permission of its own.
func (a ACL) exceeds(canned string) bool { return a.Grants || a.Canned != "" && a.Canned != canned }
