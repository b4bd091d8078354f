package gateway

import (
	"net/http"
	"slices"
	"strings"

	"granary"
	"granary/internal/authz"
)

// operation is one row of S3's table: how it is recognised, what it needs, and who does it.
type operation struct {
	name     string // as CloudTrail names it
	action   string // "" when tuples says all
	tuples   func(*request) ([]authz.Request, error)
	run      func(*request) (*response, error)
	readOnly bool
	noBucket bool // runs although the bucket does not exist
	manage   bool // a management event in the audit log
}

// place is where in the table a request belongs: what it addresses, its method, and its selector.
type place struct {
	level    string // service, bucket, object
	method   string
	selector string
}

// table is every operation. Its order is nobody's business: a request has exactly one place.
var table map[place]*operation

func init() {
	// The versions that HEAD shares with GET, and that a copy shares with a put, are told apart by identify.
	table = map[place]*operation{
		{"service", "GET", ""}: {name: "ListBuckets", tuples: allBuckets, run: (*request).listBuckets, readOnly: true, manage: true},

		{"bucket", "GET", ""}:          {name: "ListObjects", action: "s3:ListBucket", run: (*request).listObjects, readOnly: true},
		{"bucket", "GET", "list-type"}: {name: "ListObjects", action: "s3:ListBucket", run: (*request).listObjectsV2, readOnly: true},
		{"bucket", "GET", "uploads"}:   {name: "ListMultipartUploads", action: "s3:ListBucketMultipartUploads", run: (*request).listUploads, readOnly: true},
		{"bucket", "GET", "location"}:  {name: "GetBucketLocation", action: "s3:GetBucketLocation", run: (*request).getLocation, readOnly: true, manage: true},
		{"bucket", "GET", "policy"}:    {name: "GetBucketPolicy", action: "s3:GetBucketPolicy", run: (*request).getPolicy, readOnly: true, manage: true},
		{"bucket", "HEAD", ""}:         {name: "HeadBucket", action: "s3:ListBucket", run: (*request).headBucket, readOnly: true},
		{"bucket", "PUT", ""}:          {name: "CreateBucket", tuples: createBucketTuples, run: (*request).createBucket, noBucket: true, manage: true},
		{"bucket", "PUT", "policy"}:    {name: "PutBucketPolicy", action: "s3:PutBucketPolicy", run: (*request).putPolicy, manage: true},
		{"bucket", "DELETE", ""}:       {name: "DeleteBucket", action: "s3:DeleteBucket", run: (*request).deleteBucket, manage: true},
		{"bucket", "DELETE", "policy"}: {name: "DeleteBucketPolicy", action: "s3:DeleteBucketPolicy", run: (*request).deletePolicy, manage: true},
		{"bucket", "POST", "delete"}:   {name: "DeleteObjects", tuples: none, run: (*request).deleteObjects},

		{"object", "GET", ""}:            {name: "GetObject", action: "s3:GetObject", run: (*request).getObject, readOnly: true},
		{"object", "HEAD", ""}:           {name: "HeadObject", action: "s3:GetObject", run: (*request).getObject, readOnly: true},
		{"object", "GET", "uploadId"}:    {name: "ListParts", action: "s3:ListMultipartUploadParts", run: (*request).listParts, readOnly: true},
		{"object", "PUT", ""}:            {name: "PutObject", action: "s3:PutObject", tuples: putTuples, run: (*request).putObject},
		{"object", "PUT", "copy"}:        {name: "CopyObject", action: "s3:PutObject", tuples: copyTuples, run: (*request).copyObject},
		{"object", "PUT", "uploadId"}:    {name: "UploadPart", action: "s3:PutObject", tuples: partTuples, run: (*request).uploadPart},
		{"object", "PUT", "copyPart"}:    {name: "UploadPartCopy", action: "s3:PutObject", tuples: copyTuples, run: (*request).uploadPartCopy},
		{"object", "POST", "uploads"}:    {name: "CreateMultipartUpload", action: "s3:PutObject", tuples: putTuples, run: (*request).createUpload},
		{"object", "POST", "uploadId"}:   {name: "CompleteMultipartUpload", action: "s3:PutObject", tuples: completeTuples, run: (*request).completeUpload},
		{"object", "DELETE", ""}:         {name: "DeleteObject", action: "s3:DeleteObject", tuples: deleteTuples, run: (*request).deleteObject},
		{"object", "DELETE", "uploadId"}: {name: "AbortMultipartUpload", action: "s3:AbortMultipartUpload", run: (*request).abortUpload},
	}
}

func none(*request) ([]authz.Request, error) { return nil, nil }

// selectors are the query parameters that make a request another operation. Those without a row are answered with 501.
var selectors = []string{"abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "list-type", "location", "logging", "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable",
	"metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject", "replication",
	"requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website"}

// plain are parameters that qualify an operation without making it another.
var plain = []string{"prefix", "delimiter", "max-keys", "marker", "encoding-type", "start-after", "continuation-token", "fetch-owner", "key-marker",
	"upload-id-marker", "max-uploads", "partNumber", "part-number-marker", "max-parts", "x-id", "bucket-region", "max-buckets"}

func notImplemented(what string) error {
	return granary.Errorf(granary.NotImplemented, "%s is not implemented.", what).WithCode("NotImplemented")
}

// identify finds the one operation of the request, or says why there is none.
func (q *request) identify() (*operation, error) {
	p := place{level: "object", method: q.http.Method}
	switch {
	case q.name == "":
		p.level = "service"
	case q.key == "":
		p.level = "bucket"
	}
	var found []string
	for _, s := range selectors {
		if q.query.Has(s) {
			found = append(found, s)
		}
	}
	switch {
	case len(found) > 1:
		return nil, granary.Errorf(granary.Invalid, "Conflicting query string parameters: %s", strings.Join(found, ", ")).WithCode("InvalidArgument")
	case len(found) == 1:
		p.selector = found[0]
	}
	if err := q.once(); err != nil {
		return nil, err
	}
	if err := q.strange(p.method); err != nil {
		return nil, err
	}
	if p.level == "object" && p.method == http.MethodPut {
		if err := q.put(&p); err != nil {
			return nil, err
		}
	}
	if op := table[p]; op != nil {
		return op, nil
	}
	if p.selector != "" {
		return nil, notImplemented("?" + p.selector)
	}
	if p.level == "bucket" && p.method == http.MethodPost {
		return nil, notImplemented("A browser upload by POST")
	}
	return nil, granary.Errorf(granary.Invalid, "The specified method is not allowed against this resource.").WithCode("MethodNotAllowed")
}

// put tells copies and parts apart.
func (q *request) put(p *place) error {
	part, upload, copied := q.query.Has("partNumber"), p.selector == "uploadId", q.http.Header.Get("X-Amz-Copy-Source") != ""
	switch {
	case part != upload:
		return granary.Errorf(granary.Invalid, "partNumber and uploadId go together.").WithCode("InvalidArgument")
	case upload && copied:
		p.selector = "copyPart"
	case copied && p.selector == "":
		p.selector = "copy"
	}
	return nil
}

// once refuses what is given twice: what a policy tests must be what is done, and has one value.
func (q *request) once() error {
	twice := func(what string) error {
		return granary.Errorf(granary.Invalid, "%s is given more than once.", what).WithCode("InvalidArgument").With("ArgumentName", what)
	}
	for _, p := range q.query.All() {
		if (slices.Contains(plain, p.Name) || slices.Contains(selectors, p.Name)) && q.query.Count(p.Name) > 1 {
			return twice(p.Name)
		}
	}
	for _, list := range [][]string{aclHeaders, writeHeaders, {"x-amz-copy-source", "x-amz-object-ownership"}} {
		for _, h := range list {
			if len(q.header.Values(h)) > 1 {
				return twice(h)
			}
		}
	}
	return nil
}

// strange refuses a parameter without value that nothing here knows, on requests that change something: it may be a newer
// operation that must not pass for a plain put or delete.
func (q *request) strange(method string) error {
	if method == http.MethodGet || method == http.MethodHead {
		return nil
	}
	for _, p := range q.query.All() {
		if p.Value == "" && !slices.Contains(selectors, p.Name) && !slices.Contains(plain, p.Name) && !strings.HasPrefix(strings.ToLower(p.Name), "x-amz-") {
			return notImplemented("?" + p.Name)
		}
	}
	return nil
}
