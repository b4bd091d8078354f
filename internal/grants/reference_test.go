package grants_test

import (
	"fmt"
	"slices"
	"strings"

	"granary"
)

// This file implements the search for a grant, and what its key opens, a second time and as plainly as possible: all
// grants in a list, scopes and targets as texts, and the documented rules one after another. It shares nothing with the
// package under test except nouns.

// request is a GetDataAccess request with its caller.
type request struct {
	Who        []granary.Grantee
	App        granary.ARN
	Target     string
	Object     bool // targetType=Object
	Permission granary.Permission
	Minimal    bool
}

// vended is the answer to a request.
type vended struct {
	Refusal string         // "" when a key is vended
	Grant   *granary.Grant // the matched grant
	Scope   string         // what the key opens: s3://bucket/prefix* or s3://bucket/key
	Exact   bool           // Scope is one key, even if it ends in "*"
}

// vendKey follows the documentation of GetDataAccess.
func vendKey(all []*granary.Grant, q request) vended {
	target, exact, why := readTarget(q.Target, q.Object)
	if why != "" {
		return vended{Refusal: "invalid: " + why}
	}
	var best *granary.Grant
	for _, g := range all {
		if isCandidate(g, q, target, exact) && (best == nil || preferred(g, best, q.Permission)) {
			best = g
		}
	}
	switch {
	case best == nil:
		return vended{Refusal: "nothing covers it"}
	case q.Minimal:
		return vended{Grant: best, Scope: target, Exact: exact}
	}
	return vended{Grant: best, Scope: best.Scope, Exact: oneKey(best)}
}

func readTarget(t string, object bool) (target string, exact bool, refusal string) {
	rest, ok := strings.CutPrefix(t, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	switch {
	case !ok:
		return "", false, "not an S3 URI"
	case len([]rune(t)) > 2000:
		return "", false, "too long"
	case strings.ContainsAny(t,
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f"+
			"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\ufffe\uffff"):
		return "", false, "a character that no answer can say"
	case bucket == "" || strings.Contains(bucket, "*"):
		return "", false, "no bucket"
	case key == "":
		return "s3://" + bucket + "/*", false, ""
	case object:
		return t, true, ""
	case strings.Contains(key[:len(key)-1], "*"):
		return "", false, "a star that is not last"
	case !strings.HasSuffix(key, "*"):
		return t, true, ""
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return "", false, "a wildcard shaped like a traversal"
		}
	}
	return t, false, ""
}

func isCandidate(g *granary.Grant, q request, target string, exact bool) bool {
	if !slices.Contains(q.Who, g.Grantee) {
		return false
	}
	if g.Application != "" && g.Application != q.App {
		return false
	}
	switch q.Permission { // READ and WRITE grants do not add up
	case granary.Read:
		if g.Permission == granary.Write {
			return false
		}
	case granary.Write:
		if g.Permission == granary.Read {
			return false
		}
	default:
		if g.Permission != granary.ReadWrite {
			return false
		}
	}
	if oneKey(g) {
		return exact && target == g.Scope
	}
	if !exact {
		target = target[:len(target)-1]
	}
	return strings.HasPrefix(target, g.Scope[:len(g.Scope)-1])
}

func oneKey(g *granary.Grant) bool { return g.Object || !strings.HasSuffix(g.Scope, "*") }

// preferred reports whether a wins over b: the narrower scope, the permission requested, users before groups before IAM
// principals, bound before unbound, older, smaller id.
func preferred(a, b *granary.Grant, asked granary.Permission) bool {
	order := []granary.GranteeType{granary.GranteeUser, granary.GranteeGroup, granary.GranteeIAM}
	switch {
	case oneKey(a) != oneKey(b):
		return oneKey(a)
	case len(a.Scope) != len(b.Scope):
		return len(a.Scope) > len(b.Scope)
	case (a.Permission == asked) != (b.Permission == asked):
		return a.Permission == asked
	case a.Grantee.Type != b.Grantee.Type:
		return slices.Index(order, a.Grantee.Type) < slices.Index(order, b.Grantee.Type)
	case (a.Application != "") != (b.Application != ""):
		return a.Application != ""
	case !a.Created.Equal(b.Created):
		return a.Created.Before(b.Created)
	}
	return a.ID < b.ID
}

// The actions of a permission, on objects and on the bucket.
var (
	readObjects = strings.Fields("s3:GetObject s3:GetObjectVersion s3:GetObjectAcl s3:GetObjectVersionAcl " +
		"s3:GetObjectAttributes s3:GetObjectVersionAttributes s3:ListMultipartUploadParts")
	readBucket   = strings.Fields("s3:ListBucket s3:ListBucketVersions s3:ListBucketMultipartUploads")
	writeObjects = strings.Fields("s3:PutObject s3:PutObjectAcl s3:PutObjectVersionAcl s3:DeleteObject " +
		"s3:DeleteObjectVersion s3:AbortMultipartUpload")
)

// opens reports whether a key of the scope may perform an action on an object or, if key is empty, on the bucket with a
// prefix parameter.
func opens(scope string, exact bool, p granary.Permission, action, bucket, key string, prefix *string) bool {
	read, write := p == granary.Read || p == granary.ReadWrite, p == granary.Write || p == granary.ReadWrite
	switch {
	case read && slices.Contains(readObjects, action), write && slices.Contains(writeObjects, action):
		uri := "s3://" + bucket + "/" + key
		return key != "" && (exact && uri == scope || !exact && strings.HasPrefix(uri, scope[:len(scope)-1]))
	case read && slices.Contains(readBucket, action):
		whole := scope == "s3://"+bucket+"/*"
		return key == "" && !exact &&
			(whole || prefix != nil && strings.HasPrefix("s3://"+bucket+"/"+*prefix, scope[:len(scope)-1]))
	}
	return false
}

// joinScope makes a grant's scope from its location's scope and sub-prefix; "" is a refusal.
func joinScope(location, sub string, object bool) string {
	scope := "s3://" + sub
	if sub == "" && location == "s3://" {
		return ""
	}
	if location != "s3://" {
		base := strings.TrimSuffix(location, "*")
		if !strings.Contains(base[len("s3://"):], "/") {
			base += "/"
		}
		switch {
		case sub == "" && object:
			return ""
		case sub == "":
			sub = "*"
		case strings.HasSuffix(base, "/") && strings.HasPrefix(sub, "/"):
			sub = sub[1:]
		}
		scope = base + sub
	}
	bucket, key, found := strings.Cut(scope[len("s3://"):], "/")
	if !found || bucket == "" || key == "" || strings.Contains(bucket, "*") || len([]rune(scope)) > 2000 {
		return ""
	}
	for _, r := range scope {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ""
		}
	}
	if !object && strings.Contains(key[:len(key)-1], "*") {
		return ""
	}
	return scope
}

func (q request) story(all []*granary.Grant) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v through application %q asks %s on %q (object: %v, minimal: %v)\n", q.Who, q.App, q.Permission,
		q.Target, q.Object, q.Minimal)
	for _, g := range all {
		fmt.Fprintf(&b, "  grant %s: %s %q (object: %v) to %v, application %q, created %s\n", g.ID, g.Permission, g.Scope,
			g.Object, g.Grantee, g.Application, g.Created.Format("15:04:05.000"))
	}
	return b.String()
}

func (v vended) String() string {
	if v.Refusal != "" {
		return "refused, " + v.Refusal
	}
	return fmt.Sprintf("grant %s, and the key opens %q (one key: %v)", v.Grant.ID, v.Scope, v.Exact)
}
