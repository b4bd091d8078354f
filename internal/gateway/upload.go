package gateway

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"granary/internal/backend"
	"granary/internal/policy"
)

const (
	maxComplete = 4 << 20 // bytes of the document
	maxParts    = 10000
)

// parseXML reads a document. Declarations of types and entities are refused.
func parseXML(text []byte, v any) error {
	if bytes.Contains(text, []byte("<!DOCTYPE")) || bytes.Contains(text, []byte("<!ENTITY")) {
		return errMalformed
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(v); err != nil {
		return errMalformed
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errMalformed
	}
	return nil
}

type createUploadResult struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

func (q *request) createUpload() (*response, error) {
	a, err := q.attributes()
	if err != nil {
		return nil, err
	}
	u := &backend.Upload{Bucket: remote(q.bucket), Key: q.key, Created: q.Now().UTC(), Attributes: a, Algorithm: strings.ToUpper(q.header.Get("X-Amz-Checksum-Algorithm"))}
	if u.Algorithm != "" && !slices.Contains(algorithms, u.Algorithm) {
		return nil, badRequest("InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	u.ChecksumType = strings.ToUpper(q.header.Get("X-Amz-Checksum-Type"))
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	if err := s.CreateUpload(q.ctx, u); err != nil {
		return nil, err
	}
	r, err := xmlResponse(createUploadResult{NS: namespace, Bucket: q.name, Key: q.key, UploadID: u.ID})
	if err == nil && u.Algorithm != "" {
		r.header.Set("X-Amz-Checksum-Algorithm", u.Algorithm)
		if u.ChecksumType != "" {
			r.header.Set("X-Amz-Checksum-Type", u.ChecksumType)
		}
	}
	return r, err
}

func (q *request) partNumber() (int, error) {
	n, err := strconv.Atoi(q.query.Get("partNumber"))
	if err != nil || n < 1 || n > maxParts {
		return 0, badRequest("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

func (q *request) uploadPart() (*response, error) {
	n, err := q.partNumber()
	if err != nil {
		return nil, err
	}
	b, err := q.newBody()
	if err != nil {
		return nil, err
	}
	if b.size > maxPut {
		return nil, badRequest("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	p, err := s.PutPart(q.ctx, &backend.PutPart{Bucket: remote(q.bucket), Key: q.key, ID: q.query.Get("uploadId"), Number: n, Body: b, Size: b.size,
		Verified: b.checksums, Now: q.Now().UTC()})
	if err != nil {
		return nil, err
	}
	r := empty(http.StatusOK)
	r.header.Set("Etag", quote(p.ETag))
	sumHeaders(r.header, p.Checksums, "")
	return r, nil
}

type completeRequest struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Part    []struct {
		PartNumber        int
		ETag              string
		ChecksumCRC32     string
		ChecksumCRC32C    string
		ChecksumCRC64NVME string
		ChecksumSHA1      string
		ChecksumSHA256    string
	}
}

type completeResult struct {
	XMLName  xml.Name `xml:"CompleteMultipartUploadResult"`
	NS       string   `xml:"xmlns,attr"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

func (q *request) completeUpload() (*response, error) {
	text, err := q.completeBody()
	if err != nil {
		return nil, err
	}
	var in completeRequest
	if err := parseXML(text, &in); err != nil || len(in.Part) == 0 || len(in.Part) > maxParts {
		return nil, errMalformed
	}
	c := &backend.Complete{Bucket: remote(q.bucket), Key: q.key, ID: q.query.Get("uploadId"), Now: q.Now().UTC()}
	if c.Conditions, err = q.conditions(); err != nil {
		return nil, err
	}
	for _, p := range in.Part {
		part := backend.CompletePart{Number: p.PartNumber, ETag: unquote(p.ETag), Checksums: map[string]string{}}
		for a, v := range map[string]string{"CRC32": p.ChecksumCRC32, "CRC32C": p.ChecksumCRC32C, "CRC64NVME": p.ChecksumCRC64NVME, "SHA1": p.ChecksumSHA1, "SHA256": p.ChecksumSHA256} {
			if v != "" {
				part.Checksums[a] = v
			}
		}
		c.Parts = append(c.Parts, part)
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Complete(q.ctx, c)
	if err != nil {
		return nil, err
	}
	return xmlResponse(completeResult{NS: namespace, Location: "http://" + q.http.Host + "/" + q.name + "/" + encodeKey(q.key), Bucket: q.name, Key: q.key, ETag: quote(o.ETag)})
}

// completeBody reads the list of parts. The checksum headers of this request are about the object and not about the
// document, so that only the payload hash is verified.
func (q *request) completeBody() ([]byte, error) {
	h := q.header
	q.header = h.Clone()
	for name := range q.header {
		if strings.HasPrefix(name, "X-Amz-Checksum-") || name == "X-Amz-Sdk-Checksum-Algorithm" {
			q.header.Del(name)
		}
	}
	text, err := q.small(maxComplete)
	q.header = h
	return text, err
}

func (q *request) abortUpload() (*response, error) {
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	if err := s.Abort(q.ctx, remote(q.bucket), q.key, q.query.Get("uploadId")); err != nil {
		return nil, err
	}
	return empty(http.StatusNoContent), nil
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

func (q *request) listParts() (*response, error) {
	after, limit := 0, 1000
	for name, v := range map[string]*int{"part-number-marker": &after, "max-parts": &limit} {
		if text := q.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return nil, badRequest("InvalidArgument", "Provided "+name+" not an integer or within integer range")
			}
			*v = n
		}
	}
	limit = min(limit, 1000)
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	parts, more, err := s.ListParts(q.ctx, remote(q.bucket), q.key, q.query.Get("uploadId"), after, limit)
	if err != nil {
		return nil, err
	}
	who := &owner{ID: policy.CanonicalID(q.bucket.Owner)}
	out := partsResult{NS: namespace, Bucket: q.name, Key: q.key, UploadID: q.query.Get("uploadId"), Initiator: who, Owner: who, StorageClass: "STANDARD",
		PartNumberMarker: after, MaxParts: limit, IsTruncated: more}
	for _, p := range parts {
		out.Part = append(out.Part, listedPart{p.Number, stamp(p.Modified), quote(p.ETag), p.Size})
		out.NextPartNumberMarker = p.Number
	}
	if q.query.Get("encoding-type") == "url" {
		out.Key = encodeKey(q.key)
	}
	return xmlResponse(out)
}
