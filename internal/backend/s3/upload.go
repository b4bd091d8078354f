package s3

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/backend"
)

// uploadID is what the id of an upload carries, sealed: a client cannot take it to another key, and the store's own id
// stays here. What the request that began the upload said of the object is in it, since policies test it on the parts.
type uploadID struct {
	Bucket, Key string
	Remote      string // the store's id
	Created     time.Time
	Algorithm   string            `json:",omitempty"`
	Type        string            `json:",omitempty"`
	Given       map[string]string `json:",omitempty"`
	Tags        []granary.Tag     `json:",omitempty"`
	Listed      bool              `json:",omitempty"` // told by a listing: what began the upload is not known
}

// maxUploadID is the longest id of an upload, in characters.
const maxUploadID = 8 << 10

func (s *Store) sealID(u *uploadID) (string, error) {
	text, err := json.Marshal(u)
	if err != nil {
		return "", err
	}
	id := base64.RawURLEncoding.EncodeToString(s.options.Seal(text))
	if len(id) > maxUploadID {
		return "", invalid("MetadataTooLarge", "The headers and tags of the upload exceed the size that can be kept")
	}
	return id, nil
}

// openID reads the id of an upload of a key. It fails with ErrNoUpload.
func (s *Store) openID(bucket, key, id string) (*uploadID, error) {
	if err := s.checkKey(key); err != nil {
		return nil, err
	}
	if len(id) > maxUploadID {
		return nil, backend.NoUpload()
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil {
		return nil, backend.NoUpload()
	}
	text, err := s.options.Unseal(sealed)
	if err != nil {
		return nil, backend.NoUpload()
	}
	u := &uploadID{}
	if json.Unmarshal(text, u) != nil || u.Bucket != bucket || u.Key != key {
		return nil, backend.NoUpload()
	}
	return u, nil
}

// CreateUpload begins an upload.
func (s *Store) CreateUpload(ctx context.Context, u *backend.Upload) error {
	if err := s.checkKey(u.Key); err != nil {
		return err
	}
	c := &call{method: http.MethodPost, bucket: u.Bucket, key: u.Key}
	c.ask("uploads", "")
	if err := s.describe(c, &u.Attributes); err != nil {
		return err
	}
	if !s.caps.Load().Checksums {
		u.Algorithm, u.ChecksumType = "", "" // the gateway verifies; nothing is told later
	}
	c.setIf("x-amz-checksum-algorithm", u.Algorithm)
	c.setIf("x-amz-checksum-type", u.ChecksumType)
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return err
	}
	var out struct {
		UploadID string `xml:"UploadId"`
	}
	if err := s.document(resp, "InitiateMultipartUploadResult", &out, about{bucket: u.Bucket, key: u.Key}); err != nil {
		return err
	}
	u.ID, err = s.sealID(&uploadID{Bucket: u.Bucket, Key: u.Key, Remote: out.UploadID, Created: u.Created,
		Algorithm: u.Algorithm, Type: u.ChecksumType, Given: u.Given, Tags: u.Tags})
	return err
}

// Upload returns what the id of an upload says. Whether the store still has the upload shows when it is used. It fails
// for an id of a listing, which does not tell what policies may ask.
func (s *Store) Upload(_ context.Context, bucket, key, id string) (*backend.Upload, error) {
	u, err := s.openID(bucket, key, id)
	if err != nil {
		return nil, err
	}
	if u.Listed {
		return nil, unable("policies about uploads whose id comes from a listing")
	}
	return &backend.Upload{Bucket: bucket, Key: key, ID: id, Created: u.Created, Algorithm: u.Algorithm, Given: u.Given,
		Attributes: backend.Attributes{ChecksumType: u.Type, Tags: u.Tags}}, nil
}

// PutPart writes a part.
func (s *Store) PutPart(ctx context.Context, p *backend.PutPart) (*backend.Part, error) {
	id, err := s.openID(p.Bucket, p.Key, p.ID)
	if err != nil {
		return nil, err
	}
	c := &call{method: http.MethodPut, bucket: p.Bucket, key: p.Key}
	c.ask("partNumber", itoa(p.Number))
	c.ask("uploadId", id.Remote)
	u := &upload{ctx: ctx, body: p.Body, size: p.Size, algorithm: p.Algorithm, verified: p.Verified}
	resp, err := s.sendBody(ctx, c, u, true)
	if err != nil {
		return nil, err
	}
	out := &backend.Part{Number: p.Number, Size: p.Size, ETag: unquote(resp.Header.Get("ETag")), Modified: p.Now}
	if s.caps.Load().Checksums {
		out.Checksums = u.sums()
	}
	return out, nil
}

type completePart struct {
	XMLName    xml.Name `xml:"Part"`
	PartNumber int
	ETag       string
	Sums       []sum
}

// sum is an element such as ChecksumCRC32.
type sum struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// Complete has the store make the object of its parts.
func (s *Store) Complete(ctx context.Context, in *backend.Complete) (*backend.Object, error) {
	id, err := s.openID(in.Bucket, in.Key, in.ID)
	if err != nil {
		return nil, err
	}
	c := &call{method: http.MethodPost, bucket: in.Bucket, key: in.Key, patience: slow}
	c.ask("uploadId", id.Remote)
	caps := s.caps.Load()
	if err := s.condition(c, in.Conditions, conditions{caps.CompleteIfNoneMatch, caps.CompleteIfMatch},
		"CompleteMultipartUpload"); err != nil {
		return nil, err
	}
	size, err := s.checkParts(ctx, in, id)
	if err != nil {
		return nil, err
	}
	if err := s.completeDocument(c, in); err != nil {
		return nil, err
	}
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return nil, err
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return nil, missing(err, in.IfMatch, in.Key)
	}
	var out struct {
		ETag string
	}
	if err := s.document(resp, "CompleteMultipartUploadResult", &out, about{bucket: in.Bucket, key: in.Key}); err != nil {
		return nil, err
	}
	return &backend.Object{Key: in.Key, Size: size, ETag: unquote(out.ETag), Modified: in.Now}, nil
}

// completeDocument sets the list of parts, and the checksum of the whole.
func (s *Store) completeDocument(c *call, in *backend.Complete) error {
	able := s.caps.Load().Checksums
	if len(in.Checksums) > 0 && !able {
		return unable("checksums of objects that are made of parts")
	}
	for name, v := range in.Checksums {
		c.set("x-amz-checksum-"+strings.ToLower(name), v)
	}
	if able {
		c.setIf("x-amz-checksum-type", in.ChecksumType)
	}
	var doc struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []completePart
	}
	for _, p := range in.Parts {
		part := completePart{PartNumber: p.Number, ETag: `"` + p.ETag + `"`}
		for name, v := range p.Checksums {
			if able {
				part.Sums = append(part.Sums, sum{xml.Name{Local: "Checksum" + name}, v})
			}
		}
		doc.Parts = append(doc.Parts, part)
	}
	text, err := makeDocument(doc)
	if err == nil {
		c.document(text)
	}
	return err
}

// checkParts compares what the client says of the parts with those that the store has: some stores put them in order,
// or pass over a size that is wrong. It returns the size of the whole.
func (s *Store) checkParts(ctx context.Context, in *backend.Complete, id *uploadID) (size int64, err error) {
	for i := 1; i < len(in.Parts); i++ {
		if in.Parts[i].Number <= in.Parts[i-1].Number {
			return 0, relayed["InvalidPartOrder"]
		}
	}
	have := map[int]backend.Part{}
	for after, more := 0, true; more; {
		var page []backend.Part
		if page, more, err = s.listParts(ctx, in.Bucket, in.Key, id.Remote, after, 1000); err != nil {
			return 0, err
		}
		for _, p := range page {
			have[p.Number] = p
			after = max(after, p.Number)
		}
		if more && len(page) == 0 {
			return 0, failed(errLoop)
		}
	}
	for _, p := range in.Parts {
		found, ok := have[p.Number]
		if !ok || found.ETag != p.ETag {
			return 0, relayed["InvalidPart"]
		}
		size += found.Size
	}
	if in.Size != nil && *in.Size != size {
		return 0, invalid("InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed")
	}
	return size, nil
}

// Abort removes an upload.
func (s *Store) Abort(ctx context.Context, bucket, key, id string) error {
	u, err := s.openID(bucket, key, id)
	if err != nil {
		return err
	}
	// Some stores succeed for an upload that does not exist.
	if _, _, err := s.listParts(ctx, bucket, key, u.Remote, 0, 1); err != nil {
		return err
	}
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	c := &call{method: http.MethodDelete, bucket: bucket, key: key}
	c.ask("uploadId", u.Remote)
	resp, err := s.do(ctx, c)
	return uploadMissing(closeBody(resp, err))
}

// uploadMissing takes "not found" for an upload that does not exist.
func uploadMissing(err error) error {
	if errors.Is(err, backend.ErrNoKey) {
		return backend.NoUpload()
	}
	return err
}

// ListParts returns parts of an upload.
func (s *Store) ListParts(ctx context.Context, bucket, key, id string, after, limit int) ([]backend.Part, bool, error) {
	u, err := s.openID(bucket, key, id)
	if err != nil {
		return nil, false, err
	}
	return s.listParts(ctx, bucket, key, u.Remote, after, limit)
}

func (s *Store) listParts(ctx context.Context, bucket, key, remote string, after, limit int) ([]backend.Part, bool,
	error) {
	c := &call{method: http.MethodGet, bucket: bucket, key: key, repeatable: true}
	c.ask("uploadId", remote)
	c.ask("max-parts", itoa(max(1, min(limit, 1000))))
	if after > 0 {
		c.ask("part-number-marker", itoa(after))
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return nil, false, uploadMissing(err)
	}
	var doc struct {
		IsTruncated bool
		Part        []struct {
			PartNumber   int
			Size         int64
			ETag         string
			LastModified string
		}
	}
	if err := s.document(resp, "ListPartsResult", &doc, about{bucket: bucket, key: key}); err != nil {
		return nil, false, err
	}
	var out []backend.Part
	for _, p := range doc.Part {
		if p.PartNumber > after {
			out = append(out, backend.Part{Number: p.PartNumber, Size: p.Size, ETag: unquote(p.ETag),
				Modified: stamp(p.LastModified)})
		}
	}
	slices.SortFunc(out, func(a, b backend.Part) int { return a.Number - b.Number })
	if len(out) > limit {
		return out[:limit], true, nil
	}
	return out, doc.IsTruncated, nil
}
