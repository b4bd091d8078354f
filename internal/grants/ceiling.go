package grants

import (
	"strings"

	"granary"
)

// actionRule tells which permission contains an action, and whether the action is on the bucket instead of an object.
type actionRule struct {
	permission granary.Permission
	bucket     bool
}

// permittedActions lists every action that a vended key can ever perform; any other is refused. S3 User Guide, "S3
// Access Grants grants". The two …Attributes actions are an addition, since AWS's own plugins need them with READ.
var permittedActions = map[string]actionRule{
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

// Allows reports whether a vended key may perform an action such as "s3:GetObject" on a bucket and, for object actions,
// a key. No policy can extend this. Prefix is the request's s3:prefix parameter, nil if the request has none. A listing
// must have a prefix inside the scope unless the scope is the whole bucket; the scope of one key allows no listing. A
// nil scope allows nothing.
func Allows(scope *granary.Scope, action, bucket, key string, prefix *string) bool {
	if scope == nil || bucket == "" || bucket != scope.Bucket {
		return false
	}
	r, ok := permittedActions[action]
	if !ok || scope.Permission&r.permission == 0 {
		return false
	}
	if r.bucket {
		return key == "" && !scope.Exact && (scope.Prefix == "" || prefix != nil && strings.HasPrefix(*prefix, scope.Prefix))
	}
	return key != "" && containsKey(scope, key)
}

func containsKey(scope *granary.Scope, key string) bool {
	if scope.Exact {
		return key == scope.Prefix
	}
	return strings.HasPrefix(key, scope.Prefix)
}

// Discoverable reports whether the holder of a vended key may learn that an object does not exist, because a listing,
// or for a scope of one key the read itself, would tell. It decides between the statuses 404 and 403.
func Discoverable(scope *granary.Scope, bucket, key string) bool {
	return Allows(scope, "s3:GetObject", bucket, key, nil)
}

// SessionScope returns the scope of a vended key: the grant's scope or, if minimal is true (privilege Minimal), the
// target, with the permission that was requested. The caller adds the instance's account and Region.
func SessionScope(m Match, t Target, minimal bool, p granary.Permission) granary.Scope {
	at := t.place
	if !minimal {
		at, _ = splitScope(m.Scope, m.Object)
	}
	return granary.Scope{Bucket: at.bucket, Prefix: at.text, Exact: at.exact, Permission: p,
		Grant: m.ID, GrantScope: m.Scope, GrantObject: m.Object, Grantee: m.Grantee}
}

// MatchedTarget returns the MatchedGrantTarget of a scope. It names exactly what the key opens and nothing wider, since
// clients cache keys by it.
func MatchedTarget(scope granary.Scope) string {
	return place{scope.Bucket, scope.Prefix, scope.Exact}.String()
}
