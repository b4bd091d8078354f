package gateway

import (
	"context"
	"slices"

	"granary/internal/awsapi"
	"granary/internal/backend"
	"granary/internal/s3req"
)

// job is what an operation works with. An operation changes nothing of it.
type job struct {
	*authority
	ctx context.Context // has a guard: each effect under it asks again whether the request is allowed
	in  awsapi.Inbound
	key []byte // the signing key
}

// store returns the backend of the request's bucket. It fails with Unavailable.
func (j *job) store() (backend.Store, error) { return j.backendOf(j.bucket) }

// The families of operations.
type (
	buckets  struct{ *job }
	settings struct{ *job }
	listings struct{ *job }
	objects  struct{ *job }
	tags     struct{ *job }
	uploads  struct{ *job }
	copies   struct{ *job }
	deletes  struct{ *job }
)

// run runs an operation.
type run func(*job) (*response, error)

// of runs a method of a family.
func of[F ~struct{ *job }](method func(F) (*response, error)) run {
	return func(j *job) (*response, error) { return method(F{j}) }
}

// runs is how each operation of s3req is run, by its name.
var runs = map[string]run{
	"ListBuckets":        of(listings.buckets),
	"ListObjects":        of(listings.objects),
	"ListObjectsV2":      of(listings.objectsV2),
	"ListObjectVersions": of(listings.versions),

	"HeadBucket":         of(buckets.head),
	"CreateBucket":       of(buckets.create),
	"DeleteBucket":       of(buckets.delete),
	"GetBucketLocation":  of(buckets.location),
	"GetBucketPolicy":    of(buckets.getPolicy),
	"PutBucketPolicy":    of(buckets.putPolicy),
	"DeleteBucketPolicy": of(buckets.deletePolicy),

	"GetObject":           of(objects.get),
	"HeadObject":          of(objects.get),
	"GetObjectAttributes": of(objects.attributes),
	"PutObject":           of(objects.put),
	"CopyObject":          of(copies.object),
	"UploadPartCopy":      of(copies.part),
	"DeleteObject":        of(deletes.object),
	"DeleteObjects":       of(deletes.objects),

	"CreateMultipartUpload":   of(uploads.create),
	"UploadPart":              of(uploads.put),
	"CompleteMultipartUpload": of(uploads.complete),
	"AbortMultipartUpload":    of(uploads.abort),
	"ListParts":               of(uploads.listParts),
	"ListMultipartUploads":    of(uploads.list),

	"GetBucketTagging":    of(tags.ofBucket),
	"PutBucketTagging":    of(tags.setBucket),
	"DeleteBucketTagging": of(tags.setBucket),
	"GetObjectTagging":    of(tags.ofObject),
	"PutObjectTagging":    of(tags.putObject),
	"DeleteObjectTagging": of(tags.deleteObject),

	"GetObjectAcl":       of(settings.getObjectACL),
	"PutObjectAcl":       of(settings.putObjectACL),
	"GetObjectRetention": of(settings.noLock),
	"GetObjectLegalHold": of(settings.noLock),
	"PutObjectRetention": of(settings.noLock),
	"PutObjectLegalHold": of(settings.noLock),
}

func init() {
	for name, r := range settingRuns() {
		runs[name] = r
	}
	for _, o := range s3req.Operations() {
		if runs[o.Name] == nil {
			panic("gateway: nothing runs " + o.Name)
		}
	}
}

// WithBodies names the operations that take a body, for tests that walk all of them.
func WithBodies() (names []string) {
	for _, o := range s3req.Operations() {
		if o.Body {
			names = append(names, o.Name)
		}
	}
	slices.Sort(names)
	return names
}
