package gateway

import (
	"net/url"
	"strconv"
	"strings"

	"granary"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/sigv4"
)

// authorize decides on each of the request's tuples; the first that is denied is the refusal.
func (q *request) authorize() error {
	var list []authz.Request
	if q.op.action != "" {
		list = append(list, q.tuple(q.op.action))
	}
	if q.op.tuples != nil {
		more, err := q.op.tuples(q)
		if err != nil {
			return err
		}
		list = append(list, more...)
	}
	for _, r := range list {
		if err := q.decide(r); err != nil {
			return err
		}
	}
	return nil
}

func (q *request) decide(r authz.Request) error {
	d := q.Authz.Decide(q.caller, &q.env, r)
	if d.Allowed {
		return nil
	}
	q.denied = &d
	return d.Refusal()
}

// on is an action on a bucket, or on an object when the key is not empty. A bucket that does not exist stands in the
// caller's account: whether it does is told only to those who may know.
func (q *request) on(action, name string, b *index.Bucket, key string) authz.Request {
	r := authz.Request{Action: action, Resource: string(granary.BucketARN(name)), Keys: policy.Values{}, Bucket: name, Key: key}
	if key != "" {
		r.Resource = string(granary.ObjectARN(name, key))
	}
	if b != nil {
		r.Owner, r.Policy, r.BlockPublic = b.Owner, b.Policy, !b.PublicPolicy
	}
	return r
}

// aclHeaders are the request headers that policies of what can have an access control list test.
var aclHeaders = []string{"x-amz-acl", "x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-read-acp", "x-amz-grant-write-acp", "x-amz-grant-full-control"}

// writeHeaders are those of the PutObject family besides (s3-gateway §5).
var writeHeaders = []string{"if-match", "if-none-match", "x-amz-metadata-directive", "x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption",
	"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm"}

// tuple is the request's own action with the condition keys that belong to it.
func (q *request) tuple(action string) authz.Request {
	r := q.on(action, q.name, q.bucket, q.key)
	switch action {
	case "s3:ListBucket", "s3:ListBucketMultipartUploads":
		q.listKeys(&r)
	case "s3:PutObject":
		q.headerKeys(&r, aclHeaders...)
		q.headerKeys(&r, writeHeaders...)
		if q.header.Get("X-Amz-Copy-Source") != "" {
			if bucket, key, err := q.copySource(); err == nil {
				r.Keys["s3:x-amz-copy-source"] = []string{bucket + "/" + key}
			}
		}
		whole := q.op.name == "PutObject" || q.op.name == "CopyObject" || q.op.name == "CompleteMultipartUpload"
		r.Keys["s3:objectcreationoperation"] = []string{strconv.FormatBool(whole)}
	case "s3:DeleteObject":
		q.headerKeys(&r, "if-match")
	}
	return r
}

// headerKeys adds the condition keys that are headers of the request, those that it has.
func (q *request) headerKeys(r *authz.Request, names ...string) {
	for _, h := range names {
		if v := q.header.Get(h); v != "" {
			r.Keys["s3:"+h] = []string{v}
		}
	}
}

func (q *request) listKeys(r *authz.Request) {
	if q.op.name == "HeadBucket" {
		r.Keys["s3:max-keys"] = []string{"1000"}
		return
	}
	if v, ok := q.query.Lookup("prefix"); ok {
		r.Keys["s3:prefix"], r.Prefix = []string{v}, &v
	}
	if v, ok := q.query.Lookup("delimiter"); ok {
		r.Keys["s3:delimiter"] = []string{v}
	}
	limit := "1000"
	for _, name := range []string{"max-keys", "max-uploads"} {
		if v, ok := q.query.Lookup(name); ok && v != "" {
			limit = v
		}
	}
	r.Keys["s3:max-keys"] = []string{limit}
}

func allBuckets(q *request) ([]authz.Request, error) {
	return []authz.Request{{Action: "s3:ListAllMyBuckets", Resource: "arn:aws:s3:::*"}}, nil
}

func createBucketTuples(q *request) (out []authz.Request, err error) {
	if err := q.readLocation(); err != nil {
		return nil, err
	}
	create := q.on("s3:CreateBucket", q.name, q.bucket, "")
	q.headerKeys(&create, aclHeaders...)
	q.headerKeys(&create, "x-amz-object-ownership")
	if q.location != "" {
		create.Keys["s3:locationconstraint"] = []string{q.location}
	}
	out = append(out, create)
	if acl := q.header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		out = append(out, q.on("s3:PutBucketAcl", q.name, q.bucket, ""))
	}
	if q.header.Get("X-Amz-Object-Ownership") != "" {
		out = append(out, q.on("s3:PutBucketOwnershipControls", q.name, q.bucket, ""))
	}
	if strings.EqualFold(q.header.Get("X-Amz-Bucket-Object-Lock-Enabled"), "true") {
		return nil, notImplemented("Object lock")
	}
	return out, nil
}

// putTuples are what a write needs beside s3:PutObject.
func putTuples(q *request) (out []authz.Request, err error) {
	for name := range q.header {
		lower := strings.ToLower(name)
		switch {
		case lower == "x-amz-tagging", strings.HasPrefix(lower, "x-amz-object-lock-"), lower == "x-amz-mfa", strings.HasPrefix(lower, "x-amz-server-side-encryption"),
			lower == "x-amz-website-redirect-location":
			return nil, granary.Errorf(granary.NotImplemented, "A header you provided implies functionality that is not implemented: %s", lower).WithCode("NotImplemented").With("Header", lower)
		case lower == "x-amz-acl" || strings.HasPrefix(lower, "x-amz-grant-"):
			out = append(out, q.on("s3:PutObjectAcl", q.name, q.bucket, q.key))
		}
	}
	return append(out, q.conditionTuples()...), nil
}

// conditionTuples ask for reading where a condition compares with what is there: the answer would tell its ETag.
func (q *request) conditionTuples() []authz.Request {
	if m := q.header.Get("If-Match"); m != "" && m != "*" {
		return []authz.Request{q.on("s3:GetObject", q.name, q.bucket, q.key)}
	}
	return nil
}

func partTuples(q *request) ([]authz.Request, error) { return nil, nil }

func completeTuples(q *request) ([]authz.Request, error) { return q.conditionTuples(), nil }

func deleteTuples(q *request) ([]authz.Request, error) {
	if strings.EqualFold(q.header.Get("X-Amz-Bypass-Governance-Retention"), "true") || q.header.Get("X-Amz-Mfa") != "" {
		return nil, notImplemented("Object lock")
	}
	return q.conditionTuples(), nil
}

// copyTuples need the source to be readable.
func copyTuples(q *request) ([]authz.Request, error) {
	bucket, key, err := q.copySource()
	if err != nil {
		return nil, err
	}
	out, err := putTuples(q)
	if err != nil {
		return nil, err
	}
	b, _ := q.Index.Bucket(bucket)
	if want := q.header.Get("X-Amz-Source-Expected-Bucket-Owner"); want != "" && (b == nil || string(b.Owner) != want) {
		return nil, granary.Errorf(granary.Denied, "Access Denied").At("bucket", "expected-owner", "expected", want)
	}
	return append([]authz.Request{q.on("s3:GetObject", bucket, b, key)}, out...), nil
}

// copySource reads x-amz-copy-source: bucket and key, escaped, perhaps with a slash before.
func (q *request) copySource() (bucket, key string, err error) {
	bad := granary.Errorf(granary.Invalid, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey").WithCode("InvalidArgument")
	text, version, versioned := strings.Cut(q.header.Get("X-Amz-Copy-Source"), "?versionId=")
	if versioned && version != "null" {
		return "", "", notImplemented("A copy of a version")
	}
	decoded, uerr := url.PathUnescape(strings.TrimPrefix(text, "/"))
	if uerr != nil {
		return "", "", bad
	}
	bucket, key, ok := strings.Cut(decoded, "/")
	if !ok || bucket == "" || key == "" || strings.HasPrefix(decoded, "arn:") {
		return "", "", bad
	}
	return bucket, key, nil
}

// hidden turns "there is no such key" into a refusal for callers who could not have found that out by listing
// (s3-gateway §6).
func (q *request) hidden(err error) error {
	if granary.AsError(err).Code != "NoSuchKey" {
		return err
	}
	if s := q.caller.Scope(); s != nil && grants.Discoverable(s, q.name, q.key) {
		return err
	}
	r := q.on("s3:ListBucket", q.name, q.bucket, "")
	r.Prefix = &q.key
	r.Keys["s3:prefix"], r.Keys["s3:max-keys"] = []string{q.key}, []string{"1"}
	d := q.Authz.Decide(q.caller, &q.env, r)
	if d.Allowed {
		return err
	}
	q.denied = &d
	return granary.Errorf(granary.Denied, "Access Denied").At("policy", "hidden")
}

// acl refuses what object ownership forbids: buckets here are owned wholly by their owner.
func (q *request) acl() error {
	for name := range q.header {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-grant-") {
			return errACL
		}
	}
	switch q.header.Get("X-Amz-Acl") {
	case "", "private", "bucket-owner-full-control":
		return nil
	}
	return errACL
}

var errACL = granary.Errorf(granary.Invalid, "The bucket does not allow ACLs").WithCode("AccessControlListNotSupported")

// signed reports whether the request carries a signature.
func (q *request) signed() bool { return q.auth != nil && q.auth.Mode != sigv4.Anonymous }
