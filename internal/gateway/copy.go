package gateway

import (
	"encoding/xml"
	"strconv"
	"strings"

	"granary"
	"granary/internal/backend"
	"granary/internal/index"
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

// source finds the bucket a copy reads from. Both must be in one backend.
func (q *request) source() (b *index.Bucket, key string, err error) {
	name, key, err := q.copySource()
	if err != nil {
		return nil, "", err
	}
	b, ok := q.Index.Bucket(name)
	if !ok {
		return nil, "", granary.Errorf(granary.NotFound, "The specified bucket does not exist").WithCode("NoSuchBucket").With("BucketName", name)
	}
	if b.Backend != q.bucket.Backend {
		return nil, "", notImplemented("A copy between two storage backends")
	}
	return b, key, nil
}

// sourceCheck holds the conditions on the source.
func (q *request) sourceCheck(o *backend.Object) error {
	h := q.header
	fresh, err := conditional(o, h.Get("X-Amz-Copy-Source-If-Match"), h.Get("X-Amz-Copy-Source-If-None-Match"),
		h.Get("X-Amz-Copy-Source-If-Modified-Since"), h.Get("X-Amz-Copy-Source-If-Unmodified-Since"))
	if err == nil && !fresh {
		err = errPrecondition
	}
	if err == nil && o.Size > maxPut {
		err = badRequest("InvalidRequest", "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	return err
}

func (q *request) copyObject() (*response, error) {
	from, key, err := q.source()
	if err != nil {
		return nil, err
	}
	c := &backend.Copy{FromBucket: remote(from), FromKey: key, Bucket: remote(q.bucket), Key: q.key, Check: q.sourceCheck, Now: q.Now().UTC()}
	if c.Conditions, err = q.conditions(); err != nil {
		return nil, err
	}
	switch d := q.header.Get("X-Amz-Metadata-Directive"); d {
	case "", "COPY":
		if from.Name == q.name && key == q.key {
			return nil, badRequest("InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
		if err := q.acl(); err != nil {
			return nil, err
		}
	case "REPLACE":
		a, err := q.attributes()
		if err != nil {
			return nil, err
		}
		c.Replace = &a
	default:
		return nil, badRequest("InvalidArgument", "Unknown metadata directive.")
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Copy(q.ctx, c)
	if err != nil {
		return nil, err
	}
	return xmlResponse(copyResult{NS: namespace, LastModified: stamp(o.Modified), ETag: quote(o.ETag)})
}

func (q *request) uploadPartCopy() (*response, error) {
	from, key, err := q.source()
	if err != nil {
		return nil, err
	}
	n, err := q.partNumber()
	if err != nil {
		return nil, err
	}
	c := &backend.CopyPart{FromBucket: remote(from), FromKey: key, Last: -1, Bucket: remote(q.bucket), Key: q.key, ID: q.query.Get("uploadId"), Number: n,
		Check: q.sourceCheck, Now: q.Now().UTC()}
	if text := q.header.Get("X-Amz-Copy-Source-Range"); text != "" {
		spec, ok := strings.CutPrefix(text, "bytes=")
		first, last, ok2 := strings.Cut(spec, "-")
		a, err1 := strconv.ParseInt(first, 10, 64)
		z, err2 := strconv.ParseInt(last, 10, 64)
		if !ok || !ok2 || err1 != nil || err2 != nil || z < a {
			return nil, badRequest("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
		}
		c.First, c.Last = a, z
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	p, err := s.CopyPart(q.ctx, c)
	if err != nil {
		return nil, err
	}
	return xmlResponse(copyPartResult{NS: namespace, LastModified: stamp(p.Modified), ETag: quote(p.ETag)})
}
