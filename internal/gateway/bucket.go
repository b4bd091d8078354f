package gateway

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"

	"granary"
	"granary/internal/backend"
	"granary/internal/guard"
	"granary/internal/policy"
	"granary/internal/s3req"
	"granary/internal/store"
)

func (b buckets) head() (*response, error) {
	r := empty(http.StatusOK)
	r.header.Set("X-Amz-Bucket-Region", b.bucket.Region)
	r.header.Set("X-Amz-Access-Point-Alias", "false")
	return r, nil
}

type locationResult struct {
	XMLName xml.Name `xml:"LocationConstraint"`
	NS      string   `xml:"xmlns,attr"`
	Region  string   `xml:",chardata"`
}

// location is empty for us-east-1, for reasons as old as S3.
func (b buckets) location() (*response, error) {
	region := b.bucket.Region
	if region == "us-east-1" {
		region = ""
	}
	return xmlResponse(locationResult{NS: namespace, Region: region})
}

func (b buckets) create() (*response, error) {
	if c := b.doc.Location; c != "" && c != b.Region {
		return nil, granary.Errorf(granary.Invalid, "The %s location constraint is incompatible for the region specific"+
			" endpoint this request was sent to.", c).WithCode("IllegalLocationConstraintException")
	}
	if err := b.checkFree(); err != nil {
		return nil, err
	}
	made := &granary.Bucket{ID: granary.NewBucketID(), Name: b.req.Bucket, Owner: b.caller.Account, Region: b.Region,
		Backend: b.Default, Created: b.Now().UTC(), Tags: b.doc.Tags}
	objects := b.Backends[b.Default]
	if p, ok := objects.(backend.Placer); ok {
		remote, err := p.Place(made.Name)
		if err != nil {
			return nil, err
		}
		made.Remote = remote
	}
	// Nobody can find the bucket in the backend before the registry has it.
	if err := objects.CreateBucket(b.ctx, made.Place()); err != nil {
		return nil, err
	}
	err := b.DB.Update(b.ctx, func(tx *store.Tx) error { return tx.Buckets.Create(made) })
	if err != nil && !granary.Is(err, granary.Unavailable) { // an update that is Unavailable may have been written
		after := guard.Without(context.WithoutCancel(b.ctx))
		_ = objects.DeleteBucket(after, made.Place()) // it is empty, and nobody's
	}
	if granary.Is(err, granary.Exists) {
		return nil, nameTaken(b.req.Bucket)
	}
	if err != nil {
		return nil, err
	}
	r := empty(http.StatusOK)
	r.header.Set("Location", "/"+b.req.Bucket)
	return r, nil
}

// checkFree refuses the name of a bucket that exists.
func (b buckets) checkFree() error {
	switch {
	case b.bucket == nil:
		return nil
	case b.bucket.Owner == b.caller.Account:
		return granary.Errorf(granary.Exists,
			"Your previous request to create the named bucket succeeded and you already own it.").
			WithCode("BucketAlreadyOwnedByYou").With("BucketName", b.req.Bucket)
	}
	return nameTaken(b.req.Bucket)
}

func nameTaken(name string) error {
	return granary.Errorf(granary.Exists, "The requested bucket name is not available. The bucket namespace is shared by"+
		" all users of the system. Please select a different name and try again.").
		WithCode("BucketAlreadyExists").With("BucketName", name)
}

func (b buckets) delete() (*response, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	// A request that was cut off may have left a bucket in the registry that the backend no longer has.
	if err := s.DeleteBucket(b.ctx, b.bucket.Place()); err != nil && !errors.Is(err, backend.ErrNoBucket) {
		return nil, err
	}
	// The commit above decided the bucket's end. It must not stay in the registry when the client goes away now.
	err = b.DB.Update(guard.Without(context.WithoutCancel(b.ctx)), func(tx *store.Tx) error {
		return tx.Buckets.Delete(b.req.Bucket, b.bucket.ID)
	})
	if granary.Is(err, granary.NotFound) {
		err = backend.NoBucket(b.req.Bucket)
	}
	return done(http.StatusNoContent, err)
}

// change changes the bucket in the registry, if it is still the one that the request was decided on. Otherwise it fails
// with ErrNoBucket.
func (j *job) change(fn func(*granary.Bucket)) error {
	err := j.DB.Update(j.ctx, func(tx *store.Tx) error {
		b, err := tx.Buckets.Same(j.req.Bucket, j.bucket.ID)
		if err != nil {
			return err
		}
		fn(b)
		return tx.Buckets.Update(b)
	})
	if granary.Is(err, granary.NotFound) {
		return backend.NoBucket(j.req.Bucket)
	}
	return err
}

// ownPolicy lets an account manage the policies of its own buckets only, whoever else is allowed to.
func (b buckets) ownPolicy() error {
	if b.bucket.Owner != b.caller.Account {
		return s3req.ErrMethod
	}
	return nil
}

func (b buckets) putPolicy() (*response, error) {
	if err := b.ownPolicy(); err != nil {
		return nil, err
	}
	text := string(b.doc.Text)
	p, err := policy.Parse(policy.Bucket, text)
	if err != nil {
		return nil, granary.AsError(err).WithCode("MalformedPolicy")
	}
	if !p.Within(b.req.Bucket) {
		return nil, s3req.Invalid("MalformedPolicy", "Policy has invalid resource")
	}
	return b.setPolicy(text, b.Index.IAM.Bound(p))
}

func (b buckets) setPolicy(text string, bound map[granary.ARN]string) (*response, error) {
	return done(http.StatusNoContent, b.change(func(b *granary.Bucket) { b.Policy, b.Bound = text, bound }))
}

func (b buckets) getPolicy() (*response, error) {
	if err := b.ownPolicy(); err != nil {
		return nil, err
	}
	if b.bucket.Bucket.Policy == "" {
		return missingSetting("NoSuchBucketPolicy", "The bucket policy does not exist")(b.job)
	}
	shown := b.Index.IAM.Shown(b.bucket.Bucket.Policy, b.bucket.Bound)
	h := http.Header{"Content-Type": {"application/json"}}
	return &response{status: http.StatusOK, header: h, body: []byte(shown)}, nil
}

func (b buckets) deletePolicy() (*response, error) {
	if err := b.ownPolicy(); err != nil {
		return nil, err
	}
	return b.setPolicy("", nil)
}
