package s3

import (
	"context"
	"net/http"
	"strconv"

	"granary/internal/backend"
	"granary/internal/sign"
)

type copyResult struct{ ETag, LastModified string }

// source sets where a copy reads, after the check of the object that is there. The store copies the object only while
// it is the one that was checked, where it compares that.
func (s *Store) source(ctx context.Context, c *call, bucket, key string, check func(*backend.Object) error) (
	*backend.Object, error) {
	o, err := s.Stat(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	if check != nil {
		if err := check(o); err != nil {
			return nil, err
		}
	}
	c.set("x-amz-copy-source", "/"+bucket+"/"+sign.Escape(key, true))
	if s.caps.Load().CopySourceIfMatch {
		c.set("x-amz-copy-source-if-match", `"`+o.ETag+`"`)
	}
	return o, nil
}

// Copy has the store make an object of another.
func (s *Store) Copy(ctx context.Context, in *backend.Copy) (*backend.Object, error) {
	if err := s.checkKey(in.Key); err != nil {
		return nil, err
	}
	caps := s.caps.Load()
	c := &call{method: http.MethodPut, bucket: in.Bucket, key: in.Key, patience: slow}
	if err := s.condition(c, in.Conditions, conditions{caps.CopyIfNoneMatch, caps.CopyIfMatch}, "CopyObject"); err != nil {
		return nil, err
	}
	from, err := s.source(ctx, c, in.FromBucket, in.FromKey, in.Check)
	if err != nil {
		return nil, err
	}
	attributes := from.Attributes
	if in.Replace != nil {
		attributes = *in.Replace
		attributes.Tags = nil
		c.set("x-amz-metadata-directive", "REPLACE")
		if err := s.describe(c, &attributes); err != nil {
			return nil, err
		}
	}
	if attributes.Tags = from.Tags; in.Tags != nil {
		if attributes.Tags = *in.Tags; !caps.Tagging && len(*in.Tags) > 0 {
			return nil, unable("object tags")
		}
		if caps.Tagging {
			c.set("x-amz-tagging-directive", "REPLACE")
			c.setIf("x-amz-tagging", encodeTags(*in.Tags))
		}
	}
	var out copyResult
	if err := s.copy(ctx, c, "CopyObjectResult", &out); err != nil {
		return nil, missing(err, in.IfMatch, in.Key)
	}
	attributes.Checksums, attributes.ChecksumType = from.Checksums, from.ChecksumType
	return &backend.Object{Key: in.Key, Size: from.Size, ETag: unquote(out.ETag), Modified: stamp(out.LastModified),
		Attributes: attributes}, nil
}

// copy sends a copy and reads its answer.
func (s *Store) copy(ctx context.Context, c *call, root string, out *copyResult) error {
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return err
	}
	return s.document(resp, root, out, about{bucket: c.bucket, key: c.key})
}

// CopyPart has the store make a part of an object's bytes.
func (s *Store) CopyPart(ctx context.Context, in *backend.CopyPart) (*backend.Part, error) {
	u, err := s.openID(in.Bucket, in.Key, in.ID)
	if err != nil {
		return nil, err
	}
	c := &call{method: http.MethodPut, bucket: in.Bucket, key: in.Key, patience: slow}
	c.ask("partNumber", itoa(in.Number))
	c.ask("uploadId", u.Remote)
	from, err := s.source(ctx, c, in.FromBucket, in.FromKey, in.Check)
	if err != nil {
		return nil, err
	}
	size := from.Size
	if in.Last >= 0 {
		if in.Last >= from.Size {
			return nil, relayed["InvalidRange"]
		}
		size = in.Last - in.First + 1
		c.set("x-amz-copy-source-range", "bytes="+strconv.FormatInt(in.First, 10)+"-"+strconv.FormatInt(in.Last, 10))
	}
	var out copyResult
	if err := s.copy(ctx, c, "CopyPartResult", &out); err != nil {
		return nil, err
	}
	return &backend.Part{Number: in.Number, Size: size, ETag: unquote(out.ETag), Modified: stamp(out.LastModified)}, nil
}
