package gateway

import (
	"encoding/xml"

	"granary/internal/backend"
	"granary/internal/s3req"
)

type copyResult struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	NS           string   `xml:"xmlns,attr"`
	LastModified string
	ETag         string
}

type copyPartResult struct {
	XMLName      xml.Name `xml:"CopyPartResult"`
	NS           string   `xml:"xmlns,attr"`
	LastModified string
	ETag         string
}

// checkSource refuses a source bucket that does not exist, or that is kept in another backend.
func (c copies) checkSource() error {
	if c.source == nil {
		return backend.NoBucket(c.req.Copy.Bucket)
	}
	if c.source.Backend != c.bucket.Backend {
		return s3req.NotImplemented("A copy between two storage backends")
	}
	return nil
}

// check holds the conditions on the source object, in the moment of the copy.
func (c copies) check(o *backend.Object) error {
	from := c.req.Copy
	if err := c.meets(c.source, o); err != nil {
		return err
	}
	if err := c.checkTags(o); err != nil {
		return err
	}
	if from.Algorithm != "" && o.Checksums[from.Algorithm] == "" {
		return s3req.NotImplemented("A checksum of a copy that its source does not have (x-amz-checksum-algorithm)")
	}
	conditions := s3req.Conditions{IfMatch: from.IfMatch, IfNoneMatch: from.IfNoneMatch,
		IfModifiedSince: from.IfModifiedSince, IfUnmodifiedSince: from.IfUnmodifiedSince}
	fresh, err := conditions.Check(o.ETag, o.Modified)
	switch {
	case err != nil:
		return err
	case !fresh:
		return s3req.ErrPrecondition
	case o.Size > s3req.MaxPut:
		return s3req.Invalid("InvalidRequest",
			"The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	return nil
}

// checkTags asks for what a copy of an object with tags needs besides: the tags are read, and written (S3 API,
// "CopyObject").
func (c copies) checkTags(o *backend.Object) error {
	if len(o.Tags) == 0 || c.req.Operation.OfUpload() || c.req.Copy.ReplaceTags {
		return nil
	}
	read := s3req.NeedOfKey("s3:GetObjectTagging", c.source.Name, o.Key)
	read.Source = true
	if err := c.decide(read); err != nil {
		return err
	}
	return c.decide(c.req.Need("s3:PutObjectTagging", nil))
}

func (c copies) object() (*response, error) {
	if err := c.checkSource(); err != nil {
		return nil, err
	}
	from := c.req.Copy
	in := &backend.Copy{FromBucket: c.source.Place(), FromKey: from.Key, Bucket: c.bucket.Place(), Key: c.req.Key,
		Conditions: c.conditions(), Check: c.check, Now: c.Now().UTC()}
	if from.ReplaceMetadata {
		a := c.metadata()
		in.Replace = &a
	} else if c.source.ID == c.bucket.ID && from.Key == c.req.Key {
		return nil, s3req.Invalid("InvalidRequest", "This copy request is illegal because it is trying to copy an object to"+
			" itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if from.ReplaceTags {
		given := c.req.Tags
		in.Tags = &given
	}
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Copy(c.ctx, in)
	if err != nil {
		if in.IfMatch != "" {
			err = c.hide(err) // it may be the destination that does not exist
		}
		return nil, c.hideSource(err)
	}
	return xmlResponse(copyResult{NS: namespace, LastModified: stamp(o.Modified), ETag: quote(o.ETag)})
}

func (c copies) part() (*response, error) {
	if err := c.checkSource(); err != nil {
		return nil, err
	}
	from := c.req.Copy
	s, err := c.store()
	if err != nil {
		return nil, err
	}
	p, err := s.CopyPart(c.ctx, &backend.CopyPart{FromBucket: c.source.Place(), FromKey: from.Key, First: from.First,
		Last: from.Last, Bucket: c.bucket.Place(), Key: c.req.Key, ID: c.req.Upload.ID, Number: c.req.Upload.Part,
		Check: c.check, Now: c.Now().UTC()})
	if err != nil {
		return nil, c.hideSource(err)
	}
	return xmlResponse(copyPartResult{NS: namespace, LastModified: stamp(p.Modified), ETag: quote(p.ETag)})
}
