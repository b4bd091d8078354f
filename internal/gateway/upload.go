package gateway

import (
	"encoding/xml"
	"net/http"

	"granary/internal/backend"
	"granary/internal/policy"
	"granary/internal/s3req"
)

type createUploadResult struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

func (u uploads) create() (*response, error) {
	asked := u.req.Upload
	s, err := u.store()
	if err != nil {
		return nil, err
	}
	made := &backend.Upload{Bucket: u.bucket.Place(), Key: u.req.Key, Created: u.Now().UTC(), Attributes: u.metadata(),
		Given: asked.Given, Algorithm: asked.Algorithm}
	made.ChecksumType = asked.ChecksumType
	if err := s.CreateUpload(u.ctx, made); err != nil {
		return nil, err
	}
	r, err := xmlResponse(createUploadResult{NS: namespace, Bucket: u.req.Bucket, Key: u.req.Key, UploadID: made.ID})
	if err == nil && made.Algorithm != "" {
		r.header.Set("X-Amz-Checksum-Algorithm", made.Algorithm)
		if made.ChecksumType != "" {
			r.header.Set("X-Amz-Checksum-Type", made.ChecksumType)
		}
	}
	return r, err
}

func (u uploads) put() (*response, error) {
	b, s, err := u.upload()
	if err != nil {
		return nil, err
	}
	p, err := s.PutPart(u.ctx, &backend.PutPart{Bucket: u.bucket.Place(), Key: u.req.Key, ID: u.req.Upload.ID,
		Number: u.req.Upload.Part, Body: b, Size: b.declared.Size,
		Algorithm: b.declared.Algorithm, Verified: b.checksums, Now: u.Now().UTC()})
	if err != nil {
		return nil, err
	}
	return uploaded(p.ETag, p.Checksums, ""), nil
}

type completeResult struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

func (u uploads) complete() (*response, error) {
	doc, err := u.doc.Complete()
	if err != nil {
		return nil, err
	}
	w := u.req.Whole
	c := &backend.Complete{Bucket: u.bucket.Place(), Key: u.req.Key, ID: u.req.Upload.ID, Conditions: u.conditions(),
		ChecksumType: w.ChecksumType, Size: w.Size, Now: u.Now().UTC()}
	if w.Algorithm != "" {
		c.Checksums = map[string]string{w.Algorithm: w.Sum}
	}
	for _, p := range doc.Part {
		c.Parts = append(c.Parts, backend.CompletePart{Number: p.PartNumber, ETag: s3req.Unquote(p.ETag),
			Checksums: p.Checksums()})
	}
	s, err := u.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Complete(u.ctx, c)
	if err != nil {
		return nil, u.hide(err)
	}
	at := "http://" + u.in.HTTP.Host + "/" + u.req.Bucket + "/" + s3req.EncodeKey(u.req.Key)
	return xmlResponse(completeResult{NS: namespace, Location: at, Bucket: u.req.Bucket, Key: u.req.Key,
		ETag: quote(o.ETag)})
}

func (u uploads) abort() (*response, error) {
	s, err := u.store()
	if err != nil {
		return nil, err
	}
	return done(http.StatusNoContent, s.Abort(u.ctx, u.bucket.Place(), u.req.Key, u.req.Upload.ID))
}

type listedPart struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
}

type partsResult struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	NS                   string   `xml:"xmlns,attr"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	Initiator, Owner     *owner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	Part                 []listedPart
}

func (u uploads) listParts() (*response, error) {
	page, id := u.req.Parts, u.req.Upload.ID
	s, err := u.store()
	if err != nil {
		return nil, err
	}
	parts, more, err := s.ListParts(u.ctx, u.bucket.Place(), u.req.Key, id, page.After, page.Limit)
	if err != nil {
		return nil, err
	}
	who := &owner{ID: policy.CanonicalID(u.bucket.Owner)}
	out := partsResult{NS: namespace, Bucket: u.req.Bucket, Key: u.req.Listing.Encode(u.req.Key), UploadID: id,
		Initiator: who, Owner: who, StorageClass: "STANDARD", PartNumberMarker: page.After, MaxParts: page.Limit,
		IsTruncated: more}
	for _, p := range parts {
		out.Part = append(out.Part, listedPart{p.Number, stamp(p.Modified), quote(p.ETag), p.Size})
		out.NextPartNumberMarker = p.Number
	}
	return xmlResponse(out)
}
