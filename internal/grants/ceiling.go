package grants

import (
	"strings"

	"granary"
)

// rule is when a vended key may perform an action: the permission that contains it, and whether it acts on the bucket.
type rule struct {
	permission granary.Permission
	bucket     bool
}

// actions is everything a vended key may ever do; an action that is not here is refused. S3 User Guide, "S3 Access
// Grants grants"; the two …Attributes actions are ours, since AWS's own plugins ask READ for them.
var actions = map[string]rule{
	"s3:GetObject":                  {granary.Read, false},
	"s3:GetObjectVersion":           {granary.Read, false},
	"s3:GetObjectAcl":               {granary.Read, false},
	"s3:GetObjectVersionAcl":        {granary.Read, false},
	"s3:GetObjectAttributes":        {granary.Read, false},
	"s3:GetObjectVersionAttributes": {granary.Read, false},
	"s3:ListMultipartUploadParts":   {granary.Read, false},
	"s3:ListBucket":                 {granary.Read, true},
	"s3:ListBucketVersions":         {granary.Read, true},
	"s3:ListBucketMultipartUploads": {granary.Read, true},
	"s3:PutObject":                  {granary.Write, false},
	"s3:PutObjectAcl":               {granary.Write, false},
	"s3:PutObjectVersionAcl":        {granary.Write, false},
	"s3:DeleteObject":               {granary.Write, false},
	"s3:DeleteObjectVersion":        {granary.Write, false},
	"s3:AbortMultipartUpload":       {granary.Write, false},
}

// Allows is the hard ceiling of a vended key: whether an action such as "s3:GetObject" on a bucket, and for object
// actions a key, lies inside the scope. Prefix is the request's s3:prefix parameter, nil when it has none. A listing
// must ask for a prefix inside the scope, except when the scope is the whole bucket; a scope of one key lists nothing.
// A nil scope allows nothing.
func Allows(scope *granary.Scope, action, bucket, key string, prefix *string) bool {
	if scope == nil || bucket == "" || bucket != scope.Bucket {
		return false
	}
	r, ok := actions[action]
	if !ok || scope.Permission&r.permission == 0 {
		return false
	}
	if r.bucket {
		return key == "" && !scope.Exact && (scope.Prefix == "" || prefix != nil && strings.HasPrefix(*prefix, scope.Prefix))
	}
	return key != "" && inside(scope, key)
}

func inside(scope *granary.Scope, key string) bool {
	if scope.Exact {
		return key == scope.Prefix
	}
	return strings.HasPrefix(key, scope.Prefix)
}

// Discoverable reports whether the holder of the key may learn that an object of this key does not exist: whether a
// listing, or for a scope of one key the read itself, could have told. It decides between 404 and 403.
func Discoverable(scope *granary.Scope, bucket, key string) bool {
	return Allows(scope, "s3:GetObject", bucket, key, nil)
}

// SessionScope is what a vended key opens: the grant's scope or, with privilege Minimal, the target; always with the
// permission that was asked for. The caller adds the instance's account and Region.
func SessionScope(m Match, t Target, minimal bool, p granary.Permission) granary.Scope {
	at := t.at
	if !minimal {
		at, _ = split(m.Scope, m.Object)
	}
	return granary.Scope{Bucket: at.bucket, Prefix: at.text, Exact: at.exact, Permission: p,
		Grant: m.ID, GrantScope: m.Scope, GrantObject: m.Object, Grantee: m.Grantee}
}

// MatchedTarget is the MatchedGrantTarget of a scope: exactly what the key opens, never wider, since clients cache by it.
func MatchedTarget(scope granary.Scope) string {
	return place{scope.Bucket, scope.Prefix, scope.Exact}.String()
}
