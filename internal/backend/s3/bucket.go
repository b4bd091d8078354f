package s3

import (
	"context"
	"net/http"

	"granary"
	"granary/internal/backend"
)

func errBucketExists(bucket string) error {
	return granary.Errorf(granary.Exists, "The storage has a bucket of this name already. Choose another name.").
		WithCode("BucketAlreadyExists").With("BucketName", bucket)
}

// CreateBucket makes a bucket. A bucket that exists in the store is not this gateway's to take: it is attached.
func (s *Store) CreateBucket(ctx context.Context, bucket string) error {
	resp, err := s.send(ctx, &call{method: http.MethodHead, bucket: bucket, repeatable: true})
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.Status != http.StatusNotFound {
		return errBucketExists(bucket)
	}
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	c := &call{method: http.MethodPut, bucket: bucket}
	if s.options.Region != "us-east-1" && s.options.Region != "auto" {
		text, err := makeDocument(struct {
			XMLName  struct{} `xml:"CreateBucketConfiguration"`
			Location string   `xml:"LocationConstraint"`
		}{Location: s.options.Region})
		if err != nil {
			return err
		}
		c.document(text)
	}
	if resp, err = s.send(ctx, c); err != nil {
		return err
	}
	if resp.Status/100 == 2 {
		return resp.Body.Close()
	}
	refused := refusedBy(resp)
	if refused.Status == http.StatusConflict {
		return errBucketExists(bucket)
	}
	return s.translate(refused, about{bucket: bucket})
}

// DeleteBucket removes an empty bucket.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	resp, err := s.send(ctx, &call{method: http.MethodDelete, bucket: bucket, repeatable: true})
	if err != nil {
		return err
	}
	if resp.Status/100 == 2 {
		return resp.Body.Close()
	}
	refused := refusedBy(resp)
	if refused.Status == http.StatusNotFound {
		return backend.NoBucket(bucket)
	}
	return s.translate(refused, about{bucket: bucket})
}
