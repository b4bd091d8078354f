package s3req

import (
	"strings"

	"granary/internal/policy"
)

// Need is one action that must be allowed on one resource before the operation runs.
type Need struct {
	Action string
	Bucket string // "" for all buckets
	Key    string // "" for the bucket itself
	Source bool   // Bucket is the one that a copy reads, not the one that the request addresses
	// Keys are the condition keys that the request gives the action, by their names in lower case. It is never nil.
	Keys policy.Values
}

// Needs returns what must be allowed for the request, all of it, in the order in which refusals are told. The document
// is nil as long as it has not been read. DeleteObjects needs something for each key: see NeedsOfDelete.
func (r *Request) Needs(d *Document) (list []Need) {
	op := r.Operation
	switch {
	case op.versions != "" && r.Version != nil:
		list = append(list, r.Need(op.versions, d))
	case op.action != "":
		list = append(list, r.Need(op.action, d))
	}
	if op.further != nil {
		list = append(list, op.further(r, d)...)
	}
	return list
}

// Need returns an action on what the request addresses, with the condition keys of the action.
func (r *Request) Need(action string, d *Document) Need {
	n := Need{Action: action, Bucket: r.Bucket, Key: r.Key, Keys: policy.Values{}}
	for name := range strings.FieldsSeq(actionKeys[action]) {
		if r.Operation.part && FromUpload(name) {
			continue
		}
		if values, ok := sources[name](r, d); ok {
			n.Keys[name] = values
		}
	}
	if k, ok := tagKeys[action]; ok {
		for _, t := range r.tagsTested(d) {
			n.Keys[k.tag+strings.ToLower(t.Key)] = []string{t.Value}
			n.Keys[k.names] = append(n.Keys[k.names], t.Key)
		}
	}
	return n
}

// NeedOfKey returns an action on an object, without condition keys.
func NeedOfKey(action, bucket, key string) Need {
	return Need{Action: action, Bucket: bucket, Key: key, Keys: policy.Values{}}
}

// NeedsOfDelete returns what must be allowed for one entry of a DeleteObjects request.
func (r *Request) NeedsOfDelete(o Deletion) (list []Need) {
	if o.ETag != "" { // the answer would tell whether it is the object's
		list = append(list, NeedOfKey("s3:GetObject", r.Bucket, o.Key))
	}
	n := NeedOfKey("s3:DeleteObject", r.Bucket, o.Key)
	if o.ETag != "" {
		n.Keys["s3:if-match"] = []string{o.ETag}
	}
	if o.VersionID != "" {
		n.Action = "s3:DeleteObjectVersion"
		n.Keys["s3:versionid"] = []string{o.VersionID}
	}
	return append(list, n)
}

// NeedToDiscover returns the need of a caller who finds a key by listing: one who may not is not told whether the key
// exists (s3-gateway §6).
func NeedToDiscover(bucket, key string) Need {
	return Need{Action: "s3:ListBucket", Bucket: bucket,
		Keys: policy.Values{"s3:prefix": {key}, "s3:max-keys": {"1"}}}
}

func allBuckets(*Request, *Document) []Need {
	return []Need{{Action: "s3:ListAllMyBuckets", Keys: policy.Values{}}}
}

func createBucketNeeds(r *Request, d *Document) (list []Need) {
	if r.ACL.exceeds("private") {
		list = append(list, r.Need("s3:PutBucketAcl", d))
	}
	if r.header.Get("X-Amz-Object-Ownership") != "" {
		list = append(list, r.Need("s3:PutBucketOwnershipControls", d))
	}
	if len(r.tagsTested(d)) > 0 {
		list = append(list, r.Need("s3:TagResource", d))
	}
	return list
}

// putNeeds are what a new object needs besides s3:PutObject.
func putNeeds(r *Request, d *Document) (list []Need) {
	if r.ACL.exceeds("") {
		list = append(list, r.Need("s3:PutObjectAcl", d))
	}
	if len(r.Tags) > 0 {
		list = append(list, r.Need("s3:PutObjectTagging", d))
	}
	return append(list, conditionNeeds(r, d)...)
}

// conditionNeeds demand reading where a condition compares with the object that exists: the answer tells its ETag.
func conditionNeeds(r *Request, d *Document) []Need {
	if m := r.header.Get("If-Match"); m != "" && m != "*" {
		return []Need{r.Need("s3:GetObject", d)}
	}
	return nil
}

// copyNeeds demand that the source may be read.
func copyNeeds(r *Request, d *Document) []Need {
	read := NeedOfKey("s3:GetObject", r.Copy.Bucket, r.Copy.Key)
	read.Source = true
	if r.Copy.Versioned {
		read.Action = "s3:GetObjectVersion"
		read.Keys["s3:versionid"] = []string{NullVersion}
	}
	return append([]Need{read}, putNeeds(r, d)...)
}
